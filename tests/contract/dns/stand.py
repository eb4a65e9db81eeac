"""The DNS product on its own: its servicers called as the host calls them, without network and gateway."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from portico.dns.v1 import records_pb2, zones_pb2
from portico_server.dns import PRODUCT
from portico_server.dns.record_service import RecordService
from portico_server.dns.zone_service import ZoneService
from portico_server.platform import call
from portico_server.platform.authorization import Filter, Principal
from portico_server.platform.database import ANY, Batch, Database, Statement
from portico_server.platform.database.opening import LocalDatabases
from portico_server.platform.methods import Method
from portico_server.platform.paging import PageTokens
from portico_server.platform.product import Platform, Running
from portico_server.platform.settings import Settings
from tests.contract.objects.stand import MovingClock

ACCOUNT, OTHER = "accounts/default", "accounts/other"
DOMAIN = "example.com"
ZONE = f"{ACCOUNT}/zones/{DOMAIN}"
ALL = frozenset({"dns.record.create", "dns.record.update", "dns.record.delete"})
EVERYTHING = Filter(everything=True)


@dataclass(frozen=True)
class _Holding:
    """An Authorizer that answers every list the same."""

    held: Filter

    def allows(self, principal: Principal, permission: str, resource: str) -> bool:
        return self.held.shows(resource)

    def filter(self, principal: Principal, permission: str, parent: str) -> Filter:
        return self.held


@dataclass
class Stand:
    """A running product. Its methods make requests with those rights, and raise what the servicers raise."""

    database: Database
    clock: MovingClock
    running: Running
    zones: ZoneService
    records: RecordService
    filter: Filter = EVERYTHING
    below: Filter = EVERYTHING
    """On which records of a zone each permission is held."""
    held: frozenset[str] = ALL
    principal: str = field(default=f"{ACCOUNT}/principals/tester")

    def enter(self, method: str) -> None:
        """Makes a call of this method the current one, as the host does."""
        made = call.Call(
            Method(f"/portico.dns.v1.{method}", False, False),
            context=None,  # type: ignore[arg-type]
            headers={},
            first_message=None,  # type: ignore[arg-type]
            arrival_time_ns=0,
            arrival_ns=0,
            principal=Principal(self.principal, "default"),
            held=self.held,
            filter=self.filter,
            authorizer=_Holding(self.below),
        )
        call.current.set(made)

    async def zone(self, method: str, /, **request: Any) -> Any:
        self.enter(f"ZoneService/{method}")
        return await getattr(self.zones, method)(getattr(zones_pb2, f"{method}Request")(**request), None)

    async def record(self, method: str, /, **request: Any) -> Any:
        self.enter(f"RecordService/{method}")
        return await getattr(self.records, method)(getattr(records_pb2, f"{method}Request")(**request), None)

    async def create_zone(self, domain: str = DOMAIN, account: str = ACCOUNT, **request: Any) -> zones_pb2.Zone:
        zone: zones_pb2.Zone = (await self.zone("CreateZone", parent=account, zone_id=domain, **request)).zone
        return zone

    async def get_zone(self, name: str = ZONE) -> zones_pb2.Zone:
        zone: zones_pb2.Zone = (await self.zone("GetZone", name=name)).zone
        return zone

    async def verify(self, name: str = ZONE, method: int = 0) -> zones_pb2.Zone:
        zone: zones_pb2.Zone = (await self.zone("VerifyZone", name=name, method=method)).zone
        return zone

    async def create(self, zone: str = ZONE, request_id: str = "", **record: Any) -> records_pb2.Record:
        response = await self.record("CreateRecord", parent=zone, record=record, request_id=request_id)
        made: records_pb2.Record = response.record
        return made

    async def get(self, name: str) -> records_pb2.Record:
        found: records_pb2.Record = (await self.record("GetRecord", name=name)).record
        return found

    async def update(self, name: str, paths: Sequence[str] = (), **record: Any) -> records_pb2.Record:
        request = {"record": {"name": name, **record}, "update_mask": {"paths": paths}}
        changed: records_pb2.Record = (await self.record("UpdateRecord", **request)).record
        return changed

    async def list(self, zone: str = ZONE, **request: Any) -> list[records_pb2.Record]:
        return list((await self.record("ListRecords", parent=zone, **request)).records)

    async def delete(self, name: str, etag: str = "") -> None:
        await self.record("DeleteRecord", name=name, etag=etag)

    async def clear(self) -> None:
        """Forgets everything."""
        tables = ("zone", "record", "platform_outbox", "platform_request")
        await self.database.batch(Batch([Statement(f"DELETE FROM {table}", (), ANY) for table in tables]))
        self.filter, self.below, self.held = EVERYTHING, EVERYTHING, ALL


@asynccontextmanager
async def standing(settings: Settings) -> AsyncIterator[Stand]:
    """The product, running on the database that the settings name."""
    databases, clock = LocalDatabases(settings), MovingClock()
    platform = Platform(settings, clock, random.SystemRandom(), PageTokens(b"k" * 32), databases, no_blobs)
    async with PRODUCT.run(platform) as running:
        database = running.jobs[0].database
        zones, records = (servicer for _, servicer in running.servicers)
        yield Stand(database, clock, running, zones, records)
    await databases.close()


async def no_blobs(product: str) -> Any:
    raise AssertionError("the product keeps no bytes")
