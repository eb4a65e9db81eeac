"""Zone files read into zones: what a file would change, and the changes made, all of them or none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from portico.dns.v1 import records_pb2
from portico_server.dns import drafts, zone_files
from portico_server.dns.errors import InvalidField, TooManyRecords
from portico_server.dns.judging import Change
from portico_server.dns.messages import record_messages, unnamed
from portico_server.dns.model import Record, Zone
from portico_server.dns.permissions import check_changes, check_reads
from portico_server.dns.records import Planned, Records
from portico_server.dns.store import records as store
from portico_server.platform.database import Database, Statement
from portico_server.platform.ids import Ids
from portico_server.platform.turns import Turns

_FIELD = "zone_file"
_MOST_TOLD = 1000
_SAID_AGAIN = 2
"""How many times as many records as a zone may have a file may hold, where it says them more than once."""

Action = records_pb2.RecordChange.Action
Response = records_pb2.ImportZoneFileResponse


@dataclass(slots=True)
class _File:
    """A file's records, each with its line, and how many entries were passed over."""

    records: list[tuple[int, Record]] = field(default_factory=list)
    skipped: int = 0


class Importing:
    """Imports and exports zone files."""

    def __init__(
        self, database: Database, records: Records, ids: Ids, name_servers: Sequence[str], most_a_zone: int
    ) -> None:
        self._database = database
        self._records = records
        self._ids = ids
        self._name_servers = name_servers
        self._most = most_a_zone

    async def run(
        self, request: records_pb2.ImportZoneFileRequest, remember: Callable[[Response], list[Statement]]
    ) -> Response:
        """Raises InvalidZoneFile, PermissionMissing, and what `Records.change` raises."""
        response = Response()
        parsed: list[_File] = []

        async def plan(zone: Zone) -> Planned:
            if not parsed:
                parsed.append(await self._parsed(request.zone_file, zone))
            replace = request.mode == records_pb2.IMPORT_MODE_REPLACE
            changes, unchanged = await self._changes(zone, parsed[0], replace=replace)
            await _tell(response, changes, parsed[0].skipped, unchanged)
            await check_changes(zone.name, changes)
            if not request.dry_run:
                return Planned(changes, remember(response))
            await self._records.check(zone, changes)
            for change in response.changes:
                if change.action == Action.ACTION_CREATE:
                    unnamed(change.record)
            return Planned([])

        await self._records.change(request.parent, plan)
        return response

    async def export(self, zone: Zone) -> str:
        """Raises ZoneFileTooLarge, PermissionMissing."""
        records = await store.of_zone(self._database, zone.name)
        await check_reads(zone.name, records)
        return await zone_files.written(zone, records, self._name_servers)

    async def _parsed(self, text: str, zone: Zone) -> _File:
        found = _File()
        said: set[tuple[str, int, bytes]] = set()
        async for entry in zone_files.read(text, zone, self._name_servers):
            if len(found.records) + found.skipped >= _SAID_AGAIN * self._most:
                raise self._too_many(zone, entry.line, f"more than {_SAID_AGAIN * self._most} records")
            if entry.record is None:
                found.skipped += 1
                continue
            try:
                record = drafts.new(zone, entry.record, "record", self._ids)
            except InvalidField as error:
                raise zone_files.wrong(entry.line, error.message) from None
            found.records.append((entry.line, record))
            said.add((record.place, *record.says))
            if len(said) > self._most:
                raise self._too_many(zone, entry.line, f"{len(said)} different records")
        return found

    def _too_many(self, zone: Zone, line: int, counted: str) -> TooManyRecords:
        return TooManyRecords(
            f"{_FIELD}, line {line}: up to here there are {counted}; {self._most} are allowed (dns_records)",
            field=_FIELD,
            line=str(line),
            resource=zone.name,
        )

    async def _changes(self, zone: Zone, file: _File, *, replace: bool) -> tuple[list[Change], int]:
        """What makes the zone have the file's records, and how many of them it has already."""
        existing = {(record.place, *record.says): record for record in await store.of_zone(self._database, zone.name)}
        seen: set[tuple[str, int, bytes]] = set()
        changes, unchanged, turns = [], 0, Turns()
        for line, wanted in file.records:
            await turns.offer()
            key = (wanted.place, *wanted.says)
            if key in seen:  # said twice: that is no more than once (RFC 2181, 5)
                unchanged += 1
                continue
            seen.add(key)
            before = existing.get(key)
            if before is None:
                changes.append(Change(None, wanted, _FIELD, line))
            elif before.served_ttl_seconds == wanted.served_ttl_seconds:
                unchanged += 1
            else:
                after = before._replace(
                    ttl_seconds=wanted.ttl_seconds, etag=wanted.etag, updated_at_us=wanted.updated_at_us
                )
                changes.append(Change(before, after, _FIELD, line))
        if replace:
            gone = [Change(record, None, _FIELD) for key, record in existing.items() if key not in seen]
            changes = gone + changes
        return changes, unchanged


async def _tell(response: Response, changes: Sequence[Change], skipped: int, unchanged: int) -> None:
    response.Clear()
    response.skipped_count, response.unchanged_count = skipped, unchanged
    response.created_count = sum(change.before is None for change in changes)
    response.deleted_count = sum(change.after is None for change in changes)
    response.updated_count = len(changes) - response.created_count - response.deleted_count
    shown = changes[:_MOST_TOLD]
    records = [record for change in shown if (record := change.after or change.before) is not None]
    for change, message in zip(shown, await record_messages(records), strict=True):
        response.changes.add(action=_action(change), record=message, line=change.line)


def _action(change: Change) -> records_pb2.RecordChange.Action:
    if change.before is None:
        return Action.ACTION_CREATE
    return Action.ACTION_DELETE if change.after is None else Action.ACTION_UPDATE
