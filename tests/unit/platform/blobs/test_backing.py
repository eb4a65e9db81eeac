"""Holding blobs while they are copied: removal waits for a later time, and holders do not hinder one another."""

from __future__ import annotations

import asyncio
import os
import threading
from pathlib import Path

import pytest

from portico_server.platform.blobs import backing
from portico_server.platform.blobs.backing import all_ids, held, take_to_remove
from portico_server.platform.blobs.files import FileBlobs
from tests.harness.waiting import wait_until


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def may_remove(folder: Path) -> bool:
    lock = take_to_remove(folder)
    if lock is not None:
        os.close(lock)
    return lock is not None


def test_nobody_removes_what_is_held(folder: Path) -> None:
    assert may_remove(folder)
    with held(folder):
        assert not may_remove(folder)
        with held(folder):
            assert not may_remove(folder)
        assert not may_remove(folder)
    assert may_remove(folder)


def test_a_hold_waits_for_the_removal_under_way(folder: Path) -> None:
    lock = take_to_remove(folder)
    assert lock is not None
    holding = threading.Event()

    def hold() -> None:
        with held(folder):
            holding.set()

    thread = threading.Thread(target=hold)
    thread.start()
    assert not holding.is_set()
    os.close(lock)
    wait_until(holding.is_set, "the hold is taken")
    thread.join()


async def test_a_store_of_blobs_asks_before_it_removes(folder: Path) -> None:
    blobs = await FileBlobs.start(folder)
    async with blobs.removing() as may:
        assert may
    with held(folder):
        async with blobs.removing() as may:
            assert not may
    async with blobs.removing() as may:
        assert may
    await blobs.close()


async def test_the_ids_of_finished_blobs_in_order(folder: Path) -> None:
    blobs = await FileBlobs.start(folder)
    ids = []
    for number in range(20):
        writer = await blobs.create()
        await writer.write(bytes(number))
        if number % 4:
            await writer.commit()
            ids.append(writer.blob_id)
    assert list(all_ids(folder)) == sorted(ids)
    await blobs.close()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can hold another user's blobs")
def test_what_root_makes_is_the_platforms(folder: Path) -> None:
    os.chown(folder, 65534, 65534)
    with held(folder):
        made = (folder / "hold").stat()
    assert (made.st_uid, made.st_gid) == (65534, 65534)


async def test_a_removal_that_is_cancelled_while_it_takes_the_lock_gives_it_back(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taking, may_take = threading.Event(), threading.Event()

    def slowly(path: Path) -> int | None:
        taking.set()
        assert may_take.wait(30)
        return take_to_remove(path)

    monkeypatch.setattr(backing, "take_to_remove", slowly)
    blobs = await FileBlobs.start(folder)
    removal = asyncio.create_task(blobs.removing().__aenter__())
    await asyncio.to_thread(taking.wait, 30)
    removal.cancel()
    await asyncio.wait({removal})
    may_take.set()
    await blobs.close()

    assert may_remove(folder), "a backup would wait for ever"
