"""Counts of callers that the processes of a machine keep together, in shared memory.

A table of places, one a caller that is active: the caller's key, when its token bucket will be full again (GCRA: one
number is the whole bucket), and, for each process, how many of its calls are in flight there. A process writes only its
own counts. The table has a fixed size; a place whose bucket is full and that has no call in flight may be taken by
another caller. A process that dies leaves its counts behind: they are cleared when its seat is found empty.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import time
from collections.abc import Iterator
from pathlib import Path

from portico_server.platform.limits import PROCESSES
from portico_server.platform.private_files import make_private_folder
from portico_server.platform.shared_words import SharedWords

FILE = "shared-limits"
SEATS = "limit-seats"
"""In the platform's run folder: the table, and a folder with a lock file for each process."""

PLACES = 8_192
_PROBES = 8
"""How far from where its key belongs a caller may stand."""
FULL_AT, COUNTS = 1, 2
"""Words of a place, behind its key: when its bucket is full (of `time.monotonic_ns`), and the processes' counts."""
_WIDTH = COUNTS + PROCESSES

Words = memoryview | list[int]


class SharedLimits:
    """The table, as one process sees it. `seat` is this process's column."""

    def __init__(self, run: Path) -> None:
        """Raises OSError."""
        self._shared = SharedWords(run / FILE, PLACES * _WIDTH)
        self._words = self._shared.words
        self._seats = run / SEATS
        make_private_folder(self._seats)
        self._lock = -1
        self.seat = self._take_seat()
        self.others = tuple(seat for seat in range(PROCESSES) if seat != self.seat)  # until looked at
        self.look_at_seats()

    def close(self) -> None:
        """Gives the seat back."""
        if self._lock >= 0:
            self._clear(self.seat)
            os.close(self._lock)
            self._lock = -1

    def look_at_seats(self) -> None:
        """Finds out which other processes there are, and clears the counts of those that are gone."""
        taken = []
        for seat in range(PROCESSES):
            if seat == self.seat or not (self._seats / str(seat)).exists():
                continue
            with self._trying(seat) as free:
                if not free:
                    taken.append(seat)
                elif seat in self.others:
                    self._clear(seat)
        self.others = tuple(taken)

    def words_of(self, caller: str) -> tuple[Words, int, int]:
        """Where the caller is counted: the words, the index of its first one, and the key that stands there as long as
        the place is the caller's.

        Where all places that it could take are in use, the words are this process's own: then its limit holds in each
        process by itself.
        """
        words = self._words
        key = int.from_bytes(hashlib.blake2b(caller.encode(), digest_size=8).digest(), "little") or 1
        places = [(key + probe) % PLACES * _WIDTH for probe in range(_PROBES)]
        for place in places:
            if words[place] == key:
                return words, place, key
        with self._shared.locked():
            for place in places:  # another process may have been quicker
                if words[place] == key:
                    return words, place, key
            now = time.monotonic_ns()
            for place in places:
                if words[place + FULL_AT] <= now and not any(words[place + COUNTS : place + _WIDTH]):
                    words[place + FULL_AT] = 0
                    words[place] = key
                    return words, place, key
        return [key, *[0] * (_WIDTH - 1)], 0, key

    def lease(self, words: Words, place: int, wanted: int, interval_ns: int, burst_ns: int) -> tuple[int, int]:
        """Takes up to `wanted` calls out of a bucket in which one call is `interval_ns` and a full one `burst_ns`.

        Answers how many, and, where none, after how many nanoseconds there is one.
        """
        with self._shared.locked():
            now = time.monotonic_ns()
            # A clock of before the machine's start may have written what is far ahead.
            ahead = min(max(words[place + FULL_AT] - now, 0), burst_ns)
            free = (burst_ns - ahead) // interval_ns
            if free < 1:
                return 0, ahead + interval_ns - burst_ns
            taken = min(wanted, free)
            words[place + FULL_AT] = now + ahead + taken * interval_ns
        return taken, 0

    def _take_seat(self) -> int:
        for seat in range(PROCESSES):
            descriptor = os.open(self._seats / str(seat), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(descriptor)
                continue
            self._lock = descriptor
            self._clear(seat)
            return seat
        raise OSError(
            f"{PROCESSES} processes serve on this machine already, which is all whose calls can be counted together "
            f"({self._seats}): take products out of the setting `processes`, or set fewer `workers`"
        )

    @contextlib.contextmanager
    def _trying(self, seat: int) -> Iterator[bool]:
        """Whether nobody sits there; nobody else can take it meanwhile."""
        descriptor = os.open(self._seats / str(seat), os.O_RDONLY | os.O_CLOEXEC)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield True
        except BlockingIOError:
            yield False
        finally:
            os.close(descriptor)

    def _clear(self, seat: int) -> None:
        words = self._words
        for at in range(COUNTS + seat, PLACES * _WIDTH, _WIDTH):
            if words[at]:
                words[at] = 0
