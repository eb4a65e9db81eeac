"""How much a caller may ask for: what a limit is, and who has which."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

PROCESSES = 32
"""So many processes of a platform may serve on a machine, for their counts of callers are kept side by side."""
SERVING_PROCESSES = PROCESSES - 1
"""So many the settings may ask for: at a restart there is one more for a while."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Of one caller, on one machine. 0 means no limit.

    `call_burst` calls may come at once, then `calls_per_second`; `concurrent_calls` (streams among them) may be in
    flight.
    """

    calls_per_second: float = 0.0
    call_burst: int = 0
    concurrent_calls: int = 0


class LimitsOf(Protocol):
    """Says which limits a caller has."""

    @property
    def version(self) -> int:
        """Changes whenever an answer may have; asked at each call."""
        ...

    def limits_of(self, principal: str) -> Limits | None:
        """The limits of a principal by its name; None: the usual ones."""
        ...
