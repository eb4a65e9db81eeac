"""Zones: made, looked up, listed, changed, deleted."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass

from portico_server.dns import domains, errors
from portico_server.dns.auditing import events
from portico_server.dns.judging import Change
from portico_server.dns.model import Zone
from portico_server.dns.names import account_of, zone_name
from portico_server.dns.store import records
from portico_server.dns.store import zones as store
from portico_server.platform.audit import audit
from portico_server.platform.authorization import Filter
from portico_server.platform.database import Batch, Database, GuardFailed, Statement
from portico_server.platform.ids import Ids
from portico_server.platform.telemetry.spans import span

_TOKEN_BYTES = 20
_SAYS = "portico-verify="

Also = Callable[[Zone], list[Statement]]
"""Further statements for the batch, given the zone that it will have made."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an update changes; None leaves a field as it is."""

    paused: bool | None = None
    display_name: str | None = None
    description: str | None = None


class Zones:
    """The zones of all accounts."""

    def __init__(self, database: Database, ids: Ids, most_an_account: int) -> None:
        self._database = database
        self._ids = ids
        self._most = most_an_account

    async def create(self, parent: str, domain: str, wanted: Wanted, also: Also = lambda _: []) -> Zone:
        """Raises InvalidField, ZoneAlreadyExists, TooManyZones."""
        domain = domains.zone_domain(domain, "zone_id")
        etag, now_us = self._ids.mint()
        zone = Zone(
            name=zone_name(parent, domain),
            domain=domain,
            created_at_us=now_us,
            updated_at_us=now_us,
            etag=etag,
            display_name=wanted.display_name or "",
            description=wanted.description or "",
            paused=int(bool(wanted.paused)),
            verified_at_us=0,
            verified_by=0,
            token=new_token(),
            serial=now_us // 1_000_000,
            records=0,
        )
        event = audit("dns.zone.create", zone.name, now_us, after=told(zone))
        statements = [*also(zone), store.insert(zone), store.at_most(parent, self._most), event]
        locks = [store.account_lock(parent), store.domain_lock(domain)]
        try:
            with span("dns.store.change", step="store"):
                await self._database.batch(Batch(statements, locks))
        except GuardFailed as failed:
            if failed.reason == store.ZONE_EXISTS:
                raise errors.ZoneAlreadyExists(f"there is a zone {zone.name} already", resource=zone.name) from None
            if failed.reason == store.TOO_MANY_ZONES:
                raise errors.TooManyZones(
                    f"{parent} has {self._most} zones, as many as it may; delete one, or raise dns_zones",
                    resource=parent,
                ) from None
            raise
        return zone

    async def get(self, name: str) -> Zone:
        """Raises ZoneNotFound."""
        with span("dns.store.get", step="store"):
            zone = await store.get(self._database, name)
        if zone is None:
            raise errors.ZoneNotFound(f"there is no zone {name}", resource=name)
        return zone

    async def list(self, parent: str, prefix: str, cursor: str, limit: int, shown: Filter) -> tuple[list[Zone], str]:
        """The zones of an account behind the cursor, by name, and the next cursor: a zone's name, "" at the end."""
        with span("dns.store.list", step="store"):
            found = await store.visible_in(self._database, zone_name(parent, prefix), cursor, shown, limit + 1)
        return found[:limit], found[limit - 1].name if len(found) > limit else ""

    async def update(self, name: str, wanted: Wanted, etag: str) -> Zone:
        """With an `etag` only in that state of the zone. Raises ZoneNotFound, Changed."""
        while True:
            zone = await self.get(name)
            check_etag(zone.name, zone.etag, etag)
            changed = zone._replace(
                paused=zone.paused if wanted.paused is None else int(wanted.paused),
                display_name=zone.display_name if wanted.display_name is None else wanted.display_name,
                description=zone.description if wanted.description is None else wanted.description,
            )
            if changed == zone:
                return zone
            new_etag, now_us = self._ids.mint()
            changed = changed._replace(etag=new_etag, updated_at_us=now_us)
            event = audit("dns.zone.update", name, now_us, before=told(zone), after=told(changed))
            try:
                with span("dns.store.change", step="store"):
                    await self._database.batch(Batch([store.update(zone.etag, changed), event]))
            except GuardFailed as failed:
                if failed.reason != store.ZONE_CHANGED:
                    raise
            else:
                return changed._replace(serial=zone.serial)

    async def delete(self, name: str, etag: str, *, force: bool) -> None:
        """With `force` with its records. Raises ZoneNotFound, Changed, ZoneNotEmpty."""
        while True:
            zone = await self.get(name)
            check_etag(zone.name, zone.etag, etag)
            if zone.records and not force:
                raise errors.ZoneNotEmpty(
                    f"{name} has {zone.records} records; delete them first, or set force", resource=name
                )
            now_us = self._ids.mint()[1]
            told_of = await _told_of_records(self._database, zone, now_us)
            event = audit("dns.zone.delete", name, now_us, before=told(zone), records=zone.records)
            batch = Batch([*store.delete(zone), *told_of, event], [store.account_lock(account_of(name))])
            try:
                with span("dns.store.change", step="store"):
                    await self._database.batch(batch)
            except GuardFailed as failed:
                if failed.reason != store.ZONE_CHANGED:
                    raise
            else:
                return


async def _told_of_records(database: Database, zone: Zone, now_us: int) -> list[Statement]:
    """Events of the records that go with a zone: of as many as it may have. Its serial guards that they are all."""
    gone = await records.of_zone(database, zone.name) if zone.records else []
    return await events(zone, [Change(record, None) for record in gone], now_us, "dns.zone.delete") if gone else []


def new_token() -> str:
    """What the TXT record of a challenge must say; nobody can guess it."""
    return _SAYS + secrets.token_hex(_TOKEN_BYTES)


def check_etag(name: str, current: str, wanted: str) -> None:
    """Raises Changed where the caller means another state of it."""
    if wanted and wanted != current:
        raise errors.Changed(f"{name} has changed since you read it; read it again", resource=name, etag=current)


def told(zone: Zone) -> dict[str, str | bool]:
    """The zone as an audit event has it."""
    return {
        "state": zone.state.name.lower(),
        "paused": bool(zone.paused),
        "display_name": zone.display_name,
        "description": zone.description,
        "etag": zone.etag,
    }
