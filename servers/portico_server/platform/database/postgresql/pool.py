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
_RECONNECT_SECONDS = 5.0
"""How long a unit waits for a server that is away, before it is told so."""

_log = structlog.get_logger(__name__)


class _Waiting(NamedTuple):
    unit: Unit
    answer: asyncio.Future[Outcome]


class Pool:
    """Up to `size` wires, connected when first needed, of `depth`: how many units one may have in flight.

    To be made on the event loop that uses it.
    """

    def __init__(self, dsn: str, size: int, depth: int) -> None:
        self._dsn = dsn
        self._depth = depth
        self._queue: deque[_Waiting] = deque()
        self._sleeping: list[asyncio.Future[None]] = []
        self._free = 0  # workers without units, asleep or just woken
        self._closing = False
        self._workers = [asyncio.create_task(self._work()) for _ in range(size)]

    def submit(self, unit: Unit) -> asyncio.Future[Outcome]:
        """Queues a unit. The future raises Unreachable where the server stays away.

        Cancelled before its turn, the unit is not sent.
        """
        if self._closing:
            raise DatabaseError("the database is closed")
        answer: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._queue.append(_Waiting(unit, answer))
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
        while share := await self._take():
            try:
                if wire is None or wire.lost:
                    wire = await self._connected(wire)
            except psycopg.OperationalError as error:
                _fail(share, error)
                continue
            try:
                outcomes = await wire.exchange([waiting.unit for waiting in share])
            except Exception as error:  # a bug: the wire is in no known state, but nobody shall wait for ever
                _log.exception("exchange with PostgreSQL failed")
                await wire.close()
                outcomes = [Lost(repr(error))] * len(share)
            _answer(share, outcomes)
            await asyncio.sleep(0)  # the answered may queue again before this wire looks for work
        if wire is not None:
            await wire.close()

    async def _take(self) -> list[_Waiting]:
        """A fair part of the queue; waits until there is one. Empty: the pool closes."""
        self._free += 1
        try:
            while True:
                while not self._queue:
                    if self._closing:
                        return []
                    sleeper: asyncio.Future[None] = asyncio.get_running_loop().create_future()
                    self._sleeping.append(sleeper)
                    await sleeper
                count = min(self._depth, -(-len(self._queue) // self._free))
                share = [self._queue.popleft() for _ in range(count)]
                if wanted := [waiting for waiting in share if not waiting.answer.cancelled()]:
                    return wanted
        finally:
            self._free -= 1

    async def _connected(self, lost: Wire | None) -> Wire:
        """A new wire, in place of a lost one, tried with growing pauses. Raises psycopg.OperationalError."""
        if lost is not None:
            await lost.close()
        give_up_at = time.monotonic() + _RECONNECT_SECONDS
        pause = _FIRST_PAUSE_SECONDS
        while True:
            try:
                return await Wire.connect(self._dsn)
            except psycopg.OperationalError:
                if time.monotonic() + pause > give_up_at:
                    raise
            await asyncio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311
            pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)


def _answer(share: list[_Waiting], outcomes: list[Outcome]) -> None:
    for waiting, outcome in zip(share, outcomes, strict=True):
        if not waiting.answer.done():
            waiting.answer.set_result(outcome)


def _fail(share: list[_Waiting], error: Exception) -> None:
    for waiting in share:
        if not waiting.answer.done():
            waiting.answer.set_exception(_unreachable(error))


def _unreachable(error: Exception) -> Unreachable:
    return Unreachable(f"PostgreSQL cannot be reached: {str(error).strip()}; check it, and the setting database")
