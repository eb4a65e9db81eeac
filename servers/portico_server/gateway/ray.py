"""Step: gives the call its ray id, by which everything about it is found."""

from __future__ import annotations

import os
from collections.abc import Awaitable

from portico_server.platform.call import Call, Handler, Step

_RANDOM_BYTES = 10
_BATCH = 256


class RayIds:
    """Makes ray ids: 16 bytes in hexadecimal, the first 6 milliseconds since 1970, the rest random (80 bits).

    They sort by time; the time never runs backwards within a process, though the machine's clock be set back.
    """

    def __init__(self) -> None:
        self._random: list[str] = []
        self._last_ms = 0
        self._time = ""  # in hexadecimal

    def next(self, now_ns: int) -> str:
        """An id for a moment, nanoseconds since 1970."""
        if not self._random:
            self._refill()
        milliseconds = now_ns // 1_000_000
        if milliseconds > self._last_ms:
            self._last_ms = milliseconds
            self._time = f"{milliseconds:012x}"
        return self._time + self._random.pop()

    def _refill(self) -> None:
        """One system call for many ids."""
        digits = os.urandom(_RANDOM_BYTES * _BATCH).hex()
        width = 2 * _RANDOM_BYTES
        self._random = [digits[start : start + width] for start in range(0, len(digits), width)]


def ray() -> Step:
    """Mints the id; a caller cannot choose it. It is answered as `x-ray-id`."""
    ids = RayIds()

    def step(call: Call, proceed: Handler) -> Awaitable[None]:
        call.ray_id = ids.next(call.arrival_time_ns)
        call.response_headers.append(("x-ray-id", call.ray_id))
        return proceed(call)

    return step
