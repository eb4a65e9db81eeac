"""Words of 64 bits that all processes of a platform share: a small file, mapped into the memory of each.

A word is read and written as one aligned machine word, so nobody sees half of a value. Reading costs some 50 ns: a
call can afford to ask, each time, whether something has changed. What is raised before a change is acknowledged is
seen by every call that begins after the acknowledgement, in whatever process.
"""

from __future__ import annotations

import contextlib
import enum
import errno
import fcntl
import mmap
import os
import threading
from collections.abc import Iterator
from pathlib import Path

FILE = "shared-words"
"""In the platform's run folder."""

_BYTES = 8
_COUNT = 512  # one page


class Word(enum.IntEnum):
    """What each word of the platform's file counts."""

    POLICY = 0
    """Raised whenever the policy has changed."""
    REVOCATIONS = 1
    """Raised whenever something has been revoked."""
    ACCESS = 2
    """Raised whenever policies of an account have changed."""
    ACCESS_TIME = 3
    """The mark (`clock.Uptime`) of the second in which these were last compared with the store."""
    ACCESS_UNREADABLE = 4
    """Raised by whoever cannot read the policies of an account, so that they are written anew."""
    ACCESS_REVISION = 5
    """The revision of the store up to which these are handed on."""


class SharedWords:
    """`words[n]` reads and writes a word. Values survive the processes; of a new file they are 0."""

    __slots__ = ("_descriptor", "_lock", "words")

    def __init__(self, path: Path, count: int = _COUNT) -> None:
        """Opens or makes the file, its owner's only. Raises OSError."""
        # Open as long as the words are: a disk that has become read-only opens nothing for writing, and calls go on.
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._lock = threading.Lock()
        _allocate(self._descriptor, count * _BYTES)
        self.words = memoryview(mmap.mmap(self._descriptor, count * _BYTES)).cast("Q")

    def __del__(self) -> None:
        with contextlib.suppress(AttributeError):  # it could not be opened
            os.close(self._descriptor)

    def increase(self, index: int) -> int:
        """Adds one, also against other processes and threads that do the same; the new value."""
        with self.locked():
            self.words[index] = value = self.words[index] + 1
        return value

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Holds the file against all others who ask for it. Not for the event loop, except for microseconds."""
        with self._lock:  # the file's lock is this process's, whichever thread took it
            fcntl.flock(self._descriptor, fcntl.LOCK_EX)
            try:
                yield
            finally:
                fcntl.flock(self._descriptor, fcntl.LOCK_UN)


def _allocate(descriptor: int, size_bytes: int) -> None:
    """Gives the file its size, with a place on the disk for all of it: who writes to memory for which a full disk has
    none is killed (SIGBUS)."""
    status = os.fstat(descriptor)
    if status.st_blocks * 512 >= size_bytes <= status.st_size:
        return
    try:
        os.posix_fallocate(descriptor, 0, size_bytes)  # of several at once all do the same
    except OSError as error:
        if error.errno != errno.ENOSPC or status.st_size < size_bytes:
            raise
