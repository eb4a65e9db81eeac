"""Long comparisons in a thread beside the event loop, one at a time: no call waits for them, however large an account
is."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from typing import TypeVar

MAX_SECONDS = 5.0
"""Of a thread's own time. Then the work is told to end with what it has."""

_Result = TypeVar("_Result")
Ended = Callable[[], bool]
"""Whether the work is to end: it has had its time, or nobody waits for it any more."""


class Apart:
    """Runs one piece of work after another."""

    def __init__(self, max_seconds: float = MAX_SECONDS) -> None:
        self._max_seconds = max_seconds
        self._one = asyncio.Lock()

    async def run(self, work: Callable[[Ended], _Result]) -> _Result:
        """What `work` answers, or raises. The next one waits for its end, also where its caller does not."""
        given_up = threading.Event()

        def limited() -> _Result:
            until = time.thread_time() + self._max_seconds
            return work(lambda: given_up.is_set() or time.thread_time() >= until)

        async with self._one:
            running = asyncio.ensure_future(asyncio.to_thread(limited))
            try:
                return await asyncio.shield(running)
            finally:
                given_up.set()
                await asyncio.wait([running])
