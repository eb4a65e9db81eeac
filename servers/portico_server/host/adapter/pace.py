"""Calls begin by turns: a few in each turn of the event loop, the others wait in the order in which they came.

All that is ready runs in one turn of the loop, so of a crowd that comes at once every call would be as late as the last
of them, and all of them would go on in step. Begun by turns, a call that has begun is soon done, turns stay short, and
what must not wait, as health, is not behind the crowd. How long the first in the line has waited says whether more
calls come than can be served (`portico_server.host.shedding`).
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections import deque

from portico_server.host.adapter.exchange import NO_CONTEXT

CALLS_PER_TURN = 16
"""How many begin in a turn: some 3 ms of work."""


class Pace:
    """Those that wait; `len` is how many. All but `wait_seconds` is for the loop's thread."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[float, asyncio.Future[None]]] = deque()
        self._begun = 0  # in this turn
        self._counting = False  # whether the end of the turn will be seen
        self._limit = CALLS_PER_TURN

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def wait_seconds(self) -> float:
        """How long the first in the line has waited. For any thread."""
        try:
            return time.monotonic() - self._waiting[0][0]
        except IndexError:
            return 0.0

    def may_begin(self, loop: asyncio.AbstractEventLoop) -> bool:
        """Whether a call that has come now begins at once, and counts in this turn; else it is to wait for `turn`."""
        if self._waiting or self._begun >= self._limit:
            return False
        self._begun += 1
        self._see_end_of_turn(loop)
        return True

    def turn(self, loop: asyncio.AbstractEventLoop) -> asyncio.Future[None]:
        """What a call waits for at the end of the line."""
        turn = loop.create_future()
        self._waiting.append((time.monotonic(), turn))
        self._see_end_of_turn(loop)
        return turn

    def open(self) -> None:
        """Lets all begin, those that wait and those that will come."""
        self._limit = sys.maxsize
        self._let_begin()

    def _see_end_of_turn(self, loop: asyncio.AbstractEventLoop) -> None:
        if not self._counting:
            self._counting = True
            loop.call_soon(self._end_turn, loop, context=NO_CONTEXT)

    def _end_turn(self, loop: asyncio.AbstractEventLoop) -> None:
        self._counting = False
        self._begun = 0
        self._let_begin()
        if self._begun:
            self._see_end_of_turn(loop)

    def _let_begin(self) -> None:
        while self._waiting and self._begun < self._limit:
            _, turn = self._waiting.popleft()
            if not turn.done():  # else who waited was cancelled
                turn.set_result(None)
                self._begun += 1
