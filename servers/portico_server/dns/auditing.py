"""Audit events of changed records: one a record, or, of a whole file, as many changes an event as fit."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Sequence
from typing import Any

from portico_server.dns import rdata
from portico_server.dns.judging import Change
from portico_server.dns.model import Record, Type, Zone
from portico_server.platform.audit import audit
from portico_server.platform.database import Statement

_SINGLY = 600
"""What a batch may hold; what is more comes of a file."""
_EVENT_BYTES = 4 * 1024
"""So that none takes long to make."""
_AT_ONCE = 5


async def events(
    zone: Zone, changes: Sequence[Change], now_us: int, together: str = "dns.record.import"
) -> list[Statement]:
    """The statements that emit them; in turns with others, since they may be thousands. `together`: the action of an
    event that tells of many."""
    statements = []
    for number, statement in enumerate(_events(zone, changes, now_us, together)):
        statements.append(statement)
        if number % _AT_ONCE == _AT_ONCE - 1:
            await asyncio.sleep(0)
    return statements


def _events(zone: Zone, changes: Sequence[Change], now_us: int, together: str) -> Iterator[Statement]:
    if len(changes) <= _SINGLY:
        for change in changes:
            record = change.after or change.before
            assert record is not None
            yield audit(f"dns.record.{_verb(change)}", record.name, now_us, **_sides(change))
        return
    taken: list[dict[str, Any]] = []
    taken_bytes = 0
    for change in changes:
        record = change.after or change.before
        assert record is not None
        entry = {"action": f"dns.record.{_verb(change)}", "resource": record.name, **_sides(change)}
        size_bytes = len(json.dumps(entry))
        if taken and taken_bytes + size_bytes > _EVENT_BYTES:
            yield audit(together, zone.name, now_us, changes=taken)
            taken, taken_bytes = [], 0
        taken.append(entry)
        taken_bytes += size_bytes
    yield audit(together, zone.name, now_us, changes=taken)


def _verb(change: Change) -> str:
    if change.before is None:
        return "create"
    return "delete" if change.after is None else "update"


def _sides(change: Change) -> dict[str, Any]:
    sides = {"before": change.before, "after": change.after}
    return {side: _told(record) for side, record in sides.items() if record is not None}


def _told(record: Record) -> dict[str, Any]:
    return {
        "domain_name": record.domain_name,
        "type": Type(record.type).name,
        "data": rdata.told(record.type, record.rdata),
        "ttl_seconds": record.ttl_seconds,
        "proxied": bool(record.proxied),
        "comment": record.comment,
        "etag": record.etag,
    }
