"""Room on the disk that is kept for what frees room: a file of the data directory without content.

To delete is to write first. SQLite appends to its log, and until the collector has committed what is to go, no file
goes: on a disk without any room nothing could be deleted for ever. So when a batch that frees (`Batch.frees`) finds no
room, the reserve is let go, and the batch applied again. For some seconds from then all else is refused, so that what
was let go is for what frees; then the reserve takes what room there is, before anybody else, until it is whole again.
What SQLite has in its log may be pages that its file has no room for yet, and that the next delete would need the
reserve for. So as long as the reserve is not whole a database may grow by what frees alone (`max_page_count`); what is
free within it may be used.

The file tells all, to every process of the platform and after every end of one: its length is how much the reserve is
when it is whole, its blocks how much of that is held, and its time when it was let go. Who changes it has it locked.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from portico_server.platform.database.interface import StorageFull
from portico_server.platform.disk_errors import meaning_of

FILE = "reserve"
"""In the data directory."""

LOOK_SECONDS = 2.0
OUT_SECONDS = 5.0
"""How long it is out at least: what was let go must be there for what has let it go, in whatever process."""

LEAST_TO_START_BYTES = 2 << 20
"""A platform that starts writes keys, sockets' folders and settings."""

_SHARE = 8
"""A small disk is not all for the reserve: at first it is this part of what is free."""
_LEAST_BYTES = 64 << 10
_BLOCK_BYTES = 4096
_STATUS_BLOCK_BYTES = 512  # of `st_blocks`, on every file system


class Held(NamedTuple):
    """How much of it there is, how much it is when it is whole, and whether it was let go a moment ago."""

    held_bytes: int
    whole_bytes: int
    is_out: bool


class Reserve:
    """The reserve of a data directory, as one process sees it. Its methods but `check` block: not for the loop."""

    def __init__(self, data: Path, most_bytes: int, now: Callable[[], float] = time.time) -> None:
        """`most_bytes`: how much it is when it is whole, on a disk that has as much; 0: there is none."""
        self._path = data / FILE
        self._most_bytes = most_bytes // _BLOCK_BYTES * _BLOCK_BYTES
        self._now = now
        self._lock = threading.Lock()
        self.is_out = False
        """Whether what does not free is to be refused. Each write asks, so it is no more than an attribute."""
        self.is_short = False
        """Whether it is not whole, so that nothing may grow but by what frees."""

    def check(self) -> None:
        """Raises StorageFull for what does not free while the reserve is out."""
        if self.is_out:
            raise StorageFull("the disk is full: what was kept of it is for what frees room")

    async def keep(self) -> None:
        """Does not end: makes it whole as soon as there is room, and sees whether another process has let it go."""
        while True:
            await asyncio.to_thread(self.look)
            await asyncio.sleep(LOOK_SECONDS)

    def look(self) -> None:
        """Does so once. A disk that refuses is as it was; what is held stays so."""
        with contextlib.suppress(OSError):
            if self._most_bytes:
                with self._opened(os.O_CREAT) as descriptor:
                    self._look(descriptor)
            else:
                self._path.unlink(missing_ok=True)

    def let_go(self) -> bool:
        """Gives its room to what frees; whether there was any, also where another process has given it just now."""
        if not self._most_bytes:
            return False
        with contextlib.suppress(OSError), self._opened(0) as descriptor:
            found = _held(descriptor, self._now())
            if found.held_bytes:
                os.ftruncate(descriptor, 0)
                os.ftruncate(descriptor, found.whole_bytes)
                os.fsync(descriptor)  # a file system may have the room only then
            self.is_out = found.held_bytes > 0 or found.is_out
            self.is_short = self.is_short or self.is_out
            return self.is_out
        return False

    def _look(self, descriptor: int) -> None:
        held, whole, self.is_out = _held(descriptor, self._now())
        if self.is_out:
            self.is_short = True
            return
        free = _free_bytes(descriptor)
        fair = (held + free) // _SHARE // _BLOCK_BYTES * _BLOCK_BYTES
        whole = min(self._most_bytes, max(whole, fair))
        self.is_short = held < whole and whole >= _LEAST_BYTES
        if whole < _LEAST_BYTES:
            return
        wanted = min(whole, (held + free) // _BLOCK_BYTES * _BLOCK_BYTES)
        if wanted > held:
            _hold(descriptor, held, wanted)
            taken = _held(descriptor, self._now()).held_bytes
            self.is_short = held < taken < whole
            if taken <= held:  # a file system that promises no room
                self._most_bytes = 0
                self._path.unlink(missing_ok=True)
                return
        if os.fstat(descriptor).st_size != whole:
            os.ftruncate(descriptor, whole)

    @contextlib.contextmanager
    def _opened(self, flag: int) -> Iterator[int]:
        """The file, locked against all others."""
        with self._lock:
            descriptor = os.open(self._path, os.O_RDWR | os.O_CLOEXEC | flag, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX)
                yield descriptor
            finally:
                os.close(descriptor)


def make_room_to_start(data: Path) -> None:
    """Lets the reserve go where a platform could not start without."""
    if (data / FILE).exists() and _free_bytes(data) < LEAST_TO_START_BYTES:
        Reserve(data, LEAST_TO_START_BYTES).let_go()


def problem(data: Path) -> str:
    """What to tell the operator where the reserve is not whole; empty: it is, or there is none."""
    try:
        found = _held(data / FILE, time.time())
    except OSError:
        return ""
    if found.held_bytes >= found.whole_bytes:
        return ""
    return (
        f"the disk of {data} is full: of the {found.whole_bytes / 2**20:.1f} MiB that are kept for deletes there are "
        f"{found.held_bytes / 2**20:.1f} MiB. Delete objects, whose room is free some two minutes later, or make room "
        "besides"
    )


def _hold(descriptor: int, held_bytes: int, wanted_bytes: int) -> None:
    """Takes as much of what is wanted as there is: not all that is free can be had. The time when it was let go stays.
    Raises OSError where there is nothing."""
    before = os.fstat(descriptor)
    try:
        while True:
            try:
                os.posix_fallocate(descriptor, 0, wanted_bytes)
                return
            except OSError as error:
                less = held_bytes + (wanted_bytes - held_bytes) // 2 // _BLOCK_BYTES * _BLOCK_BYTES
                if meaning_of(error.errno) is not StorageFull or less == held_bytes:
                    raise
                wanted_bytes = less
    finally:
        os.utime(descriptor, ns=(before.st_atime_ns, before.st_mtime_ns))


def _held(file: int | Path, now: float) -> Held:
    status = os.stat(file)
    held = min(status.st_blocks * _STATUS_BLOCK_BYTES, status.st_size)
    since = now - status.st_mtime
    return Held(held, status.st_size, held == 0 and status.st_size > 0 and 0 <= since < OUT_SECONDS)


def _free_bytes(place: int | Path) -> int:
    """What this process may still write."""
    found = os.statvfs(place)
    return found.f_frsize * (found.f_bfree if os.geteuid() == 0 else found.f_bavail)
