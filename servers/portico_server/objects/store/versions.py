"""Statements on versions that are not current, and on delete markers."""

from __future__ import annotations

from portico_server.objects.records import NULL_VERSION, Version
from portico_server.objects.store.objects import BUCKET_ETAG, COLUMNS
from portico_server.platform.database import ANY, Database, Statement, Value

_ALL = f"bucket, {COLUMNS}, marker"


def _where(version_id: str) -> str:
    """The condition that finds a version in either table; its third parameter is the version's id."""
    return "is_null = 1 AND $3 = 'null'" if version_id == NULL_VERSION else "is_null = 0 AND id = $3"


def _get(version_id: str) -> str:
    where = f"bucket = $1 AND key = $2 AND {_where(version_id)}"
    return f"""
SELECT found.key, found.id, found.is_null, found.place, found.etag, found.size_bytes, found.created_at_us, found.file,
  found.metadata, found.checksums, found.marks, found.marker, found.latest, i.data, {BUCKET_ETAG}
FROM (SELECT {COLUMNS}, 0 AS marker, 1 AS latest FROM object WHERE {where}
  UNION ALL SELECT {COLUMNS}, marker, 0 FROM version WHERE {where}) found
LEFT JOIN inline_bytes i ON i.id = found.id"""


_NEWEST = f"SELECT {COLUMNS}, marker, 1 FROM version WHERE bucket = $1 AND key = $2 ORDER BY place LIMIT 1"

_RETIRE_CURRENT = f"INSERT INTO version ({_ALL}) SELECT bucket, {COLUMNS}, 0 FROM object WHERE bucket = $1 AND key = $2"
_RETIRE_CURRENT_WITH_ID = f"{_RETIRE_CURRENT} AND is_null = 0"
_DELETE_NULL = "DELETE FROM version WHERE bucket = $1 AND key = $2 AND is_null = 1"
_PUT_MARKER = f"""
INSERT INTO version ({_ALL})
SELECT CAST($1 AS TEXT), CAST($2 AS TEXT), CAST($3 AS TEXT), CAST($4 AS BIGINT), coalesce(min(place), 0) - 1, '', 0,
  CAST($5 AS BIGINT), '', $6, $6, $6, 1
FROM version WHERE bucket = $1 AND key = $2"""


async def get(database: Database, bucket: str, key: str, version_id: str) -> tuple[Version, bytes, str] | None:
    """A version, current or not, or a delete marker, with its inline bytes and the bucket's etag at that moment."""
    rows = await database.read(_get(version_id), bucket, key, version_id)
    return (Version(*rows[0][:-2]), rows[0][-2] or b"", rows[0][-1]) if rows else None


async def newest(database: Database, bucket: str, key: str) -> Version | None:
    """The newest of a key that has no current object: a delete marker."""
    rows = await database.read(_NEWEST, bucket, key)
    return Version(*rows[0]) if rows else None


def retire_current(bucket: str, key: str) -> Statement:
    """The current object becomes a version as well (its row in `object` is overwritten or deleted next)."""
    return Statement(_RETIRE_CURRENT, (bucket, key), ANY)


def retire_current_with_id(bucket: str, key: str) -> Statement:
    """The same, unless it is the null version, which is replaced."""
    return Statement(_RETIRE_CURRENT_WITH_ID, (bucket, key), ANY)


def delete_null(bucket: str, key: str) -> Statement:
    return Statement(_DELETE_NULL, (bucket, key), ANY)


def put_marker(bucket: str, key: str, write_id: str, is_null: int, now_us: int) -> Statement:
    """A delete marker, newer than every version."""
    empty: Value = b""
    return Statement(_PUT_MARKER, (bucket, key, write_id, is_null, now_us, empty))
