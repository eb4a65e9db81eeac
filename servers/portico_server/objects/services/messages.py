"""Between the contract's messages and the domain's values."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from google.protobuf.message import Message

from portico.objects.v1 import buckets_pb2, objects_pb2
from portico_server.objects.buckets import settings
from portico_server.objects.names import object_name
from portico_server.objects.records import NULL_VERSION, Bucket, Version
from portico_server.objects.versions import conditions
from portico_server.objects.versions.conditions import Conditions
from portico_server.objects.versions.deleting import Deleted

_MESSAGES_AT_ONCE = 200
Listed = Any
"""The repeated field of a response that takes objects: what is added to it in place need not be copied."""
DEFAULT_CONTENT_TYPE = "application/octet-stream"


def bucket_message(bucket: Bucket) -> buckets_pb2.Bucket:
    message = buckets_pb2.Bucket(
        name=bucket.name,
        etag=bucket.etag,
        versioning=buckets_pb2.Versioning.Name(bucket.versioning),
        location_hint=bucket.location_hint,
        jurisdiction=bucket.jurisdiction,
    )
    message.create_time.seconds, message.create_time.nanos = timestamp(bucket.created_at_us)
    message.update_time.seconds, message.update_time.nanos = timestamp(bucket.updated_at_us)
    settings.fill(message, bucket)
    return message


def object_message(bucket: str, version: Version) -> objects_pb2.Object:
    """One version, as put, get and head answer it."""
    message = listed_message(bucket, version)
    if version.marks:
        message.MergeFromString(version.marks)
    if version.expires_at_us:
        message.expire_time.seconds, message.expire_time.nanos = timestamp(version.expires_at_us)
        message.expire_rule_id = version.expire_rule_id
    return message


def listed_message(bucket: str, version: Version) -> objects_pb2.Object:
    """One version, as lists answer it: without its marks."""
    message = objects_pb2.Object()
    _fill(message, object_name(bucket, ""), version)
    return message


async def add_objects(listed: Listed, bucket: str, versions: Sequence[Version]) -> None:
    """Adds many of them to a response, letting others run in between: each takes some 3 us."""
    prefix, add = object_name(bucket, ""), listed.add
    for number, version in enumerate(versions, 1):
        _fill(add(), prefix, version)
        if number % _MESSAGES_AT_ONCE == 0:
            await asyncio.sleep(0)


async def add_versions(listed: Listed, bucket: str, versions: Sequence[Version]) -> None:
    """Versions and delete markers, as a list of versions answers them."""
    await add_objects(listed, bucket, versions)
    for message, version in zip(listed, versions, strict=True):
        message.delete_marker = bool(version.marker)
        message.latest = bool(version.latest)


def _fill(message: objects_pb2.Object, prefix: str, version: Version) -> None:
    """`prefix`: of the object's name, before its key."""
    key, write_id, is_null, _, etag, size_bytes, created_at_us, file, metadata, checksums, *_ = version
    message.name = prefix + key
    message.version_id = NULL_VERSION if is_null else write_id
    message.etag = etag
    message.size_bytes = size_bytes
    if file:
        message.parts_count = version.parts_count
    created = message.create_time
    created.seconds, created.nanos = timestamp(created_at_us)
    message.metadata.MergeFromString(metadata)
    message.checksums.MergeFromString(checksums)


def timestamp(microseconds: int) -> tuple[int, int]:
    """Seconds and nanoseconds of a Timestamp."""
    seconds, rest = divmod(microseconds, 1_000_000)
    return seconds, rest * 1000


def conditions_of(request: Message, field: str = "conditions") -> Conditions:
    """The conditions in a field of a request; `NONE` where it has none."""
    if not request.HasField(field):
        return conditions.NONE
    given: objects_pb2.Conditions = getattr(request, field)
    found = Conditions(
        tuple(given.if_match),
        tuple(given.if_none_match),
        given.if_modified_since.seconds if given.HasField("if_modified_since") else None,
        given.if_unmodified_since.seconds if given.HasField("if_unmodified_since") else None,
    )
    return conditions.NONE if found == conditions.NONE else found


def stored_metadata(metadata: objects_pb2.ObjectMetadata, content_type: str = "") -> bytes:
    """The metadata as it is stored: with a content type, that of the data where it names none itself."""
    if metadata.content_type:
        return metadata.SerializeToString()
    typed = objects_pb2.ObjectMetadata(content_type=content_type or DEFAULT_CONTENT_TYPE)
    typed.MergeFrom(metadata)
    return typed.SerializeToString()


def deleted_message(deleted: Deleted) -> objects_pb2.DeleteObjectResponse:
    return objects_pb2.DeleteObjectResponse(version_id=deleted.version_id, delete_marker=deleted.marker)
