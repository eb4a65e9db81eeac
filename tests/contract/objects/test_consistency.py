"""What many clients of one object see at the same time."""

from __future__ import annotations

import asyncio
import errno
import itertools
import random

import pytest

from portico_server.objects import errors
from portico_server.platform.blobs import files
from portico_server.platform.database import (
    Batch,
    Contended,
    Done,
    OutcomeUnknown,
    Overloaded,
    ReadOnly,
    StorageFull,
    TimedOut,
)
from tests.contract.objects.stand import DISABLED, ENABLED, Stand, keys
from tests.faults.histories.search import Operation, linearizable

LARGE = 20_000


def call(begin: int, end: int, writes: bool, value: bytes | None) -> Operation[bytes | None]:
    """A write that left a value (None: nothing), or a read that saw it; from `begin` to `end` on one counter."""
    return Operation(begin, end, lambda held: [value] if writes or held == value else [], reads=not writes)


@pytest.mark.parametrize("versioning", [DISABLED, ENABLED])
@pytest.mark.parametrize("seed", range(5))
async def test_puts_gets_and_deletes_of_one_object_are_linearizable(stand: Stand, versioning: int, seed: int) -> None:
    if versioning != DISABLED:
        await stand.update_bucket(versioning=versioning)
    chance = random.Random(seed)
    times, numbers = itertools.count(), itertools.count(1)
    history: list[Operation[bytes | None]] = []
    told: list[tuple[int, int, str, bytes | None]] = []

    async def client() -> None:
        for _ in range(8):
            what = chance.choice(["put", "put a file", "get", "get", "list", "delete"])
            begin = next(times)
            value: bytes | None = None
            if what.startswith("put"):
                value = str(next(numbers)).encode()
                await stand.put("k", value.ljust(LARGE) if what == "put a file" else value)
            elif what == "delete":
                await stand.delete("k")
            elif what == "list":
                if keys(await stand.list()):
                    continue  # it was there; which it was the list does not say
            else:
                try:
                    value = (await stand.get("k")).strip()
                except errors.ObjectNotFound:
                    value = None
            end = next(times)
            history.append(call(begin, end, what not in ("get", "list"), value))
            told.append((begin, end, what, value))

    await asyncio.gather(*(client() for _ in range(5)))
    assert linearizable(history, None), told


async def test_a_get_and_a_head_and_a_list_show_a_put_and_a_delete_at_once(stand: Stand) -> None:
    for number in range(20):
        put = await stand.put("k", str(number).encode())
        assert (await stand.get("k"), await stand.head("k")) == (str(number).encode(), put)
        assert list((await stand.list()).objects) == [put]
        assert list((await stand.list(delimiter="/")).objects) == [put]
        await stand.delete("k")
        assert keys(await stand.list()) == []
        with pytest.raises(errors.ObjectNotFound):
            await stand.head("k")


async def test_a_reader_sees_the_whole_old_or_the_whole_new_object(stand: Stand) -> None:
    await stand.put("k", b"\0" * 3_000_000)
    done = asyncio.Event()

    async def write() -> None:
        for number in range(1, 9):
            await stand.put("k", bytes([number]) * 3_000_000)
        done.set()

    async def read() -> None:
        while not done.is_set():
            data = await stand.get("k")
            assert data == data[:1] * 3_000_000

    async def collect() -> None:
        while not done.is_set():
            await stand.collect()
            await asyncio.sleep(0)  # where there is nothing to collect it would never let the others run

    await asyncio.gather(write(), read(), read(), collect())
    await stand.collect()
    assert len(stand.files()) == 1


@pytest.mark.parametrize("failure", [StorageFull, ReadOnly, Contended, TimedOut, Overloaded])
async def test_of_an_object_that_the_database_refuses_no_file_is_left(
    stand: Stand, monkeypatch: pytest.MonkeyPatch, failure: type[Exception]
) -> None:
    """Clients try again: each time a file of the object's size would lie there for a week."""

    async def refusing(batch: Batch) -> list[Done]:
        raise failure("refused")

    with monkeypatch.context() as patched:
        patched.setattr(stand.database, "batch", refusing)
        with pytest.raises(failure):
            await stand.put("k", bytes(LARGE))
    assert stand.files() == []


async def test_where_nobody_knows_whether_an_object_was_stored_its_file_stays(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = stand.database.batch

    async def losing(given: Batch) -> list[Done]:
        await batch(given)
        raise OutcomeUnknown("lost")

    with monkeypatch.context() as patched:
        patched.setattr(stand.database, "batch", losing)
        with pytest.raises(OutcomeUnknown):
            await stand.put("k", bytes(LARGE))
    assert await stand.get("k") == bytes(LARGE)


async def test_on_a_full_disk_nothing_is_stored_what_is_there_stays_and_it_recovers(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    await stand.put("k", b"old" * LARGE)

    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "no space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(files.os, "write", full)
        with pytest.raises(StorageFull):
            await stand.put("k", bytes(LARGE))
    assert await stand.get("k") == b"old" * LARGE
    assert len(stand.files()) == 1
    await stand.put("k", b"new" * LARGE)
    assert await stand.get("k") == b"new" * LARGE
