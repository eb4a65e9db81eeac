"""Objects put and read again."""

from __future__ import annotations

import asyncio
import hashlib
import os
import zlib
from collections.abc import AsyncIterator
from typing import Any

import pytest
from google.api.httpbody_pb2 import HttpBody

from portico.objects.v1 import objects_pb2
from portico_server.objects import errors
from portico_server.objects.content.incoming import INLINE_BYTES
from portico_server.objects.versions.reading import CHUNK_BYTES
from portico_server.platform.errors import ApiError
from tests.contract.objects.stand import BUCKET, Stand, keys

MIB = 1 << 20
SIZES = (0, 1, INLINE_BYTES, INLINE_BYTES + 1, 3 * MIB + 7)


@pytest.mark.parametrize("size", SIZES)
async def test_an_object_is_read_as_it_was_put(stand: Stand, size: int) -> None:
    data = os.urandom(size)
    put = await stand.put("folder/näme", data)
    assert await stand.get("folder/näme") == data
    assert put == await stand.head("folder/näme")
    assert put.name == f"{BUCKET}/objects/folder/näme"
    assert put.etag == hashlib.md5(data).hexdigest()
    assert (put.size_bytes, put.version_id) == (size, "null")
    assert put.checksums.md5 == hashlib.md5(data).digest()


async def test_the_first_message_of_a_get_tells_of_the_object_and_later_ones_are_bytes_alone(stand: Stand) -> None:
    size = 2 * CHUNK_BYTES
    put = await stand.put("k", bytes(size + 1), metadata=objects_pb2.ObjectMetadata(content_type="text/plain"))
    messages = [message async for message in stand.get_messages("k", offset_bytes=1)]
    assert messages[0].object == put
    assert messages[0].data.content_type == "text/plain"
    assert (messages[0].offset_bytes, messages[0].length_bytes) == (1, size)
    assert [len(message.data.data) for message in messages] == [CHUNK_BYTES, CHUNK_BYTES]
    assert messages[1] == objects_pb2.GetObjectResponse(data=HttpBody(data=bytes(CHUNK_BYTES)))


async def test_an_empty_object_is_one_message(stand: Stand) -> None:
    put = await stand.put("empty", b"")
    messages = [message async for message in stand.get_messages("empty")]
    assert [message.object for message in messages] == [put]


async def test_many_small_messages_make_one_object(stand: Stand) -> None:
    parts = [os.urandom(1000) for _ in range(3000)]
    await stand.put_parts("k", parts)
    assert await stand.get("k") == b"".join(parts)


async def test_metadata_comes_back_as_it_was_given(stand: Stand) -> None:
    metadata = objects_pb2.ObjectMetadata(
        content_type="text/html",
        content_encoding="br",
        content_disposition='attachment; filename="ü"',
        content_language="de",
        cache_control="no-store",
        expires="0",
        custom={"colour": "grün", "empty": ""},
    )
    assert (await stand.put("k", metadata=metadata)).metadata == metadata
    assert (await stand.head("k")).metadata == metadata
    assert (await stand.list()).objects[0].metadata == metadata


async def test_the_content_type_is_that_of_the_metadata_or_of_the_data_or_unknown(stand: Stand) -> None:
    async def put(data_type: str, metadata_type: str) -> str:
        async def messages() -> AsyncIterator[objects_pb2.PutObjectRequest]:
            yield objects_pb2.PutObjectRequest(
                name=f"{BUCKET}/objects/k",
                data=HttpBody(content_type=data_type),
                metadata=objects_pb2.ObjectMetadata(content_type=metadata_type),
            )

        return (await stand.put_messages(messages())).metadata.content_type

    assert await put("image/png", "text/css") == "text/css"
    assert await put("image/png", "") == "image/png"
    assert await put("", "") == "application/octet-stream"


@pytest.mark.parametrize(
    ("offset", "limit", "expected"),
    [
        (0, 0, "0123456789"),
        (3, 0, "3456789"),
        (3, 4, "3456"),
        (9, 5, "9"),
        (-3, 0, "789"),
        (-3, 2, "78"),
        (-99, 0, "0123456789"),
    ],
)
@pytest.mark.parametrize("repeat", [1, 5000])
async def test_a_range_is_read(stand: Stand, offset: int, limit: int, expected: str, repeat: int) -> None:
    data = b"".join(str(digit).encode() * repeat for digit in range(10))
    await stand.put("k", data)
    wanted = b"".join(digit.encode() * repeat for digit in expected)
    assert await stand.get("k", offset_bytes=offset * repeat, limit_bytes=limit * repeat) == wanted


@pytest.mark.parametrize(("size", "offset"), [(0, 1), (10, 10), (10, 11)])
async def test_a_range_that_begins_behind_the_end_is_refused(stand: Stand, size: int, offset: int) -> None:
    await stand.put("k", bytes(size))
    with pytest.raises(errors.InvalidRange):
        await stand.get("k", offset_bytes=offset)


DATA = b"123456789"
GOOD = {
    "md5": hashlib.md5(DATA).digest(),
    "sha1": hashlib.sha1(DATA).digest(),
    "sha256": hashlib.sha256(DATA).digest(),
    "crc32": zlib.crc32(DATA).to_bytes(4, "big"),
    "crc32c": bytes.fromhex("e3069283"),  # the check value of the catalogue of parametrised CRC algorithms
    "crc64nvme": bytes.fromhex("ae8b14860a799888"),  # likewise
}


@pytest.mark.parametrize("algorithm", GOOD)
async def test_a_checksum_is_verified_and_kept(stand: Stand, algorithm: str) -> None:
    put = await stand.put("k", DATA, checksums=objects_pb2.Checksums(**{algorithm: GOOD[algorithm]}))
    assert getattr(put.checksums, algorithm) == GOOD[algorithm]
    assert (await stand.head("k")).checksums == put.checksums


@pytest.mark.parametrize("algorithm", GOOD)
@pytest.mark.parametrize("repeat", [1, 5000])
async def test_with_a_wrong_checksum_nothing_is_stored(stand: Stand, algorithm: str, repeat: int) -> None:
    wrong = bytes([GOOD[algorithm][0] ^ 1, *GOOD[algorithm][1:]])
    with pytest.raises(errors.BadDigest) as refused:
        await stand.put("k", DATA * repeat, checksums=objects_pb2.Checksums(**{algorithm: wrong}))
    assert refused.value.field == f"checksums.{algorithm}"
    await assert_nothing_is_stored(stand)


@pytest.mark.parametrize(("size", "announced"), [(10, 9), (10, 11), (0, 1), (2 * MIB, MIB), (2 * MIB, 3 * MIB)])
async def test_with_another_size_than_announced_nothing_is_stored(stand: Stand, size: int, announced: int) -> None:
    with pytest.raises(errors.BadDigest):
        await stand.put("k", bytes(size), size_bytes=announced)
    await assert_nothing_is_stored(stand)


async def test_the_announced_size_may_be_zero(stand: Stand) -> None:
    assert (await stand.put("k", b"", size_bytes=0)).size_bytes == 0


@pytest.mark.parametrize("part", [b"x", bytes(2 * MIB)])
async def test_of_an_upload_that_breaks_off_nothing_is_stored(stand: Stand, part: bytes) -> None:
    class Disconnected(Exception):
        pass

    async def messages() -> AsyncIterator[objects_pb2.PutObjectRequest]:
        for _ in range(3):
            yield objects_pb2.PutObjectRequest(name=f"{BUCKET}/objects/k", data=HttpBody(data=part))
        raise Disconnected

    with pytest.raises(Disconnected):
        await stand.put_messages(messages())
    await assert_nothing_is_stored(stand)


async def test_of_an_upload_that_is_cancelled_nothing_is_stored(stand: Stand) -> None:
    waiting = asyncio.Event()

    async def messages() -> AsyncIterator[objects_pb2.PutObjectRequest]:
        for _ in range(3):
            yield objects_pb2.PutObjectRequest(name=f"{BUCKET}/objects/k", data=HttpBody(data=bytes(2 * MIB)))
        waiting.set()
        await asyncio.Event().wait()

    upload = asyncio.create_task(stand.put_messages(messages()))
    await waiting.wait()
    upload.cancel()
    with pytest.raises(asyncio.CancelledError):
        await upload
    await assert_nothing_is_stored(stand)


async def assert_nothing_is_stored(stand: Stand) -> None:
    assert keys(await stand.list()) == []
    assert stand.files() == []


REQUEST_ID = "0e5e8a6c-1f0e-4c07-9d59-3f0d6c0c0a02"


@pytest.mark.parametrize(("field", "value"), [("size_bytes", 1), ("request_id", REQUEST_ID)])
async def test_later_messages_carry_bytes_alone(stand: Stand, field: str, value: Any) -> None:
    async def messages() -> AsyncIterator[objects_pb2.PutObjectRequest]:
        yield objects_pb2.PutObjectRequest(name=f"{BUCKET}/objects/k")
        yield objects_pb2.PutObjectRequest(data=HttpBody(data=b"x"), **{field: value})

    with pytest.raises(errors.InvalidField, match=f"{field} belongs into the first message"):
        await stand.put_messages(messages())
    await assert_nothing_is_stored(stand)


async def test_a_message_of_more_than_4_mib_is_refused(stand: Stand) -> None:
    with pytest.raises(errors.InvalidField, match="4194304"):
        await stand.put_parts("k", [bytes(4 * MIB + 1)])


async def test_a_stream_without_a_message_is_refused(stand: Stand) -> None:
    with pytest.raises(errors.InvalidField):
        await stand.put_parts("k", [])


async def test_a_key_has_at_most_1024_bytes(stand: Stand) -> None:
    longest = "é" * 512
    await stand.put(longest, b"x")
    assert await stand.get(longest) == b"x"
    with pytest.raises(errors.InvalidField, match="1025 bytes"):
        await stand.put(longest + "x")


@pytest.mark.parametrize(
    "key", ["/", "a//b", "a/", "objects/x", "..", "%2F", "\x01", "é", "e\u0301", "\U0010ffff", " ", "a\nb"]
)
async def test_a_key_is_any_text_and_never_normalised(stand: Stand, key: str) -> None:
    await stand.put(key, b"x")
    assert await stand.get(key) == b"x"
    assert keys(await stand.list()) == [key]


async def test_what_is_not_there_is_named(stand: Stand) -> None:
    for read in (stand.get, stand.head):
        with pytest.raises(errors.ObjectNotFound):
            await read("k")
        with pytest.raises(errors.BucketNotFound):
            await read("k", bucket="accounts/default/buckets/absent")
        with pytest.raises(errors.VersionNotFound):
            await read("k", version_id="0123")
        with pytest.raises(errors.VersionNotFound):
            await read("k", version_id="null")


@pytest.mark.parametrize("size", [1, 2 * MIB])
async def test_a_put_into_a_bucket_that_is_not_there_is_refused(stand: Stand, size: int) -> None:
    with pytest.raises(errors.BucketNotFound):
        await stand.put("k", bytes(size), bucket="accounts/default/buckets/absent")


async def test_a_put_replaces_the_object_as_a_whole(stand: Stand) -> None:
    await stand.put("k", b"old", metadata=objects_pb2.ObjectMetadata(custom={"a": "b"}))
    new = await stand.put("k", b"newer")
    assert await stand.get("k") == b"newer"
    assert await stand.head("k") == new
    assert keys(await stand.list()) == ["k"]


async def test_a_get_reads_to_its_end_what_was_current_when_it_began(stand: Stand) -> None:
    old = os.urandom(5 * MIB)
    await stand.put("k", old)
    reading = stand.get_messages("k")
    read = [(await anext(reading)).data.data]
    await stand.put("k", b"new")
    await stand.collector.fold()
    stand.clock.pass_seconds(3600)
    await stand.collector.remove_retired_files()
    read += [message.data.data async for message in reading]
    assert b"".join(read) == old
    assert await stand.get("k") == b"new"


async def test_a_request_id_makes_a_retry_answer_as_the_first_time(stand: Stand) -> None:
    await stand.update_bucket(versioning=2)
    request_id = "0e5e8a6c-1f0e-4c07-9d59-3f0d6c0c0a01"
    first = await stand.put_parts("k", [b"one", b"two"], request_id=request_id)
    again = await stand.put_parts("k", [b"onetwo"], request_id=request_id)
    assert again == first
    assert len((await stand.list_versions()).objects) == 1
    with pytest.raises(ApiError, match="different request"):
        await stand.put("other", request_id=request_id)


async def test_a_caller_may_hold_only_one_of_the_two_permissions(stand: Stand) -> None:
    await stand.put("old")
    for held, refused, allowed in (("create", "old", "new"), ("update", "absent", "old")):
        stand.caller.held = frozenset({f"objects.object.{held}"})
        for size in (1, 2 * MIB):
            with pytest.raises(errors.PermissionMissing) as error:
                await stand.put(refused, bytes(size))
            missing = "update" if held == "create" else "create"
            assert error.value.metadata == {
                "permission": f"objects.object.{missing}",
                "resource": f"{BUCKET}/objects/{refused}",
            }
        await stand.put(allowed, b"allowed")
        assert await stand.get(allowed) == b"allowed"
