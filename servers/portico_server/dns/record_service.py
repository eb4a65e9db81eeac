"""RecordService: contract in, domain call, contract out."""

from __future__ import annotations

import json
from typing import Any

from portico.dns.v1 import records_pb2, records_pb2_grpc
from portico_server.dns import domains, drafts
from portico_server.dns.errors import InvalidField
from portico_server.dns.importing import Importing
from portico_server.dns.judging import Change
from portico_server.dns.messages import record_message, record_messages
from portico_server.dns.model import Record, Zone
from portico_server.dns.names import domain_of, zone_of
from portico_server.dns.permissions import check_changes, check_held
from portico_server.dns.records import Planned, Records, missing
from portico_server.dns.store import records as store
from portico_server.dns.zone_service import LARGEST_PAGE
from portico_server.dns.zones import Zones, check_etag
from portico_server.platform import caller
from portico_server.platform.clock import Clock
from portico_server.platform.database import Database
from portico_server.platform.ids import Ids
from portico_server.platform.paging import PageTokens
from portico_server.platform.requests import Remember, once

_FIRST = ("", 0, "")


class RecordService(records_pb2_grpc.RecordServiceServicer):
    """Manages records."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        ids: Ids,
        zones: Zones,
        records: Records,
        importing: Importing,
        page_tokens: PageTokens,
    ) -> None:
        self._database = database
        self._clock = clock
        self._ids = ids
        self._zones = zones
        self._records = records
        self._importing = importing
        self._page_tokens = page_tokens

    async def CreateRecord(
        self, request: records_pb2.CreateRecordRequest, context: Any
    ) -> records_pb2.CreateRecordResponse:
        async def create(remember: Remember[records_pb2.CreateRecordResponse]) -> records_pb2.CreateRecordResponse:
            response = records_pb2.CreateRecordResponse()

            async def plan(zone: Zone) -> Planned:
                made = drafts.new(zone, request.record, "record", self._ids)
                response.record.CopyFrom(record_message(made))
                return Planned([Change(None, made, "record")], remember(response))

            await self._records.change(request.parent, plan)
            return response

        key = caller.request_key(request)
        return await once(self._database, self._clock, key, records_pb2.CreateRecordResponse, create)

    async def GetRecord(self, request: records_pb2.GetRecordRequest, context: Any) -> records_pb2.GetRecordResponse:
        return records_pb2.GetRecordResponse(record=record_message(await self._records.get(request.name)))

    async def ListRecords(
        self, request: records_pb2.ListRecordsRequest, context: Any
    ) -> records_pb2.ListRecordsResponse:
        cursor = self._page_tokens.open(request, caller.principal(), request.page_token)
        place, kind, name = json.loads(cursor) if cursor else _FIRST
        wanted = request.domain_name
        if wanted:
            wanted = domains.place(domains.owner(wanted, domain_of(request.parent), "domain_name"))
        size = min(request.page_size or LARGEST_PAGE, LARGEST_PAGE)
        found, more = await self._records.list(
            request.parent, request.type, wanted, (place, kind, name), size, caller.shown()
        )
        last = found[-1] if more else None
        following = json.dumps((last.place, last.type, last.name)) if last else ""
        return records_pb2.ListRecordsResponse(
            records=await record_messages(found),
            next_page_token=self._page_tokens.seal(request, caller.principal(), following),
        )

    async def UpdateRecord(
        self, request: records_pb2.UpdateRecordRequest, context: Any
    ) -> records_pb2.UpdateRecordResponse:
        response = records_pb2.UpdateRecordResponse()
        name = request.record.name
        zone_name = zone_of(name)

        async def plan(zone: Zone) -> Planned:
            change = self._update(zone, await self._records.get(name), request, "record")
            assert change.after is not None
            response.record.CopyFrom(record_message(change.after))
            return Planned([change])

        await self._records.change(zone_name, plan)
        return response

    async def DeleteRecord(
        self, request: records_pb2.DeleteRecordRequest, context: Any
    ) -> records_pb2.DeleteRecordResponse:
        async def plan(zone: Zone) -> Planned:
            record = await self._records.get(request.name)
            check_etag(record.name, record.etag, request.etag)
            return Planned([Change(record, None, "name")])

        await self._records.change(zone_of(request.name), plan)
        return records_pb2.DeleteRecordResponse()

    async def BatchUpdateRecords(
        self, request: records_pb2.BatchUpdateRecordsRequest, context: Any
    ) -> records_pb2.BatchUpdateRecordsResponse:
        check_held(creates=bool(request.creates), updates=bool(request.updates), deletes=bool(request.deletes))
        names = _names(request)
        Response = records_pb2.BatchUpdateRecordsResponse

        async def update(
            remember: Remember[records_pb2.BatchUpdateRecordsResponse],
        ) -> records_pb2.BatchUpdateRecordsResponse:
            response = Response()

            async def plan(zone: Zone) -> Planned:
                found = await store.named(self._database, names)
                changes = self._batch(zone, request, found)
                await check_changes(zone.name, changes)
                response.Clear()
                response.updated.extend(_after(changes, "updates"))
                response.created.extend(_after(changes, "creates"))
                return Planned(changes, remember(response))

            await self._records.change(request.parent, plan)
            return response

        return await once(self._database, self._clock, caller.request_key(request), Response, update)

    async def ImportZoneFile(
        self, request: records_pb2.ImportZoneFileRequest, context: Any
    ) -> records_pb2.ImportZoneFileResponse:
        if request.dry_run:
            return await self._importing.run(request, lambda _: [])

        async def run(
            remember: Remember[records_pb2.ImportZoneFileResponse],
        ) -> records_pb2.ImportZoneFileResponse:
            return await self._importing.run(request, remember)

        key = caller.request_key(request)
        return await once(self._database, self._clock, key, records_pb2.ImportZoneFileResponse, run)

    async def ExportZoneFile(
        self, request: records_pb2.ExportZoneFileRequest, context: Any
    ) -> records_pb2.ExportZoneFileResponse:
        zone = await self._zones.get(request.parent)
        return records_pb2.ExportZoneFileResponse(zone_file=await self._importing.export(zone))

    def _batch(
        self, zone: Zone, request: records_pb2.BatchUpdateRecordsRequest, found: dict[str, Record]
    ) -> list[Change]:
        """All of the request's changes: the deletions first, then the changes, then what is new."""
        changes = []
        for number, deleted in enumerate(request.deletes):
            record = _found(found, deleted.name)
            check_etag(record.name, record.etag, deleted.etag)
            changes.append(Change(record, None, f"deletes[{number}].name"))
        for number, updated in enumerate(request.updates):
            record = _found(found, updated.record.name)
            changes.append(self._update(zone, record, updated, f"updates[{number}].record"))
        for number, created in enumerate(request.creates):
            field = f"creates[{number}]"
            changes.append(Change(None, drafts.new(zone, created, field, self._ids), field))
        return changes

    def _update(self, zone: Zone, before: Record, request: records_pb2.UpdateRecordRequest, field: str) -> Change:
        check_etag(before.name, before.etag, request.record.etag)
        after = drafts.changed(zone, before, request.record, request.update_mask.paths, field, self._ids)
        return Change(before, after, field)


def _names(request: records_pb2.BatchUpdateRecordsRequest) -> list[str]:
    """The records that a batch names, all of its zone and none twice. Raises InvalidField."""
    names: set[str] = set()
    fields = [(f"deletes[{number}].name", item.name) for number, item in enumerate(request.deletes)]
    fields += [(f"updates[{number}].record.name", item.record.name) for number, item in enumerate(request.updates)]
    for field, name in fields:
        if zone_of(name) != request.parent or name == request.parent:
            raise InvalidField(f"{field} is no record of {request.parent}", field=field)
        if name in names:
            raise InvalidField(f"{field}: the batch names {name} twice", field=field)
        names.add(name)
    return sorted(names)


def _found(found: dict[str, Record], name: str) -> Record:
    if name not in found:
        raise missing(name)
    return found[name]


def _after(changes: list[Change], field: str) -> list[records_pb2.Record]:
    return [record_message(change.after) for change in changes if change.after and change.field.startswith(field)]
