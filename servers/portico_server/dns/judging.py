"""Whether a zone's records may be as a change would make them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from portico_server.dns import errors
from portico_server.dns.model import Record, Type, Zone

MOST_OF_A_NAME = 100
"""Records of one name, so that answers about it fit into a message."""
_JUDGED_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Change:
    """One record before and after; None: it is not there. `field` is its path in the request, `line` its line of a
    file."""

    before: Record | None
    after: Record | None
    field: str = ""
    line: int = 0


async def judge(zone: Zone, existing: Iterable[Record], changes: Sequence[Change], most: int) -> None:
    """Judges the outcome. `existing` are the zone's records at the places where the changes put any.

    Raises TooManyRecords, RecordAlreadyExists, CnameNotAlone.
    """
    grown = sum((change.after is not None) - (change.before is not None) for change in changes)
    if grown > 0 and zone.records + grown > most:
        raise errors.TooManyRecords(
            f"{zone.name} would have {zone.records + grown} records; {most} are allowed (dns_records)",
            resource=zone.name,
        )
    gone = {change.before.name for change in changes if change.before}
    standing: dict[str, dict[tuple[int, bytes], Record]] = {}
    for record in existing:
        if record.name not in gone:
            standing.setdefault(record.place, {})[record.says] = record
    for number, change in enumerate(changes):
        if number % _JUDGED_AT_ONCE == _JUDGED_AT_ONCE - 1:
            await asyncio.sleep(0)
        if change.after is not None:
            _place(standing.setdefault(change.after.place, {}), change.after, change)


def _place(beside: dict[tuple[int, bytes], Record], record: Record, change: Change) -> None:
    """Puts the record beside those of its name. Raises what forbids it."""
    field = change.field
    at = f"{field}, line {change.line}: " if change.line else ""
    where = {"line": str(change.line)} if change.line else {}
    if (same := beside.get(record.says)) is not None:
        raise errors.RecordAlreadyExists(
            f"{at}{record.domain_name} has that {Type(record.type).name} record already",
            field=field,
            resource=same.name,
            **where,
        )
    kinds = {kind for kind, _ in beside}
    if beside and Type.CNAME in (record.type, *kinds):
        others = sorted(Type(kind).name for kind in kinds)
        raise errors.CnameNotAlone(
            f"{at}a CNAME stands alone: {record.domain_name} has {', '.join(others)} and would get "
            f"{Type(record.type).name}; delete what is there first, or choose another name",
            field=field,
            resource=next(iter(beside.values())).name,
            **where,
        )
    if len(beside) >= MOST_OF_A_NAME:
        raise errors.TooManyRecords(
            f"{at}{record.domain_name} would have more than {MOST_OF_A_NAME} records",
            field=field,
            resource=record.zone,
            **where,
        )
    beside[record.says] = record
