"""Blobs in files: whole or absent, durable before they are answered, readable to the end."""

from __future__ import annotations

import asyncio
import errno
import os
import stat
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from portico_server.platform.blobs import files, loops
from portico_server.platform.blobs.files import FileBlobs
from portico_server.platform.blobs.open_files import OpenFile
from portico_server.platform.database import StorageFull

BLOCK = 4096  # what is written at once, at least, before the commit


@pytest_asyncio.fixture
async def blobs(tmp_path: Path) -> AsyncIterator[FileBlobs]:
    opened = await FileBlobs.start(tmp_path / "blobs")
    yield opened
    await opened.close()


async def written(blobs: FileBlobs, *parts: bytes) -> str:
    writer = await blobs.create()
    for part in parts:
        await writer.write(part)
    await writer.commit()
    return writer.blob_id


async def content(
    blobs: FileBlobs, blob_id: str, offset: int = 0, length: int | None = None, chunk: int = 4
) -> list[bytes]:
    blob = await blobs.open(blob_id)
    try:
        wanted = blob.size_bytes - offset if length is None else length
        return [part async for part in blob.chunks(offset, wanted, chunk)]
    finally:
        await blob.close()


def paths(blobs_folder: Path) -> list[Path]:
    return [path for path in blobs_folder.rglob("*") if path.is_file() and path.name != loops.FOLDER_ID]


async def test_of_a_discarded_blob_nothing_is_left(blobs: FileBlobs, tmp_path: Path) -> None:
    writer = await blobs.create()
    await writer.write(b"x")
    await writer.discard()
    await writer.discard()
    assert paths(tmp_path) == []
    with pytest.raises(ValueError, match="discarded"):
        await writer.write(b"y")
    with pytest.raises(ValueError, match="discarded"):
        await writer.commit()


async def test_the_bytes_and_their_name_are_synced_before_the_commit_is_answered(
    blobs: FileBlobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []

    def told(name: str, real: object) -> None:
        def call(*args: object) -> object:
            folder = name == "fsync" and stat.S_ISDIR(os.fstat(args[0]).st_mode)  # type: ignore[arg-type]
            calls.append(f"{name} folder" if folder else name)
            return real(*args)  # type: ignore[operator]

        monkeypatch.setattr(files.os, name, call)

    writer = await blobs.create()
    for name in ("write", "fdatasync", "rename", "fsync"):
        told(name, getattr(os, name))
    await writer.write(b"x")
    await writer.commit()
    assert calls == ["write", "fdatasync", "rename", "fsync folder"]
    calls.clear()
    monkeypatch.setattr(files.os, "link", lambda *args: calls.append("link"))
    await blobs.copy(writer.blob_id)
    assert calls == ["link", "fsync folder"]


async def test_to_delete_what_is_not_there_succeeds_and_what_is_unfinished_is_deleted(
    blobs: FileBlobs, tmp_path: Path
) -> None:
    await blobs.delete("0" * 32)
    writer = await blobs.create()
    await blobs.delete(writer.blob_id)
    assert paths(tmp_path) == []


@pytest.mark.parametrize("link_works", [True, False])
async def test_a_copy_outlives_its_source(blobs: FileBlobs, monkeypatch: pytest.MonkeyPatch, link_works: bool) -> None:
    if not link_works:

        def refuse(*_: object) -> None:
            raise OSError(errno.EMLINK, "too many links")

        monkeypatch.setattr(files.os, "link", refuse)
    source = await written(blobs, b"bytes")
    copy = await blobs.copy(source)
    await blobs.delete(source)
    assert copy != source
    assert await content(blobs, copy) == [b"byte", b"s"]
    with pytest.raises(FileNotFoundError):
        await blobs.copy(source)


async def test_all_blobs_are_told_with_the_time_since_their_last_change(
    blobs: FileBlobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    committed, unfinished = await written(blobs, b"x"), await blobs.create()
    later = files.time.time() + 1000
    monkeypatch.setattr(files.time, "time", lambda: later)
    fresh = await blobs.copy(committed)
    ages = {blob_id: age async for blob_id, age in blobs.all_ids()}
    assert ages.keys() == {committed, unfinished.blob_id, fresh}
    assert all(990 <= age <= 1010 for age in ages.values())


async def test_a_copy_of_old_bytes_is_young(blobs: FileBlobs, tmp_path: Path) -> None:
    """Else the collector would take it for the leftover of a crash, before its row is written."""
    source = await written(blobs, b"x")
    os.utime(next(iter(paths(tmp_path))), (0, 0))
    copy = await blobs.copy(source)
    assert dict([found async for found in blobs.all_ids()])[copy] < 100


async def test_a_full_disk_is_told_as_such_and_what_is_there_stays(
    blobs: FileBlobs, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    kept = await written(blobs, b"kept")
    writer = await blobs.create()

    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "no space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(files.os, "write", full)
        with pytest.raises(StorageFull):
            await writer.write(bytes(BLOCK))
        await writer.write(b"less than a block waits for more")
        with pytest.raises(StorageFull):
            await writer.commit()
    await writer.discard()
    assert len(paths(tmp_path)) == 1
    assert await content(blobs, kept) == [b"kept"]
    assert await content(blobs, await written(blobs, b"room")) == [b"room"]


async def test_a_write_that_the_system_cuts_short_is_finished(
    blobs: FileBlobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.write

    def short(descriptor: int, data: memoryview) -> int:
        return real(descriptor, data[: BLOCK if len(data) >= BLOCK else 3])

    monkeypatch.setattr(os, "write", short)
    data = os.urandom(5 * BLOCK - 1) + b"0123456789"
    assert await content(blobs, await written(blobs, data), chunk=1 << 20) == [data]


@pytest.mark.parametrize("direct", [True, False])
async def test_parts_of_any_size_are_written_one_behind_the_other(
    blobs: FileBlobs, monkeypatch: pytest.MonkeyPatch, direct: bool
) -> None:
    """Whole blocks past the page cache, where the file system can: the parts need not be blocks."""
    if not direct:
        real = os.open

        def refusing(path: Path, flags: int, *mode: int) -> int:
            if flags & os.O_DIRECT:
                raise OSError(errno.EINVAL, "no direct writes here")
            return real(path, flags, *mode)

        monkeypatch.setattr(os, "open", refusing)
    sizes = [1, BLOCK - 1, BLOCK, BLOCK + 1, 0, 7, (1 << 20) - 1, 1 << 20, (3 << 20) + 5, 2 * BLOCK, BLOCK - 1]
    parts = [os.urandom(size) for size in sizes]
    for count in range(len(parts) + 1):
        blob_id = await written(blobs, *parts[:count])
        assert b"".join(await content(blobs, blob_id, chunk=1 << 20)) == b"".join(parts[:count])


async def test_a_file_that_is_too_short_is_an_error_and_not_a_short_answer(blobs: FileBlobs, tmp_path: Path) -> None:
    blob_id = await written(blobs, b"0123456789")
    blob = await blobs.open(blob_id)
    next(iter(paths(tmp_path))).write_bytes(b"0123")
    with pytest.raises(EOFError):
        [part async for part in blob.chunks(0, 10, 100)]
    await blob.close()


async def test_what_is_cached_is_read_without_a_thread_and_what_is_not_by_one_which_reads_ahead(
    blobs: FileBlobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    blob_id = await written(blobs, b"abcdefghij")
    threads: list[int] = []

    def read_cached(file: OpenFile, offset: int, length: int) -> bytes | None:
        return None if offset == 4 else os.pread(file._descriptor, length, offset)

    def read(file: OpenFile, offset: int, length: int) -> bytes:
        threads.append(offset)
        return os.pread(file._descriptor, length, offset)

    monkeypatch.setattr(OpenFile, "read_cached", read_cached)
    monkeypatch.setattr(OpenFile, "read", read)
    assert await content(blobs, blob_id) == [b"abcd", b"efgh", b"ij"]
    assert threads == [4, 8]


async def test_the_page_cache_is_asked_for_no_more_than_may_be_copied_at_once(blobs: FileBlobs, tmp_path: Path) -> None:
    await written(blobs, bytes(BLOCK))
    (path,) = (path for path in paths(tmp_path) if path.stat().st_size == BLOCK)
    file = OpenFile(os.open(path, os.O_RDONLY))
    file.read(0, BLOCK)
    assert file.read_cached(0, BLOCK) in (bytes(BLOCK), None)  # nothing keeps it there
    assert file.read_cached(1, BLOCK) is None  # not all of it is in the file
    assert file.read_cached(0, 1 << 19) is None
    file.close()
    with pytest.raises(ValueError, match="closed"):
        file.read_cached(0, 1)


async def test_files_and_folders_are_their_owner_s_alone(blobs: FileBlobs, tmp_path: Path) -> None:
    await written(blobs, b"x")
    await blobs.create()
    assert {stat.S_IMODE(path.stat().st_mode) for path in paths(tmp_path)} == {0o600}
    folders = [path for path in (tmp_path / "blobs").rglob("*") if path.is_dir()]
    assert len(folders) == 256
    assert {stat.S_IMODE(path.stat().st_mode) for path in folders} == {0o700}


@pytest.mark.parametrize("blob_id", ["", "../../etc/passwd", "0" * 31, "0" * 33, "G" * 32, "0" * 32 + "\n"])
async def test_what_is_not_an_id_never_becomes_a_path(blobs: FileBlobs, blob_id: str) -> None:
    for use in (blobs.open, blobs.delete, blobs.copy):
        with pytest.raises(ValueError, match="not the id of a blob"):
            await use(blob_id)


async def test_a_reader_that_goes_away_leaves_no_descriptor_open(blobs: FileBlobs) -> None:
    blob_id = await written(blobs, bytes(1 << 20))
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(20):
        blob = await blobs.open(blob_id)
        chunks = blob.chunks(0, 1 << 20, 1000)
        await anext(chunks)
        await chunks.aclose()  # type: ignore[attr-defined]
        await blob.close()
        await blob.close()
    assert len(os.listdir("/proc/self/fd")) == before


async def test_a_writer_that_is_cancelled_in_a_write_leaves_nothing(blobs: FileBlobs, tmp_path: Path) -> None:
    for _ in range(20):
        writer = await blobs.create()
        task = asyncio.create_task(writer.write(bytes(1 << 20)))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await writer.discard()
    assert paths(tmp_path) == []


async def test_an_opening_that_is_cancelled_leaves_nothing(
    blobs: FileBlobs, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    blob_id = await written(blobs, b"x")
    before = len(os.listdir("/proc/self/fd"))
    opening, go_on, real = threading.Event(), threading.Event(), os.open

    def slow(*args: Any) -> int:
        opening.set()
        go_on.wait(10)
        return real(*args)

    monkeypatch.setattr(os, "open", slow)
    for use in (blobs.create(), blobs.open(blob_id)):
        opening.clear()
        go_on.clear()
        task = asyncio.create_task(use)
        await asyncio.to_thread(opening.wait, 10)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        go_on.set()
    await blobs.close()
    assert len(paths(tmp_path)) == 1
    assert len(os.listdir("/proc/self/fd")) == before


async def test_every_folder_of_what_is_set_aside_is_private(blobs: FileBlobs, tmp_path: Path) -> None:
    await blobs.set_aside(await written(blobs, b"x"))
    folders = [path for path in (tmp_path / "blobs").rglob("*") if path.is_dir()]
    assert tmp_path / "blobs" / "aside" in folders
    assert {stat.S_IMODE(path.stat().st_mode) for path in folders} == {0o700}
