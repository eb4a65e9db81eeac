"""Failed attempts to authenticate: after a few, whoever makes them must wait. Others, with the same client's id or not,
need not: nobody can shut another one out."""

from __future__ import annotations

import math
from collections.abc import Callable

import grpc

from portico_server.platform.errors import ApiError

BURST = 20
SECONDS_EACH = 3.0
"""After the burst so long must pass for another one."""
REMEMBERED = 10_000


class FailedAttempts:
    """Counts by who makes them (a certificate or an address), in this process. `now`: seconds of a steady clock."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._paid: dict[str, float] = {}  # until when those of before count

    def check(self, who: str) -> None:
        """Raises ApiError (RESOURCE_EXHAUSTED) for one that has failed too often."""
        wait_seconds = self._paid.get(who, 0.0) - self._now() - (BURST - 1) * SECONDS_EACH
        if wait_seconds > 0:
            raise ApiError(
                grpc.StatusCode.RESOURCE_EXHAUSTED,
                "ATTEMPTS_LIMITED",
                f"too many attempts to authenticate have failed: try again in {math.ceil(wait_seconds)} s",
                retry_after_seconds=wait_seconds,
            )

    def failed(self, who: str) -> None:
        """Counts one."""
        until = max(self._paid.pop(who, 0.0), self._now()) + SECONDS_EACH
        if len(self._paid) >= REMEMBERED:
            del self._paid[next(iter(self._paid))]
        self._paid[who] = until
