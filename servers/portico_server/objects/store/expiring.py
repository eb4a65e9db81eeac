"""Statements that find what rules of lifecycles delete."""

from __future__ import annotations

from portico_server.objects.records import Version
from portico_server.objects.store.objects import CHANGED, COLUMNS
from portico_server.objects.text import TextRange
from portico_server.platform.database import Database, Statement

_BUCKETS = "SELECT name FROM bucket WHERE expires = 1 AND name > $1 ORDER BY name LIMIT $2"
_OLD_OBJECTS = f"""
SELECT {COLUMNS} FROM object
WHERE bucket = $1 AND key >= $2 AND key < $3 AND created_at_us <= $4 ORDER BY key LIMIT $5"""
_NOT_CURRENT = f"""
SELECT {", ".join(f"v.{column}" for column in COLUMNS.split(", "))}, v.marker,
  (SELECT o.created_at_us FROM object o WHERE o.bucket = v.bucket AND o.key = v.key)
FROM version v WHERE v.bucket = $1 AND (v.key, v.place) > ($2, $3) AND v.key < $4 ORDER BY v.key, v.place LIMIT $5"""
_VERSIONS_OF_KEY = "SELECT 1 FROM version WHERE bucket = $1 AND key = $2 LIMIT 2"


async def buckets(database: Database, behind: str, limit: int) -> list[str]:
    """The names of buckets with rules in force, in order."""
    return [row[0] for row in await database.scan(_BUCKETS, behind, limit)]


async def put_before(database: Database, bucket: str, within: TextRange, time_us: int, limit: int) -> list[Version]:
    """The first current objects of a range of keys that were put at this time or earlier."""
    rows = await database.scan(_OLD_OBJECTS, bucket, within.first, within.end, time_us, limit)
    return [Version(*row) for row in rows]


async def not_current(
    database: Database, bucket: str, behind: tuple[str, int], end: str, limit: int
) -> list[tuple[Version, int | None]]:
    """Versions and markers in `version`, by key, the newest first, behind a key and place and before a key; each with
    when the key's current object was put, None where there is none."""
    rows = await database.scan(_NOT_CURRENT, bucket, *behind, end, limit)
    return [(Version(*row[:-1])._replace(latest=0), row[-1]) for row in rows]


def is_only_version(bucket: str, key: str) -> Statement:
    """Guard: the key has one row in `version`."""
    return Statement(_VERSIONS_OF_KEY, (bucket, key), 1, CHANGED)
