"""Objects that were put in parts: read, listed, copied, freed."""

from __future__ import annotations

import asyncio
import hashlib
import os

import pytest

from portico.objects.v1 import objects_pb2
from portico_server.objects import errors
from portico_server.objects.uploads import composing
from tests.contract.objects.parts import SMALL, etag_of, nothing_is_left
from tests.contract.objects.stand import ENABLED, Stand, keys


async def test_a_range_is_read_across_parts(stand: Stand, small_parts: None) -> None:
    await stand.put_in_parts("k", SMALL)
    whole = b"".join(SMALL)
    for offset, limit in ((0, 0), (29_999, 2), (29_999, 8), (30_000, 5), (30_005, 0), (46_389, 1), (-16_386, 2)):
        begin = offset if offset >= 0 else len(whole) + offset
        expected = whole[begin : begin + limit if limit else None]
        assert await stand.get("k", offset_bytes=offset, limit_bytes=limit) == expected
    with pytest.raises(errors.InvalidRange):
        await stand.get("k", offset_bytes=len(whole))


async def test_a_part_of_an_object_is_read_by_its_number(stand: Stand, small_parts: None) -> None:
    await stand.put_in_parts("k", SMALL)
    for number, data in enumerate(SMALL, 1):
        assert await stand.get("k", part_number=number) == data
        response = await stand.head_part("k", number)
        assert response.part_size_bytes == len(data)
        assert response.part_offset_bytes == sum(map(len, SMALL[: number - 1]))
        assert response.object.parts_count == len(SMALL)
    with pytest.raises(errors.InvalidPartNumber):
        await stand.get("k", part_number=4)
    await stand.put("whole", b"bytes")
    assert await stand.get("whole", part_number=1) == b"bytes"
    with pytest.raises(errors.InvalidPartNumber):
        await stand.get("whole", part_number=2)
    with pytest.raises(errors.InvalidField):
        await stand.get("k", part_number=1, offset_bytes=1)


async def test_an_object_of_one_small_part_is_read_at_once(stand: Stand) -> None:
    made = await stand.put_in_parts("k", [b"bytes"])
    assert made.etag == etag_of([b"bytes"])
    messages = [message async for message in stand.get_messages("k", offset_bytes=1)]
    assert [message.data.data for message in messages] == [b"ytes"]
    await stand.put_in_parts("empty", [b""])
    assert await stand.get("empty") == b""
    assert (await stand.head("empty")).parts_count == 1


async def test_parts_of_an_object_are_listed(stand: Stand, small_parts: None) -> None:
    upload = await stand.create_upload("k")
    uploaded = [await stand.upload_part("k", upload, number, data) for number, data in enumerate(SMALL, 1)]
    page = await stand.list_parts("k", upload, page_size=2)
    assert list(page.parts) == uploaded[:2]
    assert page.upload.upload_id == upload
    following = await stand.list_parts("k", upload, page_size=2, page_token=page.next_page_token)
    assert list(following.parts) == uploaded[2:]
    assert not following.next_page_token
    assert list((await stand.list_parts("k", upload, start_after=2)).parts) == uploaded[2:]
    made = await stand.complete("k", upload, [1, 2, 3])
    response = await stand.list_object_parts("k", page_size=2)
    assert list(response.parts) == uploaded[:2]
    assert response.object == made
    following_page = await stand.list_object_parts("k", page_size=2, page_token=response.next_page_token)
    assert list(following_page.parts) == uploaded[2:]
    await stand.put("whole", b"bytes")
    assert not (await stand.list_object_parts("whole")).parts


async def test_an_object_of_parts_that_is_deleted_or_replaced_leaves_nothing(stand: Stand, small_parts: None) -> None:
    await stand.put_in_parts("k", SMALL)
    await stand.put_in_parts("k", SMALL[:2])
    await stand.put("k", b"bytes")
    await stand.put_in_parts("k", SMALL[1:])
    await stand.collect()
    assert len(stand.files()) == 1
    assert await stand.usage() == (1, len(b"".join(SMALL[1:])))
    await stand.delete("k")
    await stand.collect()
    assert await nothing_is_left(stand)


async def test_older_versions_keep_their_parts(stand: Stand, small_parts: None) -> None:
    await stand.update_bucket(versioning=ENABLED)
    first = await stand.put_in_parts("k", SMALL)
    second = await stand.put_in_parts("k", SMALL[:2])
    await stand.delete("k")
    await stand.collect()
    assert await stand.get("k", version_id=first.version_id) == b"".join(SMALL)
    assert await stand.get("k", version_id=second.version_id) == b"".join(SMALL[:2])
    assert [part.number for part in (await stand.list_object_parts("k", version_id=first.version_id)).parts] == [
        1,
        2,
        3,
    ]
    versions = (await stand.list_versions()).objects
    await stand.delete_many([("k", version.version_id) for version in versions])
    await stand.collect()
    assert await nothing_is_left(stand)


async def test_a_copy_shares_the_parts_until_the_last_is_deleted(stand: Stand, small_parts: None) -> None:
    made = await stand.put_in_parts("k", SMALL)
    copied = await stand.copy("k", "copy")
    assert (copied.etag, copied.parts_count, copied.checksums) == (made.etag, 3, made.checksums)
    await stand.collect()
    assert await stand.usage() == (2, 2 * made.size_bytes)
    await stand.delete("k")
    await stand.collect()
    assert await stand.get("copy") == b"".join(SMALL)
    await stand.copy("copy", "copy")  # over itself
    await stand.collect()
    assert await stand.get("copy") == b"".join(SMALL)
    assert await stand.usage() == (1, made.size_bytes)
    await stand.delete("copy")
    await stand.collect()
    assert await nothing_is_left(stand)


async def test_a_copy_of_what_is_being_freed_is_of_nothing_or_whole(stand: Stand, small_parts: None) -> None:
    for number in range(12):
        await stand.put_in_parts("k", SMALL)
        await stand.copy("k", "copy")

        async def free() -> None:
            await stand.delete("k")
            await stand.delete("copy")
            await stand.collect()

        async def copy(number: int = number) -> None:
            for _ in range(number):
                await asyncio.sleep(0)
            await stand.copy("copy", "later")

        await asyncio.gather(free(), copy(), return_exceptions=True)
        await stand.collect()
        if keys(await stand.list()):
            assert await stand.get("later") == b"".join(SMALL)
            await stand.delete("later")
        await stand.collect()
        assert await nothing_is_left(stand)


async def test_what_is_read_is_not_freed_before_it_was_read(stand: Stand, small_parts: None) -> None:
    parts = [os.urandom(600_000) for _ in range(4)]
    await stand.put_in_parts("k", parts)
    messages = stand.get_messages("k")
    read = [(await anext(messages)).data.data]
    await stand.delete("k")
    await stand.collect()
    await stand.collect()
    async for message in messages:
        read.append(message.data.data)
    assert b"".join(read) == b"".join(parts)
    await stand.collect()
    assert await nothing_is_left(stand)


@pytest.mark.parametrize("count", [1_000, pytest.param(composing.MAX_PARTS, marks=pytest.mark.long)])
async def test_many_parts_are_one_object(stand: Stand, small_parts: None, count: int) -> None:
    upload = await stand.create_upload("k")
    for first in range(1, count + 1, 500):
        await asyncio.gather(
            *(stand.upload_part("k", upload, number, b"%d\n" % number) for number in range(first, first + 500))
        )
    made = await stand.complete("k", upload, range(2, count + 1, 2))
    expected = b"".join(b"%d\n" % number for number in range(2, count + 1, 2))
    assert (made.parts_count, made.size_bytes) == (count // 2, len(expected))
    assert await stand.get("k") == expected
    assert await stand.get("k", part_number=count) == b"%d\n" % count
    await stand.delete("k")
    await stand.collect()
    assert await nothing_is_left(stand)


async def test_a_part_whose_bytes_are_lost_is_told_as_damage(stand: Stand, small_parts: None) -> None:
    parts = [os.urandom(30_000) for _ in range(3)]
    await stand.put_in_parts("k", parts)
    rows = await stand.database.scan("SELECT file FROM part ORDER BY number")
    path = {path.name: path for path in stand.files()}
    path[rows[2][0]].write_bytes(b"short")
    assert await stand.get("k", limit_bytes=60_000) == b"".join(parts[:2])
    with pytest.raises(errors.ObjectDamaged):
        await stand.get("k")
    path[rows[1][0]].unlink()
    with pytest.raises(errors.ObjectDamaged):
        await stand.get("k")
    path[rows[0][0]].unlink()
    with pytest.raises(errors.ObjectDamaged):
        await stand.get("k")
    await stand.copy("k", "copy")
    await stand.delete("k")
    await stand.delete("copy")
    await stand.collect()
    assert await nothing_is_left(stand)


async def test_a_copy_gets_further_digests_of_the_bytes(stand: Stand, small_parts: None) -> None:
    made = await stand.put_in_parts("k", SMALL)
    copied = await stand.copy("k", "copy", checksum_algorithms=[objects_pb2.CHECKSUM_ALGORITHM_SHA256])
    assert copied.checksums.sha256 == hashlib.sha256(b"".join(SMALL)).digest()
    assert copied.checksums.crc64nvme == made.checksums.crc64nvme
    await stand.put_in_parts("composite", SMALL, checksum_algorithm=objects_pb2.CHECKSUM_ALGORITHM_SHA256)
    kept = await stand.copy("composite", "copy")
    assert kept.checksums == (await stand.head("composite")).checksums
    whole = await stand.copy("composite", "copy", checksum_algorithms=[objects_pb2.CHECKSUM_ALGORITHM_SHA256])
    assert whole.checksums == copied.checksums
