"""What every backend of blobs promises. Each test runs on each of them: files, and the S3 door of another platform."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from portico_server.platform.blobs import LOCAL, Blobs, BlobWriter, Store, store_of
from portico_server.platform.blobs.errors import StoreUnknown
from portico_server.platform.blobs.files import FileBlobs
from portico_server.platform.blobs.placed import PlacedBlobs
from portico_server.platform.blobs.s3.blobs import S3Blobs
from portico_server.platform.blobs.stores import S3Store
from tests.harness import RunningPlatform
from tests.harness.stores import store_in

AWAY = "away"
PART_BYTES = 5 << 20
"""The least that S3 takes."""

_numbers = itertools.count()


@pytest.fixture(scope="module")
def away(elsewhere: RunningPlatform) -> S3Store:
    return store_in(elsewhere, "blobs", Store(AWAY))


@pytest.fixture(params=["files", "s3"])
async def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Blobs]:
    """An empty store of each backend, the usual one of its blobs."""
    files = await FileBlobs.start(tmp_path / "blobs")
    opened: FileBlobs | PlacedBlobs = files
    if request.param == "s3":
        opened = PlacedBlobs(files, {AWAY: remote(request.getfixturevalue("away"), tmp_path / "blobs")}, AWAY)
        await opened.belong_to("the database")
    yield opened
    await opened.close()


def remote(away: S3Store, folder: Path) -> S3Blobs:
    """Blobs below a prefix of their own."""
    return S3Blobs(away, f"product-{next(_numbers)}", folder, PART_BYTES)


async def written(blobs: Blobs, *parts: bytes) -> str:
    writer = await blobs.create()
    for part in parts:
        await writer.write(part)
    await writer.commit()
    return writer.blob_id


async def content(
    blobs: Blobs, blob_id: str, offset: int = 0, length: int | None = None, chunk: int = 4
) -> list[bytes]:
    blob = await blobs.open(blob_id)
    try:
        wanted = blob.size_bytes - offset if length is None else length
        return [part async for part in blob.chunks(offset, wanted, chunk)]
    finally:
        await blob.close()


async def half_written(blobs: Blobs) -> BlobWriter:
    """Enough that some of it is in the store."""
    writer = await blobs.create()
    for _ in range(3):
        await writer.write(b"x" * (PART_BYTES // 2))
    while writer.blob_id not in [found async for found, _ in blobs.all_ids()]:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    return writer


async def test_a_blob_is_read_as_it_was_written(blobs: Blobs) -> None:
    blob_id = await written(blobs, b"one", b"", b"twothree")
    assert await content(blobs, blob_id) == [b"onet", b"woth", b"ree"]
    assert await content(blobs, blob_id, 3, 5, 100) == [b"twoth"]
    assert await content(blobs, blob_id, 11, 0) == []
    assert await content(blobs, await written(blobs)) == []


async def test_a_large_blob_is_read_as_it_was_written(blobs: Blobs) -> None:
    """In S3 it has three parts."""
    piece = bytes(range(256)) * 8192
    blob_id = await written(blobs, *[piece] * 6)
    assert b"".join(await content(blobs, blob_id, chunk=1 << 18)) == piece * 6
    assert await content(blobs, blob_id, PART_BYTES - 2, 4) == [(piece * 6)[PART_BYTES - 2 : PART_BYTES + 2]]
    copy = await blobs.copy(blob_id)
    assert b"".join(await content(blobs, copy, chunk=1 << 20)) == piece * 6


async def test_parts_of_any_sizes_are_written_one_behind_the_other(blobs: Blobs) -> None:
    parts = [bytes([number]) * size for number, size in enumerate((5, 4091, 0, 1 << 20, 4096, 3_000_001, 7), 1)]
    writer = await blobs.create()
    await writer.write(*parts)
    await writer.write()
    await writer.write(b"end")
    await writer.commit()
    assert b"".join(await content(blobs, writer.blob_id, chunk=1 << 20)) == b"".join(parts) + b"end"


async def test_a_blob_that_has_just_the_size_of_a_part_is_whole(blobs: Blobs) -> None:
    blob_id = await written(blobs, b"x" * PART_BYTES)
    assert b"".join(await content(blobs, blob_id, chunk=1 << 20)) == b"x" * PART_BYTES


async def test_many_write_and_read_at_once(blobs: Blobs) -> None:
    async def there_and_back(number: int) -> bool:
        data = f"{number}".encode() * 10_000
        return b"".join(await content(blobs, await written(blobs, data), chunk=4096)) == data

    assert all(await asyncio.gather(*map(there_and_back, range(40))))


async def test_a_blob_is_not_there_before_it_is_committed(blobs: Blobs) -> None:
    writer = await blobs.create()
    await writer.write(b"x")
    with pytest.raises(FileNotFoundError):
        await blobs.open(writer.blob_id)
    await writer.commit()
    assert await content(blobs, writer.blob_id) == [b"x"]


async def test_to_discard_a_committed_blob_does_nothing(blobs: Blobs) -> None:
    writer = await blobs.create()
    await writer.commit()
    await writer.discard()
    assert await content(blobs, writer.blob_id) == []


async def test_a_deleted_blob_is_read_to_its_end_by_who_has_it_open(blobs: Blobs) -> None:
    blob_id = await written(blobs, b"0123456789")
    blob = await blobs.open(blob_id)
    chunks = blob.chunks(0, 10, 4)
    read = [await anext(chunks)]
    await blobs.delete(blob_id)
    read += [part async for part in chunks]
    assert read == [b"0123", b"4567", b"89"]
    await blob.close()
    await blobs.delete(blob_id)  # a store outside has left it where it was
    with pytest.raises(FileNotFoundError):
        await blobs.open(blob_id)


async def test_of_a_discarded_blob_nothing_is_left(blobs: Blobs) -> None:
    writer = await blobs.create()
    await writer.write(b"x")
    await writer.discard()
    await writer.discard()
    assert [found async for found in blobs.all_ids()] == []
    with pytest.raises(FileNotFoundError):
        await blobs.open(writer.blob_id)


async def test_to_delete_what_is_not_there_succeeds(blobs: Blobs) -> None:
    blob_id = await written(blobs, b"x")
    await blobs.delete(blob_id)
    await blobs.delete(blob_id)
    with pytest.raises(FileNotFoundError):
        await blobs.open(blob_id)


async def test_a_copy_outlives_its_source(blobs: Blobs) -> None:
    source = await written(blobs, b"bytes")
    copy = await blobs.copy(source)
    assert copy != source
    await blobs.delete(source)
    assert await content(blobs, copy) == [b"byte", b"s"]
    with pytest.raises(FileNotFoundError):
        await blobs.copy(source)


async def test_every_blob_is_told_unfinished_ones_too(blobs: Blobs) -> None:
    committed, unfinished = await written(blobs, b"x"), await half_written(blobs)
    copy = await blobs.copy(committed)
    ages = {blob_id: age async for blob_id, age in blobs.all_ids()}
    assert ages.keys() == {committed, unfinished.blob_id, copy}
    assert all(0 <= age < 100 for age in ages.values())


async def test_a_part_of_a_blob_can_be_read_while_others_read_and_write(blobs: Blobs) -> None:
    blob_id = await written(blobs, bytes(range(256)) * 1000)
    blob = await blobs.open(blob_id)
    one, other = blob.chunks(0, 512, 256), blob.chunks(1, 256, 256)
    assert await anext(one) == bytes(range(256))
    assert await anext(other) == bytes([*range(1, 256), 0])
    await written(blobs, b"x")
    assert await anext(one) == bytes(range(256))
    await one.aclose()
    await other.aclose()
    await blob.close()


async def test_what_is_set_aside_is_out_of_sight_and_can_be_brought_back(blobs: Blobs) -> None:
    blob_id, other = await written(blobs, b"bytes"), await written(blobs, b"x")
    await blobs.set_aside(blob_id)
    hidden = [found async for found, _ in blobs.all_aside(hidden=True)]
    if hidden:
        assert hidden == [blob_id]
        with pytest.raises(FileNotFoundError):
            await blobs.open(blob_id)
        with pytest.raises(FileNotFoundError):
            await blobs.copy(blob_id)
    else:
        assert await content(blobs, blob_id) == [b"byte", b"s"]
    assert [found async for found, _ in blobs.all_ids()] == [other]
    ((found, age_seconds),) = [entry async for entry in blobs.all_aside()]
    assert (found, 0 <= age_seconds < 100) == (blob_id, True)
    for _ in range(2):
        await blobs.bring_back(blob_id)
    assert await content(blobs, blob_id) == [b"byte", b"s"]
    assert [found async for found in blobs.all_aside()] == []


async def test_what_is_set_aside_can_be_removed(blobs: Blobs) -> None:
    blob_id = await written(blobs, b"bytes")
    await blobs.set_aside(blob_id)
    for _ in range(2):
        await blobs.delete_aside(blob_id)
    await blobs.bring_back(blob_id)
    assert [found async for found in blobs.all_aside()] == []
    with pytest.raises(FileNotFoundError):
        await blobs.open(blob_id)


async def test_of_an_unfinished_blob_nothing_is_set_aside(blobs: Blobs) -> None:
    writer = await half_written(blobs)
    blob_id = writer.blob_id
    del writer  # as if its process had died
    while [found async for found in blobs.all_ids()]:  # until what is underway has ended
        await blobs.set_aside(blob_id)
    assert [found async for found in blobs.all_ids()] == []
    assert [found async for found in blobs.all_aside()] == []


async def test_blobs_have_the_owner_that_claimed_them_last(blobs: Blobs) -> None:
    assert await blobs.owner() == ""
    for owner in ("one", "other"):
        await blobs.claim(owner)
        assert await blobs.owner() == owner
    assert [found async for found in blobs.all_ids()] == []


async def test_who_pins_a_blob_keeps_others_from_what_must_not_happen_meanwhile(blobs: Blobs) -> None:
    blob_id = await written(blobs, b"x")
    one, other = await blobs.open(blob_id, pinned=True), await blobs.open(blob_id, pinned=True)
    await one.close()
    async with blobs.unpinned(blob_id) as free:
        assert not free
    await other.close()
    read = await blobs.open(blob_id)
    async with blobs.unpinned(blob_id) as free:
        assert free
        with pytest.raises(FileNotFoundError):
            await blobs.open(blob_id, pinned=True)
        assert await content(blobs, blob_id) == [b"x"]
    await read.close()
    async with blobs.unpinned(await missing(blobs)) as free:
        assert free


async def missing(blobs: Blobs) -> str:
    blob_id = await written(blobs, b"x")
    await blobs.delete(blob_id)
    return blob_id


async def test_a_store_that_nobody_described_is_told_by_its_name(blobs: Blobs) -> None:
    for refused in (blobs.create("nowhere"), blobs.copy(await written(blobs, b"x"), "nowhere")):
        with pytest.raises(StoreUnknown, match="nowhere"):
            await refused
    with pytest.raises(StoreUnknown, match="gone"):
        await blobs.open(f"gone.{'0' * 32}")


async def test_bytes_go_from_store_to_store(away: S3Store, tmp_path: Path) -> None:
    blobs = PlacedBlobs(await FileBlobs.start(tmp_path), {AWAY: remote(away, tmp_path)}, LOCAL)
    await blobs.belong_to("the database")
    here = await written(blobs, b"x" * 3_000_000, b"y")
    there = await blobs.copy(here, AWAY)
    back = await blobs.copy(there, LOCAL)
    assert [store_of(one) for one in (here, there, back)] == [LOCAL, AWAY, LOCAL]
    await blobs.delete(here)
    for one in (there, back):
        assert await content(blobs, one, 2_999_999, 2) == [b"xy"]
    await blobs.close()
