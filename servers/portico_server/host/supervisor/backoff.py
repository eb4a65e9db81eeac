"""How long to wait before what died is started again."""

from __future__ import annotations

from dataclasses import dataclass

FIRST_SECONDS = 0.1
LONGEST_SECONDS = 30.0
HEALTHY_SECONDS = 60.0
"""Who lived so long starts afresh."""


@dataclass(slots=True)
class Backoff:
    """Doubles with each death in a row."""

    _next_seconds: float = FIRST_SECONDS

    def after(self, lived_seconds: float) -> float:
        """Seconds to wait now, for something that lived so long."""
        if lived_seconds >= HEALTHY_SECONDS:
            self._next_seconds = FIRST_SECONDS
        wait_seconds = self._next_seconds
        self._next_seconds = min(2 * wait_seconds, LONGEST_SECONDS)
        return wait_seconds
