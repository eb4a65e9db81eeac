"""Statements on records. Writes need the zone's `advance` in their batch: it guards all that they were judged on."""

from __future__ import annotations

from collections.abc import Sequence

from portico_server.dns.model import Record
from portico_server.platform.authorization import Filter
from portico_server.platform.database import Database, Statement
from portico_server.platform.visibility import visible

NOT_AS_READ = "record is not as it was read"

_COLUMNS = (
    "name, zone, domain_name, place, type, rdata, ttl_seconds, proxied, comment, etag, created_at_us, updated_at_us"
)
_COLUMN_COUNT = len(Record._fields)
_AT_ONCE = 100
"""Rows or names a statement, so that there are few different ones to prepare."""

_GET = f"SELECT {_COLUMNS} FROM record WHERE name = $1"
_OF_ZONE = f"SELECT {_COLUMNS} FROM record WHERE zone = $1 ORDER BY place, type, name"
_BELOW = "SELECT 1 FROM record WHERE zone = $1 AND place >= $2 AND place < $3 LIMIT 1"
_UPDATE = (
    "UPDATE record SET domain_name = $3, place = $4, type = $5, rdata = $6, ttl_seconds = $7, proxied = $8, "
    "comment = $9, etag = $10, updated_at_us = $11 WHERE name = $1 AND etag = $2"
)
_DELETE = "DELETE FROM record WHERE name = $1 AND etag = $2"


async def get(database: Database, name: str) -> Record | None:
    rows = await database.read(_GET, name)
    return Record(*rows[0]) if rows else None


async def of_zone(database: Database, zone: str) -> list[Record]:
    """All of them, in the order of lists."""
    return [Record(*row) for row in await database.scan(_OF_ZONE, zone)]


async def at(database: Database, zone: str, places: Sequence[str]) -> list[Record]:
    """Those at any of these places."""
    found = []
    for start in range(0, len(places), _AT_ONCE):
        some = list(places[start : start + _AT_ONCE])
        size = next(size for size in (1, 4, 16, _AT_ONCE) if size >= len(some))
        some += some[-1:] * (size - len(some))
        parameters = ", ".join(f"${number}" for number in range(2, size + 2))
        sql = f"SELECT {_COLUMNS} FROM record WHERE zone = $1 AND place IN ({parameters})"
        found += [Record(*row) for row in await database.read(sql, zone, *some)]
    return found


async def named(database: Database, names: Sequence[str]) -> dict[str, Record]:
    """Those of these names, by name."""
    found = {}
    for name in names:
        if (record := await get(database, name)) is not None:
            found[name] = record
    return found


async def is_above(database: Database, zone: str, place: str) -> bool:
    """Whether any record stands below the place, though perhaps none at it."""
    return bool(await database.read(_BELOW, zone, place + " ", place + "!"))


async def visible_in(
    database: Database, zone: str, behind: tuple[str, int, str], kind: int, place: str, shown: Filter, limit: int
) -> list[Record]:
    """Those that may be shown, behind a place, type and name, in that order. `kind` 0 is any type, `place` "" any."""
    values: list[str | int] = [zone, *behind, limit]
    conditions = ["zone = $1", "(place, type, name) > ($2, $3, $4)"]
    for column, wanted in (("type", kind), ("place", place)):
        if wanted:
            values.append(wanted)
            conditions.append(f"{column} = ${len(values)}")
    condition, names = visible(shown, "name", len(values) + 1)
    sql = (
        f"SELECT {_COLUMNS} FROM record WHERE {' AND '.join(conditions)} AND {condition} "
        "ORDER BY place, type, name LIMIT $5"
    )
    return [Record(*row) for row in await database.scan(sql, *values, *names)]


def insert(records: Sequence[Record]) -> list[Statement]:
    """New ones, many a statement."""
    statements = []
    for start in range(0, len(records), _AT_ONCE):
        some = records[start : start + _AT_ONCE]
        numbers = iter(range(1, len(some) * _COLUMN_COUNT + 1))
        rows = ", ".join(f"({', '.join(f'${next(numbers)}' for _ in range(_COLUMN_COUNT))})" for _ in some)
        values = tuple(value for record in some for value in record)
        statements.append(Statement(f"INSERT INTO record ({_COLUMNS}) VALUES {rows}", values, len(some)))
    return statements


def update(before: Record, after: Record) -> Statement:
    what = (after.domain_name, after.place, after.type, after.rdata, after.ttl_seconds, after.proxied, after.comment)
    return Statement(_UPDATE, (before.name, before.etag, *what, after.etag, after.updated_at_us), 1, NOT_AS_READ)


def delete(record: Record) -> Statement:
    return Statement(_DELETE, (record.name, record.etag), 1, NOT_AS_READ)
