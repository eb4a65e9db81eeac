"""Objects whose files were lost or cut under the platform: callers are told so, by a reason of its own."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from portico_server.objects import errors
from portico_server.platform.database import ANY, Batch, Statement
from tests.contract.objects.stand import BUCKET, Stand

LARGE = 3_000_000
ONE_MESSAGE = 100_000


def flip(file: Path, place: int) -> None:
    """A bit of the byte at that place."""
    content = bytearray(file.read_bytes())
    content[place] ^= 1
    file.write_bytes(content)


@pytest.mark.parametrize("loss", ["missing", "cut", "grown"])
async def test_a_get_of_an_object_whose_file_is_not_whole_is_data_loss_and_is_logged_once(
    stand: Stand, loss: str
) -> None:
    key = os.urandom(8).hex()  # of no other test: of each object once in a process
    await stand.put(key, os.urandom(LARGE))
    (file,) = stand.files()
    if loss == "missing":
        file.unlink()
    else:
        os.truncate(file, LARGE - 1 if loss == "cut" else LARGE + 1)
    with capture_logs() as logged:
        for _ in range(3):
            with pytest.raises(errors.ObjectDamaged) as refused:
                await stand.get(key)
    assert refused.value.metadata["resource"] == f"{BUCKET}/objects/{key}"
    assert [line["event"] for line in logged] == ["object damaged"]
    assert (await stand.head(key)).size_bytes == LARGE


async def test_a_file_that_is_cut_while_it_is_read_is_data_loss(stand: Stand) -> None:
    await stand.put("k", os.urandom(LARGE))
    messages = stand.get_messages("k")
    await anext(messages)
    os.truncate(stand.files()[0], 1)
    with pytest.raises(errors.ObjectDamaged):
        _ = [message async for message in messages]


async def test_a_copy_of_an_object_whose_file_is_missing_is_data_loss(stand: Stand) -> None:
    await stand.put("k", os.urandom(LARGE))
    stand.files()[0].unlink()
    with pytest.raises(errors.ObjectDamaged):
        await stand.copy("k", "copy")


async def test_what_is_damaged_can_be_put_again_and_deleted(stand: Stand) -> None:
    for key in ("put", "deleted"):
        await stand.put(key, os.urandom(LARGE))
    for file in stand.files():
        file.unlink()
    await stand.put("put", b"new")
    await stand.delete("deleted")
    await stand.collect()
    assert await stand.get("put") == b"new"


@pytest.mark.parametrize("place", [0, LARGE // 2, LARGE - 1])
async def test_a_get_of_all_bytes_does_not_end_with_one_of_another_value(stand: Stand, place: int) -> None:
    data = os.urandom(LARGE)
    await stand.put("k", data)
    flip(stand.files()[0], place)
    given: list[bytes] = []

    async def read() -> None:
        async for message in stand.get_messages("k"):
            given.append(message.data.data)

    with pytest.raises(errors.ObjectDamaged, match="CRC-64"):
        await read()
    assert sum(map(len, given)) < LARGE
    assert await stand.get("k", offset_bytes=1, limit_bytes=10) == stand.files()[0].read_bytes()[1:11]
    flip(stand.files()[0], place)
    assert await stand.get("k") == data


async def test_where_all_bytes_are_one_message_none_is_given(stand: Stand) -> None:
    await stand.put("k", os.urandom(ONE_MESSAGE))
    flip(stand.files()[0], 7)
    messages = stand.get_messages("k")
    with pytest.raises(errors.ObjectDamaged):
        await anext(messages)


async def test_a_part_is_compared_where_all_of_it_is_read(stand: Stand, small_parts: None) -> None:
    parts = [os.urandom(ONE_MESSAGE), os.urandom(ONE_MESSAGE + 1), b"inline"]
    await stand.put_in_parts("k", parts)
    (second,) = (file for file in stand.files() if file.stat().st_size == len(parts[1]))
    flip(second, 0)
    for wanted in ({}, {"part_number": 2}, {"offset_bytes": 10}):
        with pytest.raises(errors.ObjectDamaged):
            await stand.get("k", **wanted)
    assert await stand.get("k", part_number=1) == parts[0]
    assert await stand.get("k", part_number=3) == parts[2]


@pytest.mark.parametrize("in_parts", [False, True])
async def test_bytes_in_the_database_are_compared(stand: Stand, in_parts: bool) -> None:
    await (stand.put_in_parts("k", [b"bytes"]) if in_parts else stand.put("k", b"bytes"))
    assert await stand.get("k") == b"bytes"
    await stand.database.batch(Batch([Statement("UPDATE inline_bytes SET data = $1", (b"bytex",), ANY)]))
    with pytest.raises(errors.ObjectDamaged):
        await stand.get("k")


async def test_bad_bytes_get_no_digest_of_their_own_by_a_copy(stand: Stand) -> None:
    await stand.put("k", os.urandom(LARGE))
    flip(stand.files()[0], LARGE // 2)
    with pytest.raises(errors.ObjectDamaged):
        await stand.copy("k", "copy", checksum_algorithms=["CHECKSUM_ALGORITHM_SHA256"])
    upload = await stand.create_upload("parts", checksum_algorithm="CHECKSUM_ALGORITHM_SHA256")
    with pytest.raises(errors.ObjectDamaged):
        await stand.copy_part("parts", upload, 1, "k")


async def test_a_range_of_bad_bytes_gets_no_digest_of_its_own_as_a_part(stand: Stand) -> None:
    data = os.urandom(LARGE)
    await stand.put("bad", data)
    flip(stand.files()[0], LARGE - 1)
    await stand.put("good", data)
    upload = await stand.create_upload("parts")

    async def copied(number: int, source: str) -> int:
        some = {"source_offset_bytes": 10, "source_limit_bytes": 100}
        return (await stand.copy_part("parts", upload, number, source, **some)).size_bytes

    results = await asyncio.gather(*(copied(number, "bad") for number in (1, 2, 3)), return_exceptions=True)
    assert [type(result) for result in results] == [errors.ObjectDamaged] * 3
    assert await asyncio.gather(*(copied(number, "good") for number in (1, 2, 3))) == [100] * 3
