"""Statements on lists of parts: of uploads, and of the objects that they became."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from portico_server.objects.records import Part, of_list
from portico_server.platform.database import ANY, Database, Statement

_PAGE = 500
LIST_GONE = "list of parts"
"""Guard: the list is there, and will not be freed."""

_COLUMNS = "number, id, etag, size_bytes, created_at_us, file, checksums"
_BEHIND = f"SELECT {_COLUMNS} FROM part WHERE list = $1 AND number > $2 ORDER BY number LIMIT $3"
_INLINE = "SELECT data FROM inline_bytes WHERE id = $1"
_LEDGER = """
INSERT INTO ledger (id, bucket, objects, size_bytes, freed, freed_file)"""
_COUNT = f"""{_LEDGER}
SELECT CAST($1 AS TEXT), CAST($2 AS TEXT), 0, $3 - CAST(coalesce(sum(size_bytes), 0) AS BIGINT), coalesce(max(id), ''),
  coalesce(max(file), '')
FROM part WHERE list = $4 AND number = $5"""
_PUT = f"""
INSERT INTO part (list, {_COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (list, number) DO UPDATE SET id = excluded.id, etag = excluded.etag, size_bytes = excluded.size_bytes,
  created_at_us = excluded.created_at_us, file = excluded.file, checksums = excluded.checksums"""
_PUT_INLINE = "INSERT INTO inline_bytes (id, data) VALUES ($1, $2)"
_PUT_FILE = "INSERT INTO file (id, retired_at_us) VALUES ($1, 0)"
_GIVE = "UPDATE part SET list = $2 WHERE list = $1 AND number >= $3 AND number <= $4"
_COUNT_GIVEN = f"{_LEDGER} VALUES ($1, $2, 0, $3, '', $4)"
_STAYS = """
SELECT 1 FROM part
WHERE list = $1 AND NOT EXISTS (SELECT 1 FROM freed_list f WHERE f.id = $1 AND f.doomed = 1) LIMIT 1"""


async def behind(database: Database, list_id: str, number: int, limit: int) -> list[Part]:
    """The first `limit` with a higher number."""
    return [Part(*row) for row in await database.scan(_BEHIND, list_id, number, limit)]


async def pages(database: Database, list_id: str) -> AsyncIterator[list[Part]]:
    """All of a list, by number, some at a time: a page holds the event loop for less than a millisecond."""
    page = await behind(database, list_id, 0, _PAGE)
    while page:
        yield page
        await asyncio.sleep(0)  # a short scan may not have let others run
        page = await behind(database, list_id, page[-1].number, _PAGE) if len(page) == _PAGE else []


async def inline_bytes(database: Database, part_id: str) -> bytes | None:
    rows = await database.read(_INLINE, part_id)
    return rows[0][0] if rows else None


async def stays(database: Database, list_id: str) -> bool:
    """Whether the list is there, and its parts are not about to be removed."""
    return bool(await database.read(_STAYS, list_id))


def put(bucket: str, list_id: str, part: Part, data: bytes) -> list[Statement]:
    """Writes a part in place of the one that has its number, and its bytes: `data`, where it has no file."""
    statements = [
        Statement(_COUNT, (part.id, bucket, part.size_bytes, list_id, part.number)),
        Statement(_PUT, (list_id, *part)),
    ]
    if part.file:
        statements.append(Statement(_PUT_FILE, (part.file,)))
    elif data:
        statements.append(Statement(_PUT_INLINE, (part.id, data)))
    return statements


def leave_out(
    bucket: str, list_id: str, ranges: list[tuple[int, int]], size_bytes: int, rest_id: str
) -> list[Statement]:
    """Takes ranges of numbers, the last included, of `size_bytes` together, out of a list into another, and frees
    that."""
    if not ranges:
        return []
    given = [Statement(_GIVE, (list_id, rest_id, *one), ANY) for one in ranges]
    return [*given, Statement(_COUNT_GIVEN, (f"-{rest_id}", bucket, -size_bytes, of_list(rest_id)))]


def must_stay(list_id: str) -> Statement:
    """Guard for who makes a further version of a list: as `stays`. To be held under `lock`."""
    return Statement(_STAYS, (list_id,), 1, LIST_GONE)


def lock(list_id: str) -> str:
    """Held by each batch that relies on a list's being there, or makes that it will not."""
    return f"list#{list_id}"
