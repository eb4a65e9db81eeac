"""Streams that are read in the background, and where they stand."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

from tests.harness.waiting import POLL_SECONDS

STANDSTILL_SECONDS = 60.0
"""However loaded the machine is, something comes in that time, unless the stream stands still."""


class Reader:
    """Reads a stream of messages with a `payload` to its end. `failed`: with what it broke off."""

    def __init__(self, stream: Iterable[Any]) -> None:
        self._stream = stream
        self._begun_at = self._last_at = time.monotonic()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self.read_bytes = 0
        self.failed: Exception | None = None
        self._thread.start()

    def wait(self, others: Callable[[], str]) -> int:
        """Returns at the stream's end how many bytes were read; AssertionError once it stands still, with where it
        stands and what `others` says, or when it was broken off."""
        while self._thread.is_alive():
            standing_seconds = time.monotonic() - self._last_at
            assert standing_seconds < STANDSTILL_SECONDS, f"it stands still: {self}; {others()}"
            time.sleep(POLL_SECONDS)
        assert self.failed is None, f"{self}: {self.failed}; {others()}"
        return self.read_bytes

    def __str__(self) -> str:
        last_seconds = self._last_at - self._begun_at
        return f"{self.read_bytes:,} bytes read, the last after {last_seconds:.1f} s"

    def _read(self) -> None:
        try:
            for message in self._stream:
                self.read_bytes += len(message.payload)
                self._last_at = time.monotonic()
        except Exception as error:
            self.failed = error
