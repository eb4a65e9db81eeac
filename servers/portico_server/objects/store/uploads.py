"""Statements on multipart uploads that are underway."""

from __future__ import annotations

from portico_server.objects.records import Bucket, Upload
from portico_server.objects.store.buckets import NO_BUCKET
from portico_server.objects.text import TextRange
from portico_server.platform.database import Database, Statement

NO_UPLOAD = "upload"
"""Guard: the upload is underway, and its bucket is there and takes writes."""
UPLOAD_CHANGED = "upload changed"
"""Guard: the upload has the parts that were read."""

_COLUMNS = (
    "bucket, key, id, bucket_created_at_us, created_at_us, principal, revision, size_bytes, checksum_algorithm,"
    " checksum_type, metadata, marks"
)
_THIS = "bucket = $1 AND key = $2 AND id = $3"
_IS_LIVE = """
EXISTS (SELECT 1 FROM bucket b WHERE b.name = upload.bucket AND b.created_at_us = upload.bucket_created_at_us
  AND b.deletion = '')"""
_GET = f"SELECT {_COLUMNS} FROM upload WHERE {_THIS} AND {_IS_LIVE}"
_INSERT = f"""
INSERT INTO upload ({_COLUMNS})
SELECT name, CAST($2 AS TEXT), CAST($3 AS TEXT), created_at_us, CAST($4 AS BIGINT), CAST($5 AS TEXT), 0, 0,
  CAST($6 AS BIGINT), CAST($7 AS BIGINT), $8, $9
FROM bucket WHERE name = $1 AND deletion = ''"""
_TAKE_PART = f"""
UPDATE upload SET revision = revision + 1, size_bytes = size_bytes + $4
  - CAST(coalesce((SELECT sum(p.size_bytes) FROM part p WHERE p.list = $3 AND p.number = $5), 0) AS BIGINT)
WHERE {_THIS} AND {_IS_LIVE}"""
_END = f"DELETE FROM upload WHERE {_THIS} AND revision = $4"
_FREE = f"""
INSERT INTO ledger (id, bucket, objects, size_bytes, freed, freed_file)
SELECT '-' || id, bucket, 0, -size_bytes, '', '+' || id FROM upload WHERE {_THIS}"""
_DELETE = f"DELETE FROM upload WHERE {_THIS}"
_HAS_MANY = "SELECT 1 FROM upload WHERE bucket = $1 LIMIT 1 OFFSET $2"
_RANGE = f"""
SELECT {_COLUMNS} FROM upload
WHERE bucket = $1 AND bucket_created_at_us = $2 AND (key, id) > ($3, $4) AND key < $5 ORDER BY key, id LIMIT $6"""
_OF_BUCKET = f"SELECT {_COLUMNS} FROM upload WHERE bucket = $1 LIMIT $2"
_BEHIND = f"SELECT {_COLUMNS} FROM upload WHERE (bucket, key, id) > ($1, $2, $3) ORDER BY bucket, key, id LIMIT $4"


async def get(database: Database, bucket: str, key: str, upload_id: str) -> Upload | None:
    """An upload whose bucket takes writes."""
    rows = await database.read(_GET, bucket, key, upload_id)
    return Upload(*rows[0]) if rows else None


async def has_many(database: Database, bucket: str, count: int) -> bool:
    """Whether a bucket has at least so many."""
    return bool(await database.scan(_HAS_MANY, bucket, count - 1))


async def in_range(database: Database, bucket: Bucket, within: TextRange, behind_id: str, limit: int) -> list[Upload]:
    """The first `limit` of a range of keys, by key and then by when they were begun; of its very first key only those
    behind that id."""
    args = (bucket.name, bucket.created_at_us, within.first, behind_id, within.end, limit)
    return [Upload(*row) for row in await database.scan(_RANGE, *args)]


async def of_bucket(database: Database, bucket: str, limit: int) -> list[Upload]:
    """Some, of any bucket of that name."""
    return [Upload(*row) for row in await database.scan(_OF_BUCKET, bucket, limit)]


async def behind(database: Database, upload: tuple[str, str, str], limit: int) -> list[Upload]:
    """The first `limit` of all buckets behind one (its bucket, key and id), in the order of these."""
    return [Upload(*row) for row in await database.scan(_BEHIND, *upload, limit)]


def insert(upload: Upload) -> Statement:
    """Guards that the bucket takes writes."""
    described = (upload.created_at_us, upload.principal, upload.checksum_algorithm, upload.checksum_type)
    args = (upload.bucket, upload.key, upload.id, *described, upload.metadata, upload.marks)
    return Statement(_INSERT, args, 1, NO_BUCKET)


def take_part(upload: Upload, number: int, size_bytes: int) -> Statement:
    """Counts a part that is about to be written, in place of an earlier one of its number."""
    return Statement(_TAKE_PART, (upload.bucket, upload.key, upload.id, size_bytes, number), 1, NO_UPLOAD)


def end(upload: Upload) -> Statement:
    """Removes it, as an object has its parts now. Guards that they are those of this state of it."""
    return Statement(_END, (upload.bucket, upload.key, upload.id, upload.revision), 1, UPLOAD_CHANGED)


def abort(upload: Upload) -> list[Statement]:
    """Removes it, and lets its parts go."""
    this = (upload.bucket, upload.key, upload.id)
    return [Statement(_FREE, this, 1, NO_UPLOAD), Statement(_DELETE, this, 1, NO_UPLOAD)]


def lock(upload_id: str) -> str:
    """Held by each batch that writes or counts parts of an upload."""
    return f"upload#{upload_id}"
