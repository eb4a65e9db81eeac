"""The bounded local files of request events and spans, in data/telemetry, until the events product takes them.

Segments `<start, ms since 1970>-<process id>.jsonl`, each process its own, so that several may write; when all of them
together exceed the limit those written first go, wherever the clock was set meanwhile. Appending is a list append; a
background task writes within half a second, in a thread. A crash loses that half second.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import structlog

from portico_server.platform.reserve import Reserve

FLUSH_SECONDS = 0.5
"""How long a record waits at most to be written."""

MAX_PENDING_BYTES = 16 * 1024 * 1024
"""How much may wait for a slow disk; beyond it records are dropped and counted."""

SEGMENTS = 16
"""Into how many segments the limit is divided: one at a time is dropped."""

CLOCK_STEP_MS = 1000
"""A clock that goes back by more was set; by less, it was corrected, and the order of records is near enough."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, order=True)
class Segment:
    """One file. Holds records written from `start_ms` on, by process `process`. It was begun before those that start
    later."""

    start_ms: int
    process: int
    path: Path


def segments(folder: Path) -> list[Segment]:
    """All segments, the oldest first."""
    found = []
    for path in folder.glob("*-*.jsonl"):
        start, _, process = path.stem.partition("-")
        if start.isdigit() and process.isdigit():
            found.append(Segment(int(start), int(process), path))
    return sorted(found)


class TelemetryFiles:
    """This process's writer. `limit_bytes` is for the folder as a whole."""

    def __init__(
        self,
        folder: Path,
        limit_bytes: int,
        now_ns: Callable[[], int] = time.time_ns,
        reserve: Reserve | None = None,
    ) -> None:
        """While the `reserve` of its disk is out, records are dropped: its room is not for them."""
        self.folder = folder
        self._reserve = reserve or Reserve(folder, 0)
        self.dropped = 0
        self._limit_bytes = limit_bytes
        self._segment_bytes = max(4096, limit_bytes // SEGMENTS)
        self._pending: list[bytes] = []
        self._pending_bytes = 0
        self._writing = asyncio.Lock()
        self._file = -1
        self._file_bytes = 0
        self._now_ns = now_ns
        self._written_ms = 0  # by the clock, which may be set
        self._failing = False
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def append(self, line: bytes) -> None:
        """Takes one record, a line with its line feed."""
        if self._pending_bytes > MAX_PENDING_BYTES or self._reserve.is_out:
            self.dropped += 1
            return
        self._pending.append(line)
        self._pending_bytes += len(line)

    async def run(self) -> None:
        """Writes what was appended, until cancelled."""
        while True:
            await asyncio.sleep(FLUSH_SECONDS)
            await self.flush()

    async def flush(self) -> None:
        """Writes everything appended so far. A failing disk loses records, not calls."""
        async with self._writing:
            if not self._pending:
                return
            lines, self._pending, self._pending_bytes = self._pending, [], 0
            writing = asyncio.ensure_future(self._try_to_write(lines))
            try:
                await asyncio.shield(writing)
            except asyncio.CancelledError:
                await asyncio.wait({writing})  # a thread goes on; nobody else may touch the file until it has ended
                raise

    async def close(self) -> None:
        """Writes the rest and closes."""
        await self.flush()
        self._close_file()

    async def _try_to_write(self, lines: list[bytes]) -> None:
        try:
            await asyncio.to_thread(self._write, lines)
            self._failing = False
        except OSError as error:
            self.dropped += len(lines)
            if not self._failing:
                _log.error("telemetry_not_written", folder=str(self.folder), error=str(error))
            self._failing = True

    def _write(self, lines: list[bytes]) -> None:
        data = memoryview(b"".join(lines))
        now_ms = self._now_ns() // 1_000_000
        if self._file >= 0 and (self._is_over() or now_ms < self._written_ms - CLOCK_STEP_MS):
            self._close_file()
        if self._file < 0:
            self._put_before(now_ms)
            self._trim()
            self._open_file(now_ms)
        self._written_ms = now_ms
        while data:
            written = os.write(self._file, data)
            self._file_bytes += written
            data = data[written:]

    def _is_over(self) -> bool:
        """Whether the segment is full, or another process has dropped it as the oldest."""
        return self._file_bytes >= self._segment_bytes or os.fstat(self._file).st_nlink == 0

    def _open_file(self, start_ms: int) -> None:
        while self._file < 0:
            path = self.folder / f"{start_ms:013d}-{os.getpid()}.jsonl"
            with contextlib.suppress(FileExistsError):
                self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o600)
            start_ms += 1
        self._file_bytes = 0

    def _close_file(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _put_before(self, now_ms: int) -> None:
        """Renames segments of a time to come: the clock was set back since, and they are older than what follows. That
        they start earlier by their names than they did only makes readers look into them."""
        ahead = [segment for segment in segments(self.folder) if segment.start_ms > now_ms + CLOCK_STEP_MS]
        for start_ms, segment in enumerate(ahead, start=now_ms - len(ahead)):
            path = self.folder / f"{start_ms:013d}-{segment.process}.jsonl"
            with contextlib.suppress(FileNotFoundError):  # another process did it, or dropped it
                if not path.exists():
                    segment.path.rename(path)

    def _trim(self) -> None:
        """Makes room for one more segment."""
        kept = 0
        for segment in reversed(segments(self.folder)):
            with contextlib.suppress(FileNotFoundError):
                kept += segment.path.stat().st_size
                if kept > self._limit_bytes - self._segment_bytes:
                    segment.path.unlink()
