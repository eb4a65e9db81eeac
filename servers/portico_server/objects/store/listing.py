"""Statements that read objects and versions in the order of their keys."""

from __future__ import annotations

from operator import itemgetter

from portico_server.objects.records import NULL_VERSION, Version
from portico_server.objects.store.objects import COLUMNS
from portico_server.objects.text import TextRange, successor
from portico_server.platform.database import Database

BEFORE_ALL_PLACES = -(2**63)
_KEY = itemgetter(0)

_RANGE = f"SELECT {COLUMNS} FROM object WHERE bucket = $1 AND key >= $2 AND key < $3 ORDER BY key LIMIT $4"
# Each step is one seek in the index: to the least key behind the one before, or behind the whole common prefix that
# the one before stands under. $4 is where the text behind the prefix begins, $5 the delimiter, $6 the least text
# behind all that begin with the delimiter, $7 what makes the least text behind a key. CROSS JOIN has SQLite go through
# the walk and look the objects up, and not the other way. Nothing sorts the rows here: SQLite would answer only when
# all were found, one long step, for which a scan begins anew in a thread (see `Scanner`).
_CUT = "instr(substr(w.found, CAST($4 AS INTEGER)), $5)"
_NEXT = f"""CASE
      WHEN {_CUT} > 0 THEN substr(w.found, 1, CAST($4 + {_CUT} - 2 AS INTEGER)) || CAST($6 AS TEXT)
      ELSE w.found || $7 END"""
_WALK = f"""
WITH RECURSIVE walk (found, number) AS (
  SELECT (SELECT min(key) FROM object WHERE bucket = $1 AND key >= $2 AND key < $3), 1
  UNION ALL
  SELECT (
    SELECT min(o.key) FROM object o WHERE o.bucket = $1 AND o.key < $3 AND o.key >= {_NEXT}), w.number + 1
  FROM walk w WHERE w.found IS NOT NULL AND w.number < $8)
SELECT {COLUMNS} FROM walk w CROSS JOIN object o WHERE o.bucket = $1 AND o.key = w.found"""
_VERSIONS = f"""
SELECT {COLUMNS}, 0 AS marker FROM object WHERE bucket = $1 AND key >= $2 AND (key > $2 OR place > $3) AND key < $4
UNION ALL
SELECT {COLUMNS}, marker FROM version WHERE bucket = $1 AND (key, place) > ($2, $3) AND key < $4
ORDER BY key, place LIMIT $5"""

_LEAST = """(SELECT min(f.key) FROM (
    SELECT min(o.key) AS key FROM object o WHERE o.bucket = $1 AND o.key < $3 AND o.key >= {first}
    UNION ALL SELECT min(v.key) FROM version v WHERE v.bucket = $1 AND v.key < $3 AND v.key >= {first}) f)"""
# As `_WALK`, over both tables.
_WALK_KEYS = f"""
WITH RECURSIVE walk (found, number) AS (
  SELECT {_LEAST.format(first="$2")}, 1
  UNION ALL
  SELECT {_LEAST.format(first=_NEXT)}, w.number + 1 FROM walk w WHERE w.found IS NOT NULL AND w.number < $8)
SELECT found FROM walk w WHERE found IS NOT NULL"""
_BOTH = """(
  SELECT id, is_null, place FROM object WHERE bucket = $1 AND key = $2
  UNION ALL SELECT id, is_null, place FROM version WHERE bucket = $1 AND key = $2) both_tables"""
_NEWEST = f"SELECT min(place) FROM {_BOTH}"
_PLACE = f"SELECT place FROM {_BOTH} WHERE is_null = 0 AND id = $3"
_PLACE_OF_NULL = f"SELECT place FROM {_BOTH} WHERE is_null = 1"


async def objects(database: Database, bucket: str, within: TextRange, limit: int) -> list[Version]:
    """The first `limit` objects of a range of keys."""
    return [Version(*row) for row in await database.scan(_RANGE, bucket, within.first, within.end, limit)]


async def entries(
    database: Database, bucket: str, within: TextRange, prefix: str, delimiter: str, limit: int
) -> list[Version]:
    """The first `limit` entries of a range of keys, by the first object of each.

    An entry is an object without the delimiter behind the prefix, or all those that share what stands up to it.
    """
    behind = len(prefix) + 1, delimiter, successor(delimiter), "\x01"
    rows = await database.scan(_WALK, bucket, within.first, within.end, *behind, limit)
    return [Version(*row) for row in sorted(rows, key=_KEY)]


async def version_entries(
    database: Database, bucket: str, within: TextRange, prefix: str, delimiter: str, limit: int
) -> list[str]:
    """The first `limit` keys, or common prefixes by their first keys, that versions or markers of a range have."""
    behind = len(prefix) + 1, delimiter, successor(delimiter), "\x01"
    rows = await database.scan(_WALK_KEYS, bucket, within.first, within.end, *behind, limit)
    return sorted(row[0] for row in rows)


async def newest_place(database: Database, bucket: str, key: str) -> int | None:
    """The place of a key's newest version or marker."""
    rows = await database.read(_NEWEST, bucket, key)
    place: int | None = rows[0][0]
    return place


async def place_of(database: Database, bucket: str, key: str, version_id: str) -> int | None:
    """Where a version stands among its key's; None where there is no such version."""
    is_null = version_id == NULL_VERSION
    rows = await database.read(_PLACE_OF_NULL if is_null else _PLACE, bucket, key, *() if is_null else (version_id,))
    return rows[0][0] if rows else None


async def versions(database: Database, bucket: str, within: TextRange, behind_place: int, limit: int) -> list[Version]:
    """The first `limit` versions and markers of a range; of its very first key only those with a higher place."""
    rows = await database.scan(_VERSIONS, bucket, within.first, behind_place, within.end, limit)
    return [Version(*row) for row in rows]
