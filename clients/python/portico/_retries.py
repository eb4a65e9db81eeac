"""When a failed call is tried again, and after how long: exponential back-off with full jitter, within the deadline.

Only a call whose repetition does no harm is retried at all. RetryInfo from the platform overrules our own pause.
Source: AIP-194, and "Exponential Backoff And Jitter" (full jitter).
"""

from __future__ import annotations

import random
import time
from dataclasses import dataclass

from portico.errors import PorticoError

FIRST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Deadline:
    """When a call with all its retries must be over; `at` is of `time.monotonic`, None for never."""

    at: float | None

    @classmethod
    def after(cls, seconds: float | None) -> Deadline:
        return cls(None if seconds is None else time.monotonic() + seconds)

    def left_seconds(self) -> float | None:
        """What is left, never negative; None for no deadline."""
        return None if self.at is None else max(0.0, self.at - time.monotonic())


def pause_seconds(error: PorticoError, failures: int, attempts: int, deadline: Deadline) -> float | None:
    """How long to wait before the next try; None to give up. `failures` counts those so far, this one among them.

    UNAVAILABLE is worth another try by itself; RESOURCE_EXHAUSTED and ABORTED only where the platform says after how
    long (a full disk and a stale etag do not mend themselves).
    """
    told = error.retry_after_seconds
    if failures >= attempts or not (
        error.code == "UNAVAILABLE" or (told is not None and error.code in _WITH_RETRY_INFO)
    ):
        return None
    ceiling = min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2 ** (failures - 1))
    pause = random.uniform(0, ceiling) if told is None else told + random.uniform(0, FIRST_PAUSE_SECONDS)  # noqa: S311
    left = deadline.left_seconds()
    return pause if left is None or pause < left else None


_WITH_RETRY_INFO = ("RESOURCE_EXHAUSTED", "ABORTED")
