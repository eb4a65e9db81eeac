"""Objects of public buckets are read and listed by everybody, those of others by nobody whom no policy allows it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import grpc
import pytest
from google.protobuf.field_mask_pb2 import FieldMask

from portico.objects.v1 import buckets_pb2, objects_pb2
from portico.objects.v1.buckets_pb2 import PublicAccessBlock
from portico_server.objects import errors
from portico_server.platform.authorization import Filter
from portico_server.platform.errors import ApiError
from tests.contract.objects.stand import ACCOUNT, BUCKET, ENABLED, Caller, Stand

PRIVATE, PUBLIC = 1, 2


def denied() -> ApiError:
    return ApiError(grpc.StatusCode.PERMISSION_DENIED, "PERMISSION_DENIED", "as the gateway says it")


@pytest.fixture
def stranger(stand: Stand) -> Stand:
    """Whose calls policies do not allow."""
    stand.caller = Caller(denial=denied)
    return stand


async def as_owner(stand: Stand, work: Callable[..., Awaitable[Any]], *args: Any, **request: Any) -> Any:
    caller, stand.caller = stand.caller, Caller()
    try:
        return await work(*args, **request)
    finally:
        stand.caller = caller


async def test_a_stranger_reads_from_a_public_bucket(stranger: Stand) -> None:
    await as_owner(stranger, stranger.put, "key")
    await as_owner(stranger, stranger.update_bucket, public_access=PUBLIC)
    assert await stranger.get("key") == b"bytes"
    assert (await stranger.head("key")).size_bytes == 5
    with pytest.raises(errors.ObjectNotFound):
        await stranger.get("absent")


async def test_a_stranger_sees_no_tags(stranger: Stand) -> None:
    await as_owner(stranger, stranger.put, "key", tags={"a": "1"})
    await as_owner(stranger, stranger.update_bucket, public_access=PUBLIC)
    assert not (await stranger.head("key")).tags
    assert (await as_owner(stranger, stranger.head, "key")).tags == {"a": "1"}


async def test_what_is_private_again_is_so_at_once(stranger: Stand) -> None:
    await as_owner(stranger, stranger.put, "key")
    await as_owner(stranger, stranger.update_bucket, public_access=PUBLIC)
    await stranger.get("key")
    await as_owner(stranger, stranger.update_bucket, public_access=PRIVATE)
    with pytest.raises(ApiError, match="as the gateway says it"):
        await stranger.get("key")


async def test_a_stranger_is_refused_alike_whatever_there_is(stranger: Stand) -> None:
    await as_owner(stranger, stranger.put, "key")
    refusals = []
    for bucket, key in ((BUCKET, "key"), (BUCKET, "absent"), (f"{ACCOUNT}/buckets/absent", "key")):
        for read in (stranger.get, stranger.head):
            with pytest.raises(ApiError) as refused:
                await read(key, bucket)
            refusals.append(refused.value.status())
    assert all(refusal == refusals[0] for refusal in refusals)


async def test_versions_are_not_public(stranger: Stand) -> None:
    """What was deleted or replaced should not be read any more; and `null` is an id that anybody can guess."""
    old = await as_owner(stranger, stranger.put, "key")
    await as_owner(stranger, stranger.update_bucket, public_access=PUBLIC, versioning=ENABLED)
    await as_owner(stranger, stranger.put, "key", b"new")
    for version_id in ("null", old.version_id):
        with pytest.raises(ApiError):
            await stranger.get("key", version_id=version_id)
    assert await stranger.get("key") == b"new"


async def test_a_stranger_lists_where_the_bucket_is_listed(stranger: Stand) -> None:
    described = objects_pb2.ObjectMetadata(content_type="text/plain", custom={"owner": "jane"})
    await as_owner(stranger, stranger.put, "a", tags={"a": "1"}, metadata=described)
    await as_owner(stranger, stranger.update_bucket, public_list=True)
    (found,) = (await stranger.list()).objects
    assert (found.name.rpartition("/")[2], found.size_bytes) == ("a", 5)
    assert not any((found.HasField("metadata"), found.version_id, found.tags)), "what only its readers may know"
    assert (await as_owner(stranger, stranger.list)).objects[0].metadata == described
    with pytest.raises(ApiError, match="as the gateway says it"):
        await stranger.get("a")


async def test_nobody_lists_what_is_only_read(stranger: Stand) -> None:
    await as_owner(stranger, stranger.update_bucket, public_access=PUBLIC)
    for bucket in (BUCKET, f"{ACCOUNT}/buckets/absent"):
        with pytest.raises(ApiError, match="as the gateway says it"):
            await stranger.list(bucket)


async def test_who_may_see_a_part_sees_all_of_a_listed_bucket(stand: Stand) -> None:
    await stand.put("a/1")
    await stand.put("b/1")
    stand.caller = Caller(filter=Filter(everything=False, allow=(f"{BUCKET}/objects/a/",)))
    assert len((await stand.list()).objects) == 1
    await stand.update_bucket(public_list=True)
    assert len((await stand.list()).objects) == 2


async def test_a_block_keeps_a_bucket_from_being_opened(stand: Stand) -> None:
    await stand.update_bucket(public_list=True)
    bucket = await stand.update_bucket(public_access_block=PublicAccessBlock(block_public_policy=True))
    assert bucket.public_list, "what is open stays open"
    for opening in ({"public_access": PUBLIC}, {"public_list": True}, {"public_location": True}):
        with pytest.raises(errors.PublicAccessBlocked):
            await stand.update_bucket(**opening)
    await stand.update_bucket(public_access=PRIVATE)
    await stand.update_bucket(update_mask=FieldMask(paths=["public_list"]))
    unblocked = await stand.update_bucket(update_mask=FieldMask(paths=["public_access_block"]))
    assert (unblocked.public_list, unblocked.HasField("public_access_block")) == (False, False)
    await stand.update_bucket(public_access=PUBLIC, public_list=True)


async def test_a_block_is_made_with_a_bucket(stand: Stand) -> None:
    block = PublicAccessBlock(block_public_policy=True)
    with pytest.raises(errors.PublicAccessBlocked):
        await stand.create_bucket(f"{BUCKET}-2", buckets_pb2.Bucket(public_list=True, public_access_block=block))


async def test_what_is_restricted_is_open_to_nobody(stranger: Stand) -> None:
    await as_owner(stranger, stranger.put, "key")
    await as_owner(stranger, stranger.update_bucket, public_access=PUBLIC, public_list=True)
    restricted = PublicAccessBlock(restrict_public_buckets=True)
    await as_owner(stranger, stranger.update_bucket, public_access_block=restricted)
    for refused in (stranger.get("key"), stranger.head("key"), stranger.list()):
        with pytest.raises(ApiError, match="as the gateway says it"):
            await refused
    assert await as_owner(stranger, stranger.get, "key") == b"bytes"
    assert len((await as_owner(stranger, stranger.list)).objects) == 1
