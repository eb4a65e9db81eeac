"""Blobs as files, named by id in 256 folders; those set aside in the same way below `aside`.

A blob is written to `{id}.part`, synced, renamed to `{id}`, and its folder synced: after a crash there is the whole
blob, or a `.part` file that nobody reads and the product's collector removes. Every system call is made in a small pool
of threads; the event loop never waits for the disk.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import functools
import os
import re
import socket
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import ParamSpec, TypeVar

from portico_server.platform.blobs import aside, backing, loops
from portico_server.platform.blobs.errors import StoreUnknown
from portico_server.platform.blobs.interface import LOCAL, Store, store_of
from portico_server.platform.blobs.open_files import UNFINISHED, NewFile, OpenFile, remove, unfinished
from portico_server.platform.disk_errors import meaning_of
from portico_server.platform.folders import make_folder, sync_folder
from portico_server.platform.private_files import replace_file
from portico_server.platform.reserve import Reserve

_THREADS = 8
"""System calls at once. They wait for the disk, not for the interpreter."""
_COPY_BYTES = 1 << 20
_ASIDE = "aside"
_HERE = Store(LOCAL)
_ID = re.compile(r"[0-9a-f]{32}")
_NO_LINK = frozenset({errno.EMLINK, errno.EPERM, errno.EOPNOTSUPP, errno.EXDEV})

P = ParamSpec("P")
T = TypeVar("T")


class FileBlobs:
    """Implements `Blobs`. One product's folder; several processes may share it."""

    def __init__(self, folder: Path, store: Store = _HERE, reserve: Reserve | None = None) -> None:
        self._folder = folder
        self._reserve = reserve or Reserve(folder, 0)
        self.stores: tuple[Store, ...] = (store,)
        self.identity = ""
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="blobs")

    @classmethod
    async def start(cls, folder: Path, store: Store = _HERE, reserve: Reserve | None = None) -> FileBlobs:
        """Opens the folder, making what is missing of it. `store` says where on earth it is. While the `reserve` of its
        disk is out, no bytes are taken."""
        blobs = cls(folder, store, reserve)
        await blobs.run(_prepare, folder)
        blobs.identity = await blobs.run(loops.identity_of, folder)
        return blobs

    async def check_way(self, store: str) -> None:
        _check_store(store)

    async def create(self, store: str = "") -> FileBlobWriter:
        _check_store(store)
        self._reserve.check()
        blob_id = os.urandom(16).hex()
        path = self._path(blob_id)
        return FileBlobWriter(self, blob_id, await self.run(NewFile, path))

    async def open(self, blob_id: str, *, pinned: bool = False) -> FileBlob:
        return FileBlob(self, *await self.run(_open, self._path(blob_id), pinned))

    @contextlib.asynccontextmanager
    async def unpinned(self, blob_id: str) -> AsyncIterator[bool]:
        try:
            file, _ = await self.run(_open, self._path(blob_id))
        except FileNotFoundError:
            yield True
            return
        try:
            yield await self.run(file.lock_alone)
        finally:
            await self.run(file.close)

    async def copy(self, blob_id: str, store: str = "") -> str:
        """A hard link where the file system can: blobs never change, so two names may share the bytes."""
        _check_store(store)
        self._reserve.check()
        copy_id = os.urandom(16).hex()
        await self.run(_copy, self._path(blob_id), self._path(copy_id))
        return copy_id

    async def delete(self, blob_id: str) -> None:
        await self.run(_delete, self._path(blob_id))

    @contextlib.asynccontextmanager
    async def removing(self) -> AsyncIterator[bool]:
        lock = await self.run(_lock_to_remove, self._folder)
        try:
            yield lock is not None
        finally:
            if lock is not None:
                lock.close()

    async def all_ids(self) -> AsyncIterator[tuple[str, int]]:
        for shard in range(256):
            for found in await self.run(_ids_with_age, self._folder / f"{shard:02x}"):
                yield found

    async def set_aside(self, blob_id: str) -> None:
        await self.run(aside.set_aside, self._path(blob_id), self._aside_path(blob_id))
        await self.run(remove, unfinished(self._path(blob_id)))

    async def bring_back(self, blob_id: str) -> None:
        await self.run(aside.bring_back, self._aside_path(blob_id), self._path(blob_id))

    async def delete_aside(self, blob_id: str) -> None:
        await self.run(remove, self._aside_path(blob_id))

    async def all_aside(self, *, hidden: bool = False) -> AsyncIterator[tuple[str, int]]:
        for shard in await self.run(_names, self._folder / _ASIDE):
            for found in await self.run(_ids_with_age, self._folder / _ASIDE / shard):
                yield found

    async def belong_to(self, owner: str, in_use: Collection[str] = ()) -> None:
        """Whoever claims the folder sees to it himself."""

    @property
    def place(self) -> str:
        return f"{socket.gethostname()}:{self._folder}"

    @property
    def owner_place(self) -> str:
        return str(self._folder / backing.OWNER)

    async def owner(self) -> str:
        return (await self.run(_read_if_there, self._folder / backing.OWNER)).decode(errors="replace").strip()

    async def claim(self, owner: str) -> None:
        await self.run(replace_file, self._folder / backing.OWNER, f"{owner}\n".encode())

    async def close(self) -> None:
        """Waits for the system calls under way."""
        await asyncio.to_thread(self._threads.shutdown)

    async def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """The function's answer, from a thread. Raises StorageFull, StorageReadOnly, StorageFailed, TooManyOpenFiles
        for what disk and system refuse."""
        try:
            return await asyncio.get_running_loop().run_in_executor(
                self._threads, functools.partial(function, *args, **kwargs)
            )
        except OSError as error:
            if (kind := meaning_of(error.errno)) is not None:
                raise kind(f"{self._folder}: {error.strerror}") from error
            raise

    def _path(self, blob_id: str) -> Path:
        return self._folder / _within(blob_id)

    def _aside_path(self, blob_id: str) -> Path:
        return self._folder / _ASIDE / _within(blob_id)


class FileBlobWriter:
    """Implements `BlobWriter`. One write at a time."""

    def __init__(self, blobs: FileBlobs, blob_id: str, file: NewFile) -> None:
        self._blobs = blobs
        self._blob_id = blob_id
        self._file = file

    @property
    def blob_id(self) -> str:
        return self._blob_id

    async def write(self, *parts: bytes) -> None:
        await self._blobs.run(self._file.write, *parts)

    async def commit(self) -> None:
        await self._blobs.run(self._file.commit)

    async def discard(self) -> None:
        await self._blobs.run(self._file.close)


class FileBlob:
    """Implements `Blob`: an open file, so that it can be read to its end though its name be removed."""

    def __init__(self, blobs: FileBlobs, file: OpenFile, size_bytes: int) -> None:
        self._blobs = blobs
        self._file = file
        self.size_bytes = size_bytes

    async def chunks(self, offset: int, length: int, chunk_bytes: int) -> AsyncGenerator[bytes, None]:
        """Raises EOFError where the file is too short.

        What the page cache has is copied when it is asked for: the way by a thread and back costs the event loop more
        than the copy. Where it has a chunk not, the next one is read ahead of the one that the caller has in hand.
        """
        end = offset + length
        ahead: asyncio.Task[bytes] | None = None
        try:
            while offset < end:
                wanted = min(chunk_bytes, end - offset)
                chunk = self._cached(offset, wanted) if ahead is None else [await ahead]
                missed, ahead = not chunk, None
                if missed:
                    chunk = [await self._read(offset, wanted)]
                if not chunk[0]:
                    raise EOFError(f"the blob ends at {offset} bytes, {end - offset} too early")
                offset += len(chunk[0])
                if missed and offset < end:
                    ahead = asyncio.create_task(self._read(offset, min(chunk_bytes, end - offset)))
                yield chunk.pop()  # not held here as well while the caller has it
        finally:
            if ahead is not None:
                ahead.cancel()

    async def close(self) -> None:
        await self._blobs.run(self._file.close)

    def _cached(self, offset: int, length: int) -> list[bytes]:
        """The chunk, or none."""
        found = self._file.read_cached(offset, length)
        return [] if found is None else [found]

    async def _read(self, offset: int, length: int) -> bytes:
        return await self._blobs.run(self._file.read, offset, length)


def _check_store(name: str) -> None:
    if name not in ("", LOCAL):
        raise StoreUnknown(name)


def _within(blob_id: str) -> str:
    if not _ID.fullmatch(blob_id):
        _check_store(store_of(blob_id))
        raise ValueError(f"not the id of a blob: {blob_id!r:.80}")
    return f"{blob_id[:2]}/{blob_id}"


def _prepare(folder: Path) -> None:
    make_folder(folder)
    for shard in range(256):
        (folder / f"{shard:02x}").mkdir(mode=0o700, exist_ok=True)
    sync_folder(folder)


def _lock_to_remove(folder: Path) -> OpenFile | None:
    """In an object that closes it, should the call that asks for it be cancelled meanwhile."""
    lock = backing.take_to_remove(folder)
    return OpenFile(lock) if lock is not None else None


def _open(path: Path, pinned: bool = False) -> tuple[OpenFile, int]:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    file = OpenFile(descriptor)
    if pinned and not file.lock_shared():
        raise FileNotFoundError(errno.ENOENT, "about to be removed", str(path))
    return file, os.fstat(descriptor).st_size


def _copy(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError as error:
        if error.errno not in _NO_LINK:
            raise
        _copy_bytes(source, target)
    else:
        sync_folder(target.parent)


def _copy_bytes(source: Path, target: Path) -> None:
    copy = NewFile(target)
    try:
        with source.open("rb") as reading:
            while data := reading.read(_COPY_BYTES):
                copy.write(data)
        copy.commit()
    finally:
        copy.close()


def _delete(path: Path) -> None:
    remove(path)
    remove(unfinished(path))


def _names(folder: Path) -> list[str]:
    """What is in a folder; nothing if there is none."""
    try:
        return os.listdir(folder)
    except FileNotFoundError:
        return []


def _read_if_there(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""


def _ids_with_age(folder: Path) -> list[tuple[str, int]]:
    """By the time of the last change of any kind: a link made a moment ago is new though its bytes be old."""
    now, found = time.time(), []
    with os.scandir(folder) as entries:
        for entry in entries:
            blob_id = entry.name.removesuffix(UNFINISHED)
            if _ID.fullmatch(blob_id):
                with contextlib.suppress(FileNotFoundError):
                    found.append((blob_id, int(now - entry.stat().st_ctime)))
    return found
