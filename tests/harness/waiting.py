"""Waiting for a state: polled, with a deadline."""

from __future__ import annotations

import time
from collections.abc import Callable

POLL_SECONDS = 0.02


def wait_until(holds: Callable[[], object], what: str, seconds: float = 45.0) -> None:
    """Returns as soon as `holds` answers something true; AssertionError after so many seconds."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds:g} s in vain: {what}")
        time.sleep(POLL_SECONDS)
