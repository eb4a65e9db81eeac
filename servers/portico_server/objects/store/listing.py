"""Statements that read objects and versions in the order of their keys."""

from __future__ import annotations

from portico_server.objects.records import Version
from portico_server.objects.store.objects import COLUMNS
from portico_server.objects.text import TextRange, successor
from portico_server.platform.database import Database

BEFORE_ALL_PLACES = -(2**63)

_RANGE = f"SELECT {COLUMNS} FROM object WHERE bucket = $1 AND key >= $2 AND key < $3 ORDER BY key LIMIT $4"
# Each step is one seek in the index: to the least key behind the one before, or behind the whole common prefix that
# the one before stands under. $4 is where the text behind the prefix begins, $5 the delimiter, $6 the least text
# behind all that begin with the delimiter, $7 what makes the least text behind a key. CROSS JOIN has SQLite go through
# the walk and look the objects up, and not the other way.
_CUT = "instr(substr(w.found, CAST($4 AS INTEGER)), $5)"
_WALK = f"""
WITH RECURSIVE walk (found, number) AS (
  SELECT (SELECT min(key) FROM object WHERE bucket = $1 AND key >= $2 AND key < $3), 1
  UNION ALL
  SELECT (
    SELECT min(o.key) FROM object o WHERE o.bucket = $1 AND o.key < $3 AND o.key >= CASE
      WHEN {_CUT} > 0 THEN substr(w.found, 1, CAST($4 + {_CUT} - 2 AS INTEGER)) || CAST($6 AS TEXT)
      ELSE w.found || $7 END), w.number + 1
  FROM walk w WHERE w.found IS NOT NULL AND w.number < $8)
SELECT {COLUMNS} FROM walk w CROSS JOIN object o WHERE o.bucket = $1 AND o.key = w.found ORDER BY w.number"""
_VERSIONS = f"""
SELECT {COLUMNS}, 0 AS marker FROM object WHERE bucket = $1 AND key >= $2 AND (key > $2 OR place > $3) AND key < $4
UNION ALL
SELECT {COLUMNS}, marker FROM version WHERE bucket = $1 AND (key, place) > ($2, $3) AND key < $4
ORDER BY key, place LIMIT $5"""


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
    return [Version(*row) for row in await database.scan(_WALK, bucket, within.first, within.end, *behind, limit)]


async def versions(database: Database, bucket: str, within: TextRange, behind_place: int, limit: int) -> list[Version]:
    """The first `limit` versions and markers of a range; of its very first key only those with a higher place."""
    rows = await database.scan(_VERSIONS, bucket, within.first, behind_place, within.end, limit)
    return [Version(*row) for row in rows]
