"""Wires that share a queue of units. Each takes a fair part of what waits, up to its depth, in one exchange."""

from __future__ import annotations

import asyncio
import random
import time
from collections import deque
from typing import NamedTuple

import psycopg
import structlog

from portico_server.platform.database.interface import DatabaseError, Unreachable
from portico_server.platform.database.postgresql.wire import Lost, Outcome, Unit, Wire

_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 0.02, 1.0
_AWAY_SECONDS = 5.0
"""How long a unit waits for a server that is away, before it is told so."""

_log = structlog.get_logger(__name__)


class _Waiting(NamedTuple):
    unit: Unit
    answer: asyncio.Future[Outcome]
    since: float


class Pool:
    """Up to `size` wires, connected when first needed, of `depth`: how many units one may have in flight. One that is
    left without any answer for `answer_seconds` is given up.

    Units stay in the queue until a wire is there for them: so where the server takes fewer connections than are wanted,
    those that there are serve all. To be made on the event loop that uses it.
    """

    def __init__(self, dsn: str, size: int, depth: int, answer_seconds: float) -> None:
        self._dsn = dsn
        self._answer_seconds = answer_seconds
        self._depth = depth
        self._queue: deque[_Waiting] = deque()
        self._sleeping: list[asyncio.Future[None]] = []
        self._free = 0  # workers with a wire and without units, asleep or just woken
        self._connected = 0  # workers with a wire
        self._closing = False
        self._workers = [asyncio.create_task(self._work()) for _ in range(size)]

    def submit(self, unit: Unit) -> asyncio.Future[Outcome]:
        """Queues a unit. The future raises Unreachable where the server stays away.

        Cancelled before its turn, the unit is not sent.
        """
        if self._closing:
            raise DatabaseError("the database is closed")
        answer: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._queue.append(_Waiting(unit, answer, time.monotonic()))
        self._wake()
        return answer

    async def close(self) -> None:
        """Sends what is queued, then closes the wires."""
        self._closing = True
        for sleeper in self._sleeping:
            sleeper.set_result(None)
        self._sleeping.clear()
        await asyncio.gather(*self._workers)

    def _wake(self) -> None:
        """The worker that fell asleep last: while there is little to do, few wires are connected."""
        if self._sleeping:
            self._sleeping.pop().set_result(None)

    async def _work(self) -> None:
        wire: Wire | None = None
        pause_seconds = _FIRST_PAUSE_SECONDS
        while await self._wanted(connected=wire is not None):
            wire = await self._unless_lost(wire) or await self._connect()
            if wire is None:
                await asyncio.sleep(pause_seconds * random.uniform(0.5, 1.0))  # noqa: S311
                pause_seconds = min(2 * pause_seconds, _LONGEST_PAUSE_SECONDS)
                continue
            pause_seconds = _FIRST_PAUSE_SECONDS
            if share := self._share():
                _answer(share, await _exchanged(wire, share))
                wire = await self._unless_lost(wire)
                await asyncio.sleep(0)  # the answered may queue again before this wire looks for work
        if wire is not None:
            await _close(wire)

    async def _unless_lost(self, wire: Wire | None) -> Wire | None:
        if wire is None or not wire.lost:
            return wire
        self._connected -= 1
        await _close(wire)
        return None

    async def _wanted(self, *, connected: bool) -> bool:
        """Waits until there are units; False: there are none and the pool closes. A worker without a wire is woken
        last."""
        self._free += connected
        try:
            while not self._queue:
                if self._closing:
                    return False
                sleeper: asyncio.Future[None] = asyncio.get_running_loop().create_future()
                self._sleeping.insert(len(self._sleeping) if connected else 0, sleeper)
                await sleeper
            return True
        finally:
            self._free -= connected

    def _share(self) -> list[_Waiting]:
        """A fair part of the queue, without what nobody waits for any more."""
        count = min(self._depth, -(-len(self._queue) // (self._free + 1)))
        share = [self._queue.popleft() for _ in range(count)]
        return [waiting for waiting in share if not waiting.answer.cancelled()]

    async def _connect(self) -> Wire | None:
        """One try. Where it fails, those with a wire are asked to go on; where there are none, who has waited too long
        is told."""
        try:
            wire = await Wire.connect(self._dsn, self._answer_seconds)
        except Exception as error:
            if not isinstance(error, (psycopg.Error, OSError)):  # a bug, which must not end this worker
                _log.exception("connecting to PostgreSQL failed")
            if self._connected:
                self._wake()
            else:
                self._tell_overdue(error)
            return None
        self._connected += 1
        return wire

    def _tell_overdue(self, error: Exception) -> None:
        before = time.monotonic() - _AWAY_SECONDS
        while self._queue and (self._closing or self._queue[0].since <= before):
            answer = self._queue.popleft().answer
            if not answer.done():
                answer.set_exception(_unreachable(error))


async def _close(wire: Wire) -> None:
    try:
        await wire.close()
    except Exception:  # it is gone as far as we are concerned, and its worker goes on
        _log.exception("closing a connection to PostgreSQL failed")


async def _exchanged(wire: Wire, share: list[_Waiting]) -> list[Outcome]:
    try:
        return await wire.exchange([waiting.unit for waiting in share])
    except Exception as error:  # a bug: the wire is in no known state, but nobody shall wait for ever
        _log.exception("exchange with PostgreSQL failed")
        wire.give_up(repr(error))
        return [Lost(repr(error))] * len(share)


def _answer(share: list[_Waiting], outcomes: list[Outcome]) -> None:
    for waiting, outcome in zip(share, outcomes, strict=True):
        if not waiting.answer.done():
            waiting.answer.set_result(outcome)


def _unreachable(error: Exception) -> Unreachable:
    return Unreachable(f"PostgreSQL cannot be reached: {str(error).strip()}; check it, and the setting database")
