"""Whether a store is asked at all: one that answers nothing is left alone for a while, so that callers are told at once
what they would else wait for, and hold nothing meanwhile."""

from __future__ import annotations

import time

_FAILURES = 3
"""Requests in a row, each with all its tries, that got no answer at all."""
_FIRST_REST_SECONDS = 0.5
_LONGEST_REST_SECONDS = 2.0
"""Behind each rest one request is let through, to see whether it is back; so long callers are told to wait, too."""


class Circuit:
    """Of one store, as one process knows it."""

    def __init__(self) -> None:
        self._failures = 0
        self._problem = ""
        self._ask_at = 0.0

    def refusal(self) -> str:
        """Why the store is not to be asked now; empty: ask it."""
        if self._failures < _FAILURES:
            return ""
        now = time.monotonic()
        if now < self._ask_at:
            return self._problem
        self._ask_at = now + self._rest_seconds
        return ""

    def failed(self, problem: str) -> None:
        """It answered nothing."""
        self._failures += 1
        self._problem = problem
        self._ask_at = time.monotonic() + self._rest_seconds

    def answered(self) -> None:
        """It answered, whatever it said."""
        self._failures = 0

    @property
    def _rest_seconds(self) -> float:
        doublings = min(max(0, self._failures - _FAILURES), 10)
        return float(min(_FIRST_REST_SECONDS * 2**doublings, _LONGEST_REST_SECONDS))
