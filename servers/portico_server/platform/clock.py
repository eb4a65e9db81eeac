"""Time and identifiers as values that tests can replace."""

from __future__ import annotations

import time
import zlib
from pathlib import Path
from typing import Protocol

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_SECONDS_BITS = 32


class Clock(Protocol):
    """Wall-clock time."""

    def now_us(self) -> int:
        """Microseconds since 1970-01-01 UTC."""
        ...


class SystemClock:
    """The machine's clock."""

    def now_us(self) -> int:
        return time.time_ns() // 1000


class Uptime:
    """The time since the machine was started, as a number that processes can leave to one another, also in files that
    outlive it. Nobody can set it, as the machine's clock can be set."""

    def __init__(self) -> None:
        try:
            boot = zlib.crc32(_BOOT_ID.read_bytes())
        except OSError:  # hidden from containers, at times
            boot = 0
        self._boot = boot << _SECONDS_BITS

    def mark(self) -> int:
        """Of this second, in 64 bits."""
        return self._boot | int(time.clock_gettime(time.CLOCK_BOOTTIME))

    @staticmethod
    def seconds_between(earlier: int, later: int) -> float:
        """From mark to mark; infinite where the machine was started between them, or no mark was made."""
        same = earlier >> _SECONDS_BITS == later >> _SECONDS_BITS
        return later - earlier if same and 0 < earlier <= later else float("inf")
