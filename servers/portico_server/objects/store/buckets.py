"""Statements on buckets."""

from __future__ import annotations

from portico_server.objects.records import Bucket
from portico_server.objects.store import webhooks
from portico_server.objects.text import after, beginning_with
from portico_server.platform.authorization import Filter
from portico_server.platform.database import Database, Statement
from portico_server.platform.visibility import visible

NO_BUCKET = "bucket"
"""Guard: the bucket is there, is not being deleted, and has the settings that the writer took it to have."""
BUCKET_EXISTS = "bucket exists"
BUCKET_CHANGED = "bucket changed"
BUCKET_NOT_EMPTY = "bucket not empty"

_NARROW = (
    "name, created_at_us, updated_at_us, etag, versioning, location_hint, jurisdiction, deletion, "
    "public_access, expires"
)
_COLUMNS = f"{_NARROW}, settings"
_GET = f"SELECT {_COLUMNS} FROM bucket WHERE name = $1"
_SETTINGS = """
SELECT name, settings FROM bucket WHERE name >= $1 AND name < $2 AND settings IS NOT NULL ORDER BY name LIMIT $3"""
_INSERT = f"""
INSERT INTO bucket ({_COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT (name) DO NOTHING"""
_UPDATE = """
UPDATE bucket SET updated_at_us = $3, etag = $4, versioning = $5, deletion = $6, public_access = $7, expires = $8,
  settings = $9, location_hint = $10
WHERE name = $1 AND etag = $2"""
_DELETE = "DELETE FROM bucket WHERE name = $1 AND etag = $2"
_IS_CLOSED_BY = "SELECT 1 FROM bucket WHERE name = $1 AND deletion = $2 AND deletion <> ''"
_IS_OPEN_AS = "SELECT 1 FROM bucket WHERE name = $1 AND etag = $2 AND deletion = ''"
_ANY_OBJECT = "SELECT 1 FROM object WHERE bucket = $1 LIMIT 1"
_ANY_VERSION = "SELECT 1 FROM version WHERE bucket = $1 LIMIT 1"


async def get(database: Database, name: str) -> Bucket | None:
    rows = await database.read(_GET, name)
    return Bucket(*rows[0]) if rows else None


async def visible_in(database: Database, prefix: str, behind: str, shown: Filter, limit: int) -> list[Bucket]:
    """Those that may be shown, whose name begins with `prefix` and stands behind `behind`, by name, without
    their `settings`."""
    within = beginning_with(prefix)
    condition, values = visible(shown, "name", 4)
    sql = f"SELECT {_NARROW} FROM bucket WHERE name >= $1 AND name < $2 AND {condition} ORDER BY name LIMIT $3"
    rows = await database.scan(sql, max(within.first, after(behind)), within.end, limit, *values)
    return [Bucket(*row) for row in rows]


async def settings_in(database: Database, parent: str, behind: str, limit: int) -> list[tuple[str, bytes]]:
    """Names and `settings` of an account's buckets that have some, behind a name."""
    within = beginning_with(f"{parent}/buckets/")
    rows = await database.scan(_SETTINGS, max(within.first, after(behind)), within.end, limit)
    return [(row[0], row[1]) for row in rows]


def insert(bucket: Bucket) -> Statement:
    return Statement(_INSERT, tuple(bucket), 1, BUCKET_EXISTS)


def update(etag: str, bucket: Bucket) -> Statement:
    """Writes the settings that can change, if the bucket still has the `etag`."""
    changes = (bucket.updated_at_us, bucket.etag, bucket.versioning, bucket.deletion)
    settings = (bucket.public_access, bucket.expires, bucket.settings, bucket.location_hint)
    return Statement(_UPDATE, (bucket.name, etag, *changes, *settings), 1, BUCKET_CHANGED)


def delete_empty(name: str, etag: str) -> list[Statement]:
    """Needs the locks of the whole bucket."""
    return [
        Statement(_ANY_OBJECT, (name,), 0, BUCKET_NOT_EMPTY),
        Statement(_ANY_VERSION, (name,), 0, BUCKET_NOT_EMPTY),
        Statement(_DELETE, (name, etag), 1, BUCKET_CHANGED),
        webhooks.forget_bucket(name),
    ]


def is_closed_by(name: str, deletion: str) -> Statement:
    """Guard: it is this operation that deletes the bucket."""
    return Statement(_IS_CLOSED_BY, (name, deletion), 1, BUCKET_CHANGED)


def is_open_as(bucket: Bucket) -> Statement:
    """Guard: the bucket is there, is not being deleted, and has the settings that the batch assumes."""
    return Statement(_IS_OPEN_AS, (bucket.name, bucket.etag), 1, NO_BUCKET)
