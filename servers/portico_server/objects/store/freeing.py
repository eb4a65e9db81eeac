"""Statements that free lists of parts which no version has any more."""

from __future__ import annotations

from portico_server.objects.records import of_list
from portico_server.platform.database import ANY, Database, Statement

LIST_IN_USE = "list in use"
LIST_NOT_IN_USE = "list not in use"

# The conditions beside the first are those of the indexes of lists, which else would not serve.
_IN_USE = """
SELECT 1 WHERE EXISTS (SELECT 1 FROM object WHERE file = $1 AND file > '' AND file < '0')
  OR EXISTS (SELECT 1 FROM version WHERE file = $1 AND file > '' AND file < '0')"""
_FREED = "SELECT id, doomed FROM freed_list WHERE freed_at_us <= $1 AND id > $2 ORDER BY id LIMIT $3"
_ANCHOR = "SELECT file FROM part WHERE list = $1 AND file <> '' ORDER BY number LIMIT 1"
_DOOM = "UPDATE freed_list SET doomed = 1 WHERE id = $1"
_FORGET = "DELETE FROM freed_list WHERE id = $1"
_NUMBERS = "SELECT number FROM part WHERE list = $1 ORDER BY number LIMIT $2"
_RETIRE = """
UPDATE file SET retired_at_us = $3
WHERE id IN (SELECT file FROM part WHERE list = $1 AND number <= $2 AND file <> '')"""
_FREE_INLINE = (
    "DELETE FROM inline_bytes WHERE id IN (SELECT id FROM part WHERE list = $1 AND number <= $2 AND file = '')"
)
_DELETE = "DELETE FROM part WHERE list = $1 AND number <= $2"


async def freed_before(database: Database, time_us: int, behind_id: str, limit: int) -> list[tuple[str, bool]]:
    """Lists that were let go before that time, behind an id, by id; and whether they are doomed."""
    return [(row[0], bool(row[1])) for row in await database.scan(_FREED, time_us, behind_id, limit)]


async def is_in_use(database: Database, list_id: str) -> bool:
    """Whether a version has it."""
    return bool(await database.read(_IN_USE, of_list(list_id)))


async def anchor(database: Database, list_id: str) -> str:
    """The blob of the first part that has one; empty: none has."""
    rows = await database.read(_ANCHOR, list_id)
    return rows[0][0] if rows else ""


def doom(list_id: str) -> list[Statement]:
    """Guards that no version has it. To be held under `parts.lock`."""
    return [Statement(_IN_USE, (of_list(list_id),), 0, LIST_IN_USE), Statement(_DOOM, (list_id,))]


def keep(list_id: str) -> list[Statement]:
    """Forgets that it was let go. Guards that a version has it. To be held under `parts.lock`."""
    return [Statement(_IN_USE, (of_list(list_id),), 1, LIST_NOT_IN_USE), Statement(_FORGET, (list_id,), ANY)]


async def last_of_first(database: Database, list_id: str, limit: int) -> int | None:
    """The highest number of a list's first parts; None where it has no parts."""
    rows = await database.scan(_NUMBERS, list_id, limit)
    return rows[-1][0] if rows else None


def remove_up_to(list_id: str, number: int, now_us: int) -> list[Statement]:
    """Removes a list's first parts, and frees their bytes."""
    return [
        Statement(_RETIRE, (list_id, number, now_us), ANY),
        Statement(_FREE_INLINE, (list_id, number), ANY),
        Statement(_DELETE, (list_id, number), ANY),
    ]


def forget(list_id: str) -> Statement:
    return Statement(_FORGET, (list_id,), ANY)
