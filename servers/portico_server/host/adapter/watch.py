"""Looks after calls that last: has the client gone, is the first message overdue?

Once a request has ended, ASGI tells of a lost client only to who asks, and asking costs some 25 microseconds. So nobody
asks for a call that is done within a tenth of a second; those that last are asked about ever more seldom, and all of
them together at a bounded rate.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import time
from collections.abc import Callable
from typing import Protocol

from portico_server.host.adapter.exchange import NO_CONTEXT, Cut, Exchange
from portico_server.platform.call import Call
from portico_server.platform.errors import ApiError

_TICK_SECONDS = 0.1
"""Longer than calls take that wait for one another: where 64 in flight take 30 ms each, to ask about every one after 20
was a twentieth of the Python thread's work."""
_SHARE_OF_AGE = 0.25  # a call that has lasted a second is looked at a quarter of a second later
_MAX_SECONDS = 1.0
_LOOKS_PER_SECOND = 2000


class Watched(Protocol):
    """What is in flight: of a call its request messages, of a face's request its body."""

    exchange: Exchange
    call: Call | None
    awaited_since: float | None

    def probe(self) -> None:
        """Looks whether the client is still there, where nothing else would tell."""
        ...


class Watch:
    """All calls in flight."""

    def __init__(self, first_message_seconds: float) -> None:
        self._first_message_seconds = first_message_seconds
        self._recent: dict[Watched, None] = {}  # in the order in which they came
        self._lasting: set[Watched] = set()
        self._due: list[tuple[float, int, Watched]] = []  # a heap: when to look at which
        self._order = itertools.count()
        self._timer: asyncio.TimerHandle | None = None
        self._emptied: asyncio.Event | None = None

    def __len__(self) -> int:
        return len(self._recent) + len(self._lasting)

    def add(self, requests: Watched) -> None:
        """Begins to look after a call."""
        self._recent[requests] = None
        if self._timer is None:
            self._set_timer(requests.exchange.loop)

    def remove(self, requests: Watched) -> None:
        """Forgets a call."""
        if requests in self._recent:
            del self._recent[requests]
        else:
            self._lasting.discard(requests)
        if self._emptied is not None and not self._recent and not self._lasting:
            self._emptied.set()

    def cut_all(self, cut: Cut) -> None:
        """Cuts every call short."""
        for requests in [*self._recent, *self._lasting]:
            requests.exchange.cancel(cut)

    def cut_refused(self, refusal_of: Callable[[Call], ApiError | None]) -> None:
        """Cuts those calls short that are to be refused now, though they were let in."""
        for requests in [*self._recent, *self._lasting]:
            call = requests.call
            if call is not None and (refusal := refusal_of(call)) is not None:
                requests.exchange.refuse(refusal)

    async def empty(self) -> None:
        """Waits until no call is left."""
        if self._recent or self._lasting:
            self._emptied = asyncio.Event()
            await self._emptied.wait()

    def _tick(self, loop: asyncio.AbstractEventLoop) -> None:
        now = time.monotonic()
        for requests in [*itertools.takewhile(lambda one: now - one.exchange.started >= _TICK_SECONDS, self._recent)]:
            del self._recent[requests]
            self._lasting.add(requests)
            self._look(requests, now)
        while self._due and self._due[0][0] <= now:
            requests = heapq.heappop(self._due)[2]
            if requests in self._lasting:
                self._look(requests, now)
        if self._recent or self._lasting:
            self._set_timer(loop)
        else:
            self._timer = None
            self._due.clear()

    def _set_timer(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer = loop.call_later(_TICK_SECONDS, self._tick, loop, context=NO_CONTEXT)

    def _look(self, requests: Watched, now: float) -> None:
        if requests.awaited_since is not None and now - requests.awaited_since > self._first_message_seconds:
            requests.exchange.cancel(Cut.FIRST_MESSAGE)
        requests.probe()
        slowest = max(_MAX_SECONDS, len(self._lasting) / _LOOKS_PER_SECOND)
        age = now - requests.exchange.started
        due = now + min(slowest, max(_TICK_SECONDS, age * _SHARE_OF_AGE))
        heapq.heappush(self._due, (due, next(self._order), requests))
