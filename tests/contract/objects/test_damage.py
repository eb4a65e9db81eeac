"""Objects whose files were lost or cut under the platform: callers are told so, by a reason of its own."""

from __future__ import annotations

import os

import pytest
from structlog.testing import capture_logs

from portico_server.objects import errors
from tests.contract.objects.stand import BUCKET, Stand

LARGE = 3_000_000


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
