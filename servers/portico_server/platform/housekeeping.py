"""The jobs that every product's database needs for the platform's own tables."""

from __future__ import annotations

from portico_server.platform.clock import Clock
from portico_server.platform.database import Database
from portico_server.platform.leases import Leases
from portico_server.platform.outbox import LOOK_SECONDS, Outbox
from portico_server.platform.product import Job
from portico_server.platform.requests import forget_expired

_FORGET_SECONDS = 600.0


def housekeeping(product: str, database: Database, clock: Clock) -> list[Job]:
    """For `Running.jobs`."""

    async def forget_requests() -> None:
        await forget_expired(database, clock)

    async def look_at_outbox() -> None:
        await Outbox(database).look(product)

    return [
        Job(f"{product}.outbox.look", LOOK_SECONDS, look_at_outbox, database),
        Job(f"{product}.requests.forget", _FORGET_SECONDS, forget_requests, database),
        Job(f"{product}.leases.forget", _FORGET_SECONDS, Leases(database, clock).forget_expired, database),
    ]
