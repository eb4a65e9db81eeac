"""What a put and a delete marker do to a key's versions, as statements; a kind of versioning each, as S3 has them.

All of it happens in one batch under the key's lock, so every statement sees what the ones before it left.
"""

from __future__ import annotations

from portico_server.objects.names import ObjectName
from portico_server.objects.records import Bucket, NewVersion, Versioning
from portico_server.objects.store import ledger, objects, versions
from portico_server.platform.database import Statement


def put(name: ObjectName, new: NewVersion, assumed: Bucket, counted_bytes: int = 0) -> list[Statement]:
    """Makes `new` the current object. Guards that the bucket is as assumed.

    `counted_bytes` of it are in the bucket's usage already, as parts of an upload.
    """
    bucket, key = name
    versioning = assumed.versioning
    is_null = int(versioning != Versioning.ENABLED)
    added_bytes = new.size_bytes - counted_bytes
    stored = [*objects.put_bytes(new), objects.put(bucket, key, new, assumed.etag, is_null)]
    if versioning == Versioning.DISABLED:
        return [ledger.put_replacing_current(bucket, key, new.id, added_bytes), *stored]
    if versioning == Versioning.ENABLED:
        kept = versions.retire_current(bucket, key)
        return [ledger.put_replacing_nothing(bucket, new.id, added_bytes), kept, *stored]
    return [
        ledger.put_replacing_null(bucket, key, new.id, added_bytes),
        versions.delete_null(bucket, key),
        versions.retire_current_with_id(bucket, key),
        *stored,
    ]


def put_marker(name: ObjectName, write_id: str, now_us: int, versioning: int) -> list[Statement]:
    """Puts a delete marker in front, where versions are kept (or were: then it replaces the null version)."""
    bucket, key = name
    if versioning == Versioning.ENABLED:
        return [
            versions.retire_current(bucket, key),
            versions.put_marker(bucket, key, write_id, 0, now_us),
            objects.delete(bucket, key),
        ]
    return [
        *ledger.remove_null(bucket, key),
        versions.delete_null(bucket, key),
        versions.retire_current_with_id(bucket, key),
        versions.put_marker(bucket, key, write_id, 1, now_us),
        objects.delete(bucket, key),
    ]
