"""Revocation as the gateway opens it: the log of this machine and, with PostgreSQL, the table of all nodes."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from importlib import resources

import structlog

from portico_server.gateway.revocation_log import FILE, Revocation, RevocationLog
from portico_server.gateway.revocation_nodes import SharedRevocations
from portico_server.gateway.revocations import Add
from portico_server.platform.database import DatabaseError
from portico_server.platform.product import Databases
from portico_server.platform.settings import Settings
from portico_server.platform.shared_words import SharedWords

PRUNING_SECONDS = 3600.0

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Revocations:
    """`log` says what is revoked, `add` revokes. `age_seconds` answers how old the knowledge of other nodes is."""

    log: RevocationLog
    add: Add
    age_seconds: Callable[[], float]


@contextlib.asynccontextmanager
async def open_revocations(
    settings: Settings, words: SharedWords, databases: Databases | None
) -> AsyncIterator[Revocations]:
    """Opens the log in the keys' folder, and keeps it up to date. Raises OSError, ValueError, DatabaseError."""
    log = RevocationLog(settings.data / "keys" / FILE, words)
    shared: SharedRevocations | None = None
    if databases is not None and settings.database != "sqlite":
        database = await databases.open("gateway", resources.files("portico_server.gateway") / "migrations")
        shared = SharedRevocations(database, log)
        await shared.read()  # before the first call: this node may have been away
    tasks = [asyncio.create_task(_prune(log, shared))]
    if shared is not None:
        tasks.append(asyncio.create_task(shared.follow()))
    try:
        yield Revocations(
            log,
            shared.add if shared is not None else lambda revocation: _add(log, revocation),
            lambda: time.monotonic() - shared.fresh_at if shared is not None else 0.0,
        )
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _add(log: RevocationLog, revocation: Revocation) -> Revocation:
    return (await asyncio.to_thread(log.add, revocation))[0]


async def _prune(log: RevocationLog, shared: SharedRevocations | None) -> None:
    while True:
        await asyncio.sleep(PRUNING_SECONDS)
        try:
            await asyncio.to_thread(log.prune)
            if shared is not None:
                await shared.prune()
        except (OSError, ValueError, DatabaseError) as error:
            _log.error("revocations_not_pruned", error=str(error))
