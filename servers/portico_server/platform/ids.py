"""Ids of writes, which are also version ids: they sort by time and cannot be guessed."""

from __future__ import annotations

import random

from portico_server.platform.clock import Clock

_RANDOM_BITS = 72
_BATCH = 128


class Ids:
    """Mints ids: 14 hexadecimal digits of microseconds since 1970, 18 random ones."""

    def __init__(self, clock: Clock, source: random.Random) -> None:
        """`source` must be the operating system's (random.SystemRandom), but in tests."""
        self._clock = clock
        self._source = source
        self._random: list[str] = []

    def mint(self) -> tuple[str, int]:
        """A new id and the time in it."""
        if not self._random:
            self._refill()
        now_us = self._clock.now_us()
        return f"{now_us:014x}{self._random.pop()}", now_us

    def _refill(self) -> None:
        """One system call for many ids."""
        width = _RANDOM_BITS // 4
        digits = f"{self._source.getrandbits(_RANDOM_BITS * _BATCH):0{width * _BATCH}x}"
        self._random = [digits[start : start + width] for start in range(0, len(digits), width)]
