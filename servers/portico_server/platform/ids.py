"""Ids of writes, which are also version ids: they sort by time and cannot be guessed."""

from __future__ import annotations

import random

from portico_server.platform.clock import Clock

_RANDOM_BITS = 72


class Ids:
    """Mints ids: 14 hexadecimal digits of microseconds since 1970, 18 random ones."""

    def __init__(self, clock: Clock, source: random.Random) -> None:
        """`source` must be the operating system's (random.SystemRandom), but in tests."""
        self._clock = clock
        self._source = source

    def mint(self) -> tuple[str, int]:
        """A new id and the time in it."""
        now_us = self._clock.now_us()
        return f"{now_us:014x}{self._source.getrandbits(_RANDOM_BITS):018x}", now_us
