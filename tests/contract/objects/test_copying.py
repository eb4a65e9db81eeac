"""Objects copied."""

from __future__ import annotations

import asyncio
import os

import pytest

from portico.objects.v1 import objects_pb2
from portico_server.objects import errors
from tests.contract.objects.stand import ENABLED, Stand

OTHER = "accounts/default/buckets/other"


@pytest.mark.parametrize("size", [0, 100, 100_000])
async def test_a_copy_is_an_object_of_its_own(stand: Stand, size: int) -> None:
    await stand.create_bucket(OTHER)
    data = os.urandom(size)
    metadata = objects_pb2.ObjectMetadata(content_type="text/css", custom={"a": "b"})
    source = await stand.put("source", data, metadata=metadata)
    stand.clock.pass_seconds(5)
    copy = await stand.copy("source", "folder/copy", bucket=OTHER)
    assert (copy.etag, copy.size_bytes, copy.checksums) == (source.etag, source.size_bytes, source.checksums)
    assert copy.metadata == metadata
    assert copy.create_time.seconds >= source.create_time.seconds + 5
    await stand.delete("source")
    await stand.collect()
    assert await stand.get("folder/copy", bucket=OTHER) == data


async def test_a_copy_may_have_metadata_of_its_own(stand: Stand) -> None:
    await stand.put("source", metadata=objects_pb2.ObjectMetadata(content_type="text/css", custom={"a": "b"}))
    copy = await stand.copy("source", "copy", metadata=objects_pb2.ObjectMetadata(cache_control="no-store"))
    assert copy.metadata == objects_pb2.ObjectMetadata(
        content_type="application/octet-stream", cache_control="no-store"
    )


@pytest.mark.parametrize("size", [100, 100_000])
async def test_an_object_copied_onto_itself_keeps_its_bytes(stand: Stand, size: int) -> None:
    data = os.urandom(size)
    await stand.put("k", data)
    await stand.copy("k", "k", metadata=objects_pb2.ObjectMetadata(content_type="text/css"))
    await stand.collect()
    assert await stand.get("k") == data
    assert (await stand.head("k")).metadata.content_type == "text/css"


async def test_an_older_version_can_be_copied_to_be_current_again(stand: Stand) -> None:
    await stand.update_bucket(versioning=ENABLED)
    old = await stand.put("k", b"old")
    await stand.put("k", b"new")
    await stand.copy("k", "k", source_version_id=old.version_id)
    assert await stand.get("k") == b"old"
    assert len((await stand.list_versions()).objects) == 3


async def test_conditions_of_the_source_are_held_against_the_source(stand: Stand) -> None:
    source = await stand.put("source")
    with pytest.raises(errors.EtagMismatch):
        await stand.copy("source", "copy", source_conditions=objects_pb2.Conditions(if_match=["other"]))
    await stand.copy("source", "copy", source_conditions=objects_pb2.Conditions(if_match=[source.etag]))


async def test_what_is_not_there_cannot_be_copied(stand: Stand) -> None:
    with pytest.raises(errors.ObjectNotFound):
        await stand.copy("absent", "copy")
    await stand.put("source", bytes(100_000))
    with pytest.raises(errors.VersionNotFound):
        await stand.copy("source", "copy", source_version_id="0123")
    with pytest.raises(errors.BucketNotFound):
        await stand.copy("source", "copy", bucket=OTHER)
    with pytest.raises(errors.BucketNotFound):
        await stand.copy("source", "copy", source_bucket=OTHER)


async def test_a_request_id_makes_a_retry_answer_as_the_first_time(stand: Stand) -> None:
    await stand.update_bucket(versioning=ENABLED)
    await stand.put("source")
    request_id = "0e5e8a6c-1f0e-4c07-9d59-3f0d6c0c0a01"
    copies = await asyncio.gather(*(stand.copy("source", "copy", request_id=request_id) for _ in range(5)))
    assert len({copy.version_id for copy in copies}) == 1
    assert len((await stand.list_versions(prefix="copy")).objects) == 1


async def test_a_copy_needs_the_permission_that_the_case_needs(stand: Stand) -> None:
    await stand.put("source", bytes(100_000))
    stand.caller.held = frozenset({"objects.object.create"})
    await stand.copy("source", "copy")
    with pytest.raises(errors.PermissionMissing):
        await stand.copy("source", "copy")
