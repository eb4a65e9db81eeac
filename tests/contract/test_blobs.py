"""What every backend of blobs promises. Each test runs on each of them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from portico_server.platform.blobs import Blobs
from portico_server.platform.blobs.files import FileBlobs


@pytest.fixture(params=["files"])
async def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Blobs]:
    """An empty store of each backend."""
    opened = await FileBlobs.start(tmp_path / "blobs")
    yield opened
    await opened.close()


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


async def test_a_blob_is_read_as_it_was_written(blobs: FileBlobs) -> None:
    blob_id = await written(blobs, b"one", b"", b"twothree")
    assert await content(blobs, blob_id) == [b"onet", b"woth", b"ree"]
    assert await content(blobs, blob_id, 3, 5, 100) == [b"twoth"]
    assert await content(blobs, blob_id, 11, 0) == []
    assert await content(blobs, await written(blobs)) == []


async def test_a_blob_is_not_there_before_it_is_committed(blobs: FileBlobs) -> None:
    writer = await blobs.create()
    await writer.write(b"x")
    with pytest.raises(FileNotFoundError):
        await blobs.open(writer.blob_id)
    await writer.commit()
    assert await content(blobs, writer.blob_id) == [b"x"]


async def test_to_discard_a_committed_blob_does_nothing(blobs: FileBlobs) -> None:
    writer = await blobs.create()
    await writer.commit()
    await writer.discard()
    assert await content(blobs, writer.blob_id) == []


async def test_a_deleted_blob_is_read_to_its_end_by_who_has_it_open(blobs: FileBlobs) -> None:
    blob_id = await written(blobs, b"0123456789")
    blob = await blobs.open(blob_id)
    chunks = blob.chunks(0, 10, 4)
    read = [await anext(chunks)]
    await blobs.delete(blob_id)
    read += [part async for part in chunks]
    assert read == [b"0123", b"4567", b"89"]
    await blob.close()
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
    committed, unfinished = await written(blobs, b"x"), await blobs.create()
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
    with pytest.raises(FileNotFoundError):
        await blobs.open(blob_id)
    with pytest.raises(FileNotFoundError):
        await blobs.copy(blob_id)
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
    await blobs.set_aside((await blobs.create()).blob_id)
    assert [found async for found in blobs.all_ids()] == []
    assert [found async for found in blobs.all_aside()] == []


async def test_blobs_have_the_owner_that_claimed_them_last(blobs: Blobs) -> None:
    assert await blobs.owner() == ""
    for owner in ("one", "other"):
        await blobs.claim(owner)
        assert await blobs.owner() == owner
    assert [found async for found in blobs.all_ids()] == []
