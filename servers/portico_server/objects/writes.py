"""What a put and a delete do to a key's versions, as statements; a kind of versioning each, as S3 has them.

All of it happens in one batch under the key's lock, so every statement sees what the ones before it left.
"""

from __future__ import annotations

from typing import NamedTuple

from portico_server.objects.names import ObjectName
from portico_server.objects.records import NULL_VERSION, NewVersion, Versioning
from portico_server.objects.store import buckets, ledger, objects, versions
from portico_server.platform.database import Done, Statement


class Deleted(NamedTuple):
    """What a delete did: the version that is gone, or that of the marker it made; empty if there was nothing."""

    version_id: str
    marker: bool


def put(name: ObjectName, new: NewVersion, versioning: int) -> list[Statement]:
    """Makes `new` the current object. Guards that the bucket has this versioning."""
    bucket, key = name
    is_null = int(versioning != Versioning.ENABLED)
    stored = [*objects.put_bytes(new), objects.put(bucket, key, new, versioning, is_null)]
    if versioning == Versioning.DISABLED:
        return [ledger.put_replacing_current(bucket, key, new.id, new.size_bytes), *stored]
    if versioning == Versioning.ENABLED:
        kept = versions.retire_current(bucket, key)
        return [ledger.put_replacing_nothing(bucket, new.id, new.size_bytes), kept, *stored]
    return [
        ledger.put_replacing_null(bucket, key, new.id, new.size_bytes),
        versions.delete_null(bucket, key),
        versions.retire_current_with_id(bucket, key),
        *stored,
    ]


def delete(name: ObjectName, write_id: str, now_us: int, versioning: int) -> list[Statement]:
    """Removes the current object, or puts a delete marker in front. The last statement removes it."""
    bucket, key = name
    guard = buckets.is_open_as(bucket, versioning)
    gone = objects.delete(bucket, key)
    if versioning == Versioning.DISABLED:
        return [guard, ledger.remove_current(bucket, key), gone]
    if versioning == Versioning.ENABLED:
        marker = versions.put_marker(bucket, key, write_id, 0, now_us)
        return [guard, versions.retire_current(bucket, key), marker, gone]
    return [
        guard,
        *ledger.remove_version(bucket, key, NULL_VERSION),
        versions.delete_null(bucket, key),
        versions.retire_current_with_id(bucket, key),
        versions.put_marker(bucket, key, write_id, 1, now_us),
        gone,
    ]


def deleted(done: list[Done], write_id: str, versioning: int) -> Deleted:
    """What the statements of `delete` did."""
    if versioning == Versioning.DISABLED:
        return Deleted(NULL_VERSION if done[-1].count else "", False)
    return Deleted(write_id if versioning == Versioning.ENABLED else NULL_VERSION, True)


def delete_version(name: ObjectName, version_id: str) -> list[Statement]:
    """Removes one version for good; the newest that is left becomes current, unless it is a delete marker."""
    bucket, key = name
    return [
        buckets.is_open(bucket),
        *ledger.remove_version(bucket, key, version_id),
        *versions.delete_version(bucket, key, version_id),
        *versions.promote(bucket, key),
    ]


def deleted_version(done: list[Done], version_id: str) -> Deleted:
    """What the statements of `delete_version` did."""
    from_current, from_older = done[3], done[4]
    if not from_current.count and not from_older.count:
        return Deleted("", False)
    return Deleted(version_id, any(row[0] for row in from_older.rows))
