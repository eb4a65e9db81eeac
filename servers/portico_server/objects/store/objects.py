"""Statements on the current object of a key."""

from __future__ import annotations

from portico_server.objects.records import NewVersion, Version
from portico_server.objects.store.buckets import NO_BUCKET
from portico_server.platform.database import ANY, Database, Statement

CHANGED = "object changed"
"""Guard: the current object is still the one that was judged."""

COLUMNS = "key, id, is_null, place, etag, size_bytes, created_at_us, file, metadata, checksums, marks"

_HEAD = f"SELECT {COLUMNS} FROM object WHERE bucket = $1 AND key = $2"
BUCKET_ETAG = "(SELECT etag FROM bucket WHERE name = $1)"
_HEAD_IN = f"SELECT {COLUMNS}, {BUCKET_ETAG} FROM object WHERE bucket = $1 AND key = $2"
_GET = f"""
SELECT o.key, o.id, o.is_null, o.place, o.etag, o.size_bytes, o.created_at_us, o.file, o.metadata, o.checksums,
  o.marks, i.data, {BUCKET_ETAG}
FROM object o LEFT JOIN inline_bytes i ON i.id = o.id WHERE o.bucket = $1 AND o.key = $2"""
# The bucket's row is the guard: no row to select from, nothing inserted.
_PUT = """
INSERT INTO object (bucket, key, id, is_null, place, etag, size_bytes, created_at_us, file, metadata, checksums, marks)
SELECT name, CAST($2 AS TEXT), CAST($3 AS TEXT), CAST($4 AS BIGINT),
  coalesce((SELECT min(place) FROM version WHERE bucket = $1 AND key = $2), 0) - 1,
  CAST($5 AS TEXT), CAST($6 AS BIGINT), CAST($7 AS BIGINT), CAST($8 AS TEXT), $9, $10, $11
FROM bucket WHERE name = $1 AND etag = $12 AND deletion = ''
ON CONFLICT (bucket, key) DO UPDATE SET id = excluded.id, is_null = excluded.is_null, place = excluded.place,
  etag = excluded.etag, size_bytes = excluded.size_bytes, created_at_us = excluded.created_at_us, file = excluded.file,
  metadata = excluded.metadata, checksums = excluded.checksums, marks = excluded.marks"""
_DELETE = "DELETE FROM object WHERE bucket = $1 AND key = $2"
_IS = "SELECT 1 FROM object WHERE bucket = $1 AND key = $2 AND id = $3"
_EXISTS = "SELECT 1 FROM object WHERE bucket = $1 AND key = $2"
_PUT_INLINE = "INSERT INTO inline_bytes (id, data) VALUES ($1, $2)"
_PUT_FILE = "INSERT INTO file (id, retired_at_us) VALUES ($1, 0)"


async def head(database: Database, bucket: str, key: str) -> Version | None:
    rows = await database.read(_HEAD, bucket, key)
    return Version(*rows[0]) if rows else None


async def head_in(database: Database, bucket: str, key: str) -> tuple[Version, str] | None:
    """The current object, and the bucket's etag at that moment."""
    rows = await database.read(_HEAD_IN, bucket, key)
    return (Version(*rows[0][:-1]), rows[0][-1]) if rows else None


async def get(database: Database, bucket: str, key: str) -> tuple[Version, bytes, str] | None:
    """The current object, its inline bytes, empty where they are in a file, and the bucket's etag at that moment."""
    rows = await database.read(_GET, bucket, key)
    return (Version(*rows[0][:-2]), rows[0][-2] or b"", rows[0][-1]) if rows else None


def put(bucket: str, key: str, new: NewVersion, bucket_etag: str, is_null: int) -> Statement:
    """Makes it the current object, newer than every version; guards that the bucket is as assumed."""
    described = (new.etag, new.size_bytes, new.created_at_us, new.file, new.metadata, new.checksums, new.marks)
    return Statement(_PUT, (bucket, key, new.id, is_null, *described, bucket_etag), 1, NO_BUCKET)


def put_bytes(new: NewVersion) -> list[Statement]:
    """Its inline bytes, or that its file is in use; nothing for an empty object, nor for one made of parts."""
    if new.blob:
        return [Statement(_PUT_FILE, (new.blob,))]
    return [Statement(_PUT_INLINE, (new.id, new.data))] if new.data else []


def delete(bucket: str, key: str) -> Statement:
    return Statement(_DELETE, (bucket, key), ANY)


def is_unchanged(bucket: str, key: str, judged: Version | None) -> Statement:
    """Guard: what is current is what was judged, or still nothing."""
    if judged is None:
        return Statement(_EXISTS, (bucket, key), 0, CHANGED)
    return Statement(_IS, (bucket, key, judged.id), 1, CHANGED)
