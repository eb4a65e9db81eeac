"""Records: looked up, listed, and changed, whole batches at once."""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from portico_server.dns import errors
from portico_server.dns.auditing import events
from portico_server.dns.judging import Change, judge
from portico_server.dns.model import Record, Zone
from portico_server.dns.store import records as store
from portico_server.dns.store import zones as zone_store
from portico_server.dns.zones import Zones
from portico_server.platform.authorization import Filter
from portico_server.platform.database import Batch, Database, GuardFailed, Statement
from portico_server.platform.ids import Ids
from portico_server.platform.telemetry.spans import span

_TRIES = 50
"""Of one change; processes that share the database may come first each time, but not for ever."""


@dataclass(frozen=True, slots=True)
class Planned:
    """What is to be done to a zone's records, and the statements that remember the answer."""

    changes: Sequence[Change]
    also: Sequence[Statement] = ()


Plan = Callable[[Zone], Awaitable[Planned]]
"""Looks at the zone's records and says what to do. May be asked again, when others came first."""


class Records:
    """The records of all zones."""

    def __init__(self, database: Database, zones: Zones, ids: Ids, most_a_zone: int) -> None:
        self._database = database
        self._zones = zones
        self._ids = ids
        self._most = most_a_zone
        self._turns: weakref.WeakValueDictionary[str, asyncio.Lock] = weakref.WeakValueDictionary()

    async def get(self, name: str) -> Record:
        """Raises RecordNotFound."""
        with span("dns.store.get", step="store"):
            record = await store.get(self._database, name)
        if record is None:
            raise missing(name)
        return record

    async def list(
        self, zone: str, kind: int, place: str, cursor: tuple[str, int, str], limit: int, shown: Filter
    ) -> tuple[list[Record], bool]:
        """The zone's records behind the cursor in the order of place, type and name, and whether more follow.

        Raises ZoneNotFound, but not for who may see nothing of the zone.
        """
        with span("dns.store.list", step="store"):
            found = await store.visible_in(self._database, zone, cursor, kind, place, shown, limit + 1)
        if not found and (shown.everything or shown.allow):
            await self._zones.get(zone)
        return found[:limit], len(found) > limit

    async def change(self, zone_name: str, plan: Plan) -> None:
        """Carries out a plan, whole or not at all.

        Raises ZoneNotFound, TooManyRecords, RecordAlreadyExists, CnameNotAlone, Contention, and what the plan raises.
        """
        turn = self._turns.setdefault(zone_name, asyncio.Lock())
        async with turn:  # among callers of this process; the guard of the zone's serial is what counts
            for _ in range(_TRIES):
                zone = await self._zones.get(zone_name)
                planned = await plan(zone)
                if await self._applied(zone, planned):
                    return
        raise errors.Contention(f"others changed {zone_name} each time; try again", resource=zone_name)

    async def check(self, zone: Zone, changes: Sequence[Change]) -> None:
        """Raises what `change` would, and changes nothing."""
        places = sorted({record.place for change in changes if (record := change.after) is not None})
        existing = await store.at(self._database, zone.name, places)
        await judge(zone, existing, changes, self._most)

    async def _applied(self, zone: Zone, planned: Planned) -> bool:
        """Whether it was done; not where the zone's records have changed since it was read."""
        changes = [change for change in planned.changes if change.before != change.after]
        if not changes:
            if planned.also:
                await self._database.batch(Batch(list(planned.also)))
            return True
        await self.check(zone, changes)
        deleted = [change.before for change in changes if change.before and not change.after]
        created = [change.after for change in changes if change.after and not change.before]
        updates = [(change.before, change.after) for change in changes if change.before and change.after]
        told = await events(zone, changes, self._ids.mint()[1])
        statements = [
            *planned.also,
            zone_store.advance(zone, zone.records + len(created) - len(deleted)),
            *(store.delete(record) for record in deleted),
            *(store.update(before, after) for before, after in updates),
            *store.insert(created),
            *told,
        ]
        try:
            with span("dns.store.change", step="store"):
                await self._database.batch(Batch(statements))
        except GuardFailed as failed:
            if failed.reason in (zone_store.ZONE_CHANGED, store.NOT_AS_READ):
                return False
            raise
        return True


def missing(name: str) -> errors.RecordNotFound:
    return errors.RecordNotFound(f"there is no record {name}", resource=name)
