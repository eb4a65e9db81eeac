"""Files that are being written or read; they are used in threads alone.

Whole blocks are written past the page cache (O_DIRECT): to copy bytes there that go to the disk at once takes 0.6 to
2.2 ms of processor time a MiB, to write them directly 0.1 ms, and a commit finds next to nothing left to sync.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import mmap
import os
import threading
from pathlib import Path

from portico_server.platform.folders import sync_folder

UNFINISHED = ".part"
_ALIGNMENT = 4096
"""Of what is written directly: its address, its length, its place in the file. No file system wants more."""
_BUFFER_BYTES = 1 << 20
_CACHED_BYTES = 1 << 19
"""What may be copied on the event loop: some 100 us."""


class _Aligned(threading.local):
    """A thread's own buffer for direct writes, and for reads of what is cached."""

    def __init__(self) -> None:
        self.buffer = mmap.mmap(-1, _BUFFER_BYTES)


_aligned = _Aligned()


class OpenFile:
    """An open descriptor.

    A call that is cancelled leaves its thread at work. The lock keeps the descriptor from being closed, and its number
    given to another file, beneath that thread.
    """

    _closed = True  # until there is a descriptor

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._lock = threading.Lock()
        self._closed = False

    def __del__(self) -> None:
        """Where the call that opened it was cancelled meanwhile nobody else has it."""
        if not self._closed:
            self.close()

    def read(self, offset: int, length: int) -> bytes:
        with self._lock:
            self._check()
            return os.pread(self._descriptor, length, offset)

    def read_cached(self, offset: int, length: int) -> bytes | None:
        """The bytes, if they are few enough to be copied here, the page cache has them all, and nobody else is at the
        file: it does not wait, so it may be called outside of a thread. None: they are to be read in one."""
        if length > _CACHED_BYTES or not self._lock.acquire(blocking=False):
            return None
        try:
            self._check()
            with memoryview(_aligned.buffer) as whole, whole[:length] as wanted:
                found = os.preadv(self._descriptor, [wanted], offset, os.RWF_NOWAIT)
                return bytes(wanted) if found == length else None
        except OSError:  # EAGAIN, and what the reading thread is told, too; some file systems know no such reads
            return None
        finally:
            self._lock.release()

    def lock_shared(self) -> bool:
        """Locks the file until it is closed; false where another has it locked alone. Others may lock it shared."""
        return self._flock(fcntl.LOCK_SH)

    def lock_alone(self) -> bool:
        """Locks the file until it is closed; false where another, of any process, has it locked."""
        return self._flock(fcntl.LOCK_EX)

    def close(self) -> None:
        with self._lock:
            if not self._closed:
                self._end()

    def _flock(self, kind: int) -> bool:
        with self._lock:
            self._check()
            try:
                fcntl.flock(self._descriptor, kind | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
            return True

    def _end(self) -> None:
        self._closed = True
        os.close(self._descriptor)

    def _check(self) -> None:
        if self._closed:
            raise ValueError("the blob is closed, committed or discarded")


class NewFile(OpenFile):
    """A file that is `path` with `.part` behind it until it is committed. Closed before, it is removed."""

    def __init__(self, path: Path) -> None:
        super().__init__(_create(unfinished(path)))
        self._path = path
        self._rest = b""  # what is less than a block, at the end

    def write(self, *parts: bytes) -> None:
        with self._lock:
            self._check()
            buffer, filled = _aligned.buffer, len(self._rest)
            buffer[:filled] = self._rest
            self._rest = b""
            for part in parts:
                view = memoryview(part)
                while view:
                    room = _BUFFER_BYTES - filled
                    taken = view[:room]
                    buffer[filled : filled + len(taken)] = taken
                    filled += len(taken)
                    view = view[room:]
                    if filled == _BUFFER_BYTES:
                        self._write_buffer(filled)
                        filled = 0
            blocks = filled // _ALIGNMENT * _ALIGNMENT
            self._write_buffer(blocks)
            self._rest = buffer[blocks:filled]

    def commit(self) -> None:
        """Syncs the file, gives it its name, and syncs that."""
        with self._lock:
            self._check()
            fcntl.fcntl(self._descriptor, fcntl.F_SETFL, 0)  # what is left is no whole block
            _write(self._descriptor, memoryview(self._rest))
            os.fdatasync(self._descriptor)
            os.rename(unfinished(self._path), self._path)
            super()._end()
        sync_folder(self._path.parent)

    def _end(self) -> None:
        super()._end()
        remove(unfinished(self._path))

    def _write_buffer(self, size_bytes: int) -> None:
        """Writes whole blocks, of this thread's buffer."""
        with memoryview(_aligned.buffer) as whole:
            _write(self._descriptor, whole[:size_bytes])


def unfinished(path: Path) -> Path:
    return path.with_name(path.name + UNFINISHED)


def remove(path: Path) -> None:
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)


def _create(path: Path) -> int:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    try:
        return os.open(path, flags | os.O_DIRECT, 0o600)
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
    remove(path)  # a file system without direct writes may have made it before it refused
    return os.open(path, flags, 0o600)


def _write(descriptor: int, view: memoryview) -> None:
    while view:
        view = view[os.write(descriptor, view) :]
