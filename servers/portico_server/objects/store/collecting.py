"""Statements that fold the ledger and find what may be freed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from portico_server.platform.database import ANY, Database, Statement

LEDGER_CHANGED = "ledger changed"
"""Guard: the rows that are folded are those that were read, and no other came between them."""
_IDS_AT_ONCE = 100

_OLDEST = "SELECT id, bucket, objects, size_bytes, freed_file FROM ledger ORDER BY id LIMIT $1"
_ADD_USAGE = """
INSERT INTO usage (bucket, objects, size_bytes) VALUES ($1, $2, $3)
ON CONFLICT (bucket) DO UPDATE SET objects = usage.objects + excluded.objects,
  size_bytes = usage.size_bytes + excluded.size_bytes"""
_FORGET_NO_USAGE = "DELETE FROM usage WHERE bucket = $1 AND objects = 0 AND size_bytes = 0"
_USAGE = "SELECT objects, size_bytes FROM usage WHERE bucket = $1"
_FREE_INLINE = """
DELETE FROM inline_bytes WHERE id IN (SELECT freed FROM ledger WHERE id >= $1 AND id <= $2 AND freed <> '')"""
_RETIRE_FILES = """
UPDATE file SET retired_at_us = $3
WHERE id IN (SELECT freed_file FROM ledger WHERE id >= $1 AND id <= $2 AND freed_file <> '')"""
# What stands there of a multipart object is no blob, but a list of parts.
_FREE_LISTS = """
INSERT INTO freed_list (id, freed_at_us, doomed)
SELECT DISTINCT substr(freed_file, 2), CAST($3 AS BIGINT), 0 FROM ledger
WHERE id >= $1 AND id <= $2 AND freed_file > '' AND freed_file < '0'
ON CONFLICT (id) DO NOTHING"""
_DELETE = "DELETE FROM ledger WHERE id >= $1 AND id <= $2"
_RETIRED_FILES = """
SELECT id, retired_at_us FROM file WHERE retired_at_us > 0 AND retired_at_us <= $1
  AND retired_at_us >= $2 AND (retired_at_us > $2 OR id > $3) ORDER BY retired_at_us, id LIMIT $4"""
FILES_IN_USE = "SELECT id FROM file WHERE retired_at_us = 0 ORDER BY id"
"""The ids of all blobs that rows refer to; for backups."""
_FORGET_FILE = "DELETE FROM file WHERE id = $1 AND retired_at_us > 0"
_LIST = ", ".join(f"${number + 1}" for number in range(_IDS_AT_ONCE))
_KNOWN_FILES = f"SELECT id FROM file WHERE id IN ({_LIST})"


class LedgerRow(NamedTuple):
    """By how much one write changed its bucket, and the blob that it freed, or `of_list`."""

    id: str
    bucket: str
    objects: int
    size_bytes: int
    freed_file: str


class Usage(NamedTuple):
    """How many versions a bucket holds, and their bytes."""

    objects: int
    size_bytes: int


class RetiredFile(NamedTuple):
    """A blob that no row refers to any more, and since when."""

    id: str
    retired_at_us: int


FIRST_RETIRED = RetiredFile("", 0)
"""Comes before all."""


async def oldest_ledger_rows(database: Database, limit: int) -> list[LedgerRow]:
    return [LedgerRow(*row) for row in await database.scan(_OLDEST, limit)]


async def usage(database: Database, bucket: str) -> Usage:
    """As far as it is folded."""
    rows = await database.read(_USAGE, bucket)
    return Usage(*rows[0]) if rows else Usage(0, 0)


def add_usage(bucket: str, added: Usage) -> list[Statement]:
    return [
        Statement(_ADD_USAGE, (bucket, added.objects, added.size_bytes)),
        Statement(_FORGET_NO_USAGE, (bucket,), ANY),
    ]


def free(first: str, last: str, count: int, now_us: int) -> list[Statement]:
    """Frees inline bytes and lists of parts and retires files, as the rows from `first` to `last` say; removes them."""
    return [
        Statement(_FREE_INLINE, (first, last), ANY),
        Statement(_RETIRE_FILES, (first, last, now_us), ANY),
        Statement(_FREE_LISTS, (first, last, now_us), ANY),
        Statement(_DELETE, (first, last), count, LEDGER_CHANGED),
    ]


async def files_retired_before(database: Database, time_us: int, behind: RetiredFile, limit: int) -> list[RetiredFile]:
    """In the order in which they were retired."""
    rows = await database.scan(_RETIRED_FILES, time_us, behind.retired_at_us, behind.id, limit)
    return [RetiredFile(*row) for row in rows]


def forget_files(ids: Sequence[str]) -> list[Statement]:
    return [Statement(_FORGET_FILE, (one,), ANY) for one in ids]


async def unknown_files(database: Database, ids: Sequence[str]) -> list[str]:
    """Those of these blobs that no row tells of."""
    known: set[str] = set()
    for start in range(0, len(ids), _IDS_AT_ONCE):
        part = ids[start : start + _IDS_AT_ONCE]
        filled = [*part, *[""] * (_IDS_AT_ONCE - len(part))]
        known.update(row[0] for row in await database.scan(_KNOWN_FILES, *filled))
    return [one for one in ids if one not in known]
