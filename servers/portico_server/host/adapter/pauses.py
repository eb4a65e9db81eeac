"""Pauses between the parts of a long body, in which Envoy gathers what comes: each part costs the same.

Taken at once, bodies came in parts of 16 to 30 KiB, and cost three times as much as in parts of 200.
"""

from __future__ import annotations

_SMALL_BYTES, _LARGE_BYTES = 96 * 1024, 192 * 1024
_PAUSE_SECONDS, _MOST_PAUSES = 0.001, 5


class Pauses:
    """Of one body: longer where its parts are small, shorter where they are large."""

    __slots__ = ("_count",)

    def __init__(self) -> None:
        self._count = 0

    def after(self, part_bytes: int) -> float:
        """How many seconds to wait before the next part is asked for."""
        if part_bytes > _LARGE_BYTES:
            self._count = max(self._count - 1, 0)
        elif part_bytes < _SMALL_BYTES:
            self._count = min(self._count + 1, _MOST_PAUSES)
        return self._count * _PAUSE_SECONDS
