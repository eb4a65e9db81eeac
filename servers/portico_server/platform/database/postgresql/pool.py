"""Wires that share a queue of units. Each takes a fair part of what waits, up to its depth."""

from __future__ import annotations

import asyncio
import random
import time
from collections import deque
from dataclasses import dataclass
from functools import partial

import psycopg
import structlog

from portico_server.platform.database.interface import DatabaseError, Unreachable
from portico_server.platform.database.postgresql.wire import Lost, Outcome, Unit, Wire

_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 0.02, 1.0
_AWAY_SECONDS = 5.0
"""How long a unit waits for a server that is away, before it is told so."""

_log = structlog.get_logger(__name__)


@dataclass(slots=True, eq=False)
class _Waiting:
    unit: Unit
    answer: asyncio.Future[Outcome]
    since: float
    told: bool = False


@dataclass(slots=True, eq=False)
class _Worker:
    """Of one wire: looks for units where there is room for them."""

    wire: Wire | None = None
    in_flight: int = 0  # units taken and not yet answered
    asleep: asyncio.Future[None] | None = None

    async def sleep(self) -> None:
        self.asleep = asyncio.get_running_loop().create_future()
        try:
            await self.asleep
        finally:
            self.asleep = None

    def wake(self) -> None:
        if self.asleep is not None and not self.asleep.done():
            self.asleep.set_result(None)


class Pool:
    """Up to `size` wires, connected when first needed, of `depth`: how many units one may have in flight. One that is
    left without any answer for `answer_seconds` is given up.

    Units stay in the queue until a wire is there for them: so where the server takes fewer connections than are wanted,
    those that there are serve all. A wire takes more when half of its depth is answered: so the server does not wait
    for us, nor we for all that a wire has sent. To be made on the event loop that uses it.
    """

    def __init__(self, dsn: str, size: int, depth: int, answer_seconds: float) -> None:
        self._dsn = dsn
        self._answer_seconds = answer_seconds
        self._depth = depth
        self._queue: deque[_Waiting] = deque()
        self._idle: list[_Worker] = []  # asleep, with a wire that has nothing to do
        self._unconnected: list[_Worker] = []  # asleep
        self._occupied: list[_Worker] = []  # asleep, with a wire that has something to do, and room
        self._free = 0  # workers with a wire that has room, asleep or just woken
        self._connected = 0  # workers with a wire
        self._closing = False
        self._workers = [_Worker() for _ in range(size)]
        self._tasks = [asyncio.create_task(self._work(worker)) for worker in self._workers]

    def submit(self, unit: Unit) -> asyncio.Future[Outcome]:
        """Queues a unit. The future raises Unreachable where the server stays away.

        Cancelled before its turn, the unit is not sent.
        """
        if self._closing:
            raise DatabaseError("the database is closed")
        answer: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._queue.append(_Waiting(unit, answer, time.monotonic()))
        self._wake(self._idle, self._unconnected, self._occupied)
        return answer

    async def close(self) -> None:
        """Sends what is queued, then closes the wires."""
        self._closing = True
        for worker in self._workers:
            worker.wake()
        await asyncio.gather(*self._tasks)

    def _wake(self, *kinds: list[_Worker]) -> None:
        """The worker of the first kind that fell asleep last: while there is little to do, few wires are connected."""
        for sleeping in kinds:
            if sleeping:
                sleeping.pop().wake()
                return

    async def _work(self, worker: _Worker) -> None:
        pause_seconds = _FIRST_PAUSE_SECONDS
        while await self._wanted(worker):
            if worker.wire is None:
                worker.wire = await self._connect()
            if worker.wire is None:
                await asyncio.sleep(pause_seconds * random.uniform(0.5, 1.0))  # noqa: S311
                pause_seconds = min(2 * pause_seconds, _LONGEST_PAUSE_SECONDS)
                continue
            pause_seconds = _FIRST_PAUSE_SECONDS
            await self._send(worker, worker.wire)
        if worker.wire is not None:
            await _close(worker.wire)

    async def _wanted(self, worker: _Worker) -> bool:
        """Waits until there are units, and room for them; False: there are none and the pool closes."""
        while True:
            if worker.wire is not None and worker.wire.lost:
                lost, worker.wire = worker.wire, None
                self._connected -= 1
                await _close(lost)
            if self._is_full(worker):
                await worker.sleep()
            elif self._queue:
                return True
            elif self._closing:
                return False
            else:
                await self._sleep_until_units(worker)

    def _is_full(self, worker: _Worker) -> bool:
        return worker.in_flight > (0 if self._closing else self._depth // 2)

    async def _sleep_until_units(self, worker: _Worker) -> None:
        connected = worker.wire is not None
        among = self._unconnected if not connected else self._occupied if worker.in_flight else self._idle
        among.append(worker)
        self._free += connected
        try:
            await worker.sleep()
        finally:
            self._free -= connected
            for sleeping in (self._idle, self._unconnected, self._occupied):
                if worker in sleeping:  # it was woken because the pool closes, or its wire is lost
                    sleeping.remove(worker)

    async def _send(self, worker: _Worker, wire: Wire) -> None:
        share = self._share(self._depth - worker.in_flight)
        worker.in_flight += len(share)
        try:
            await wire.send([(waiting.unit, partial(self._tell, worker, waiting)) for waiting in share])
        except Exception as error:  # a bug: the wire is in no known state, but nobody shall wait for ever
            _log.exception("sending to PostgreSQL failed")
            wire.give_up(repr(error))
            for waiting in share:
                if not waiting.told:
                    self._tell(worker, waiting, Lost(repr(error)))

    def _share(self, room: int) -> list[_Waiting]:
        """A fair part of the queue, without what nobody waits for any more."""
        count = min(room, -(-len(self._queue) // (self._free + 1)))
        share = [self._queue.popleft() for _ in range(count)]
        return [waiting for waiting in share if not waiting.answer.cancelled()]

    def _tell(self, worker: _Worker, waiting: _Waiting, outcome: Outcome) -> None:
        """Answers one unit, and sees to its wire: it may have room again, or nothing more to do."""
        waiting.told = True
        worker.in_flight -= 1
        if not waiting.answer.done():
            waiting.answer.set_result(outcome)
        if worker not in self._occupied:
            if not self._is_full(worker):
                worker.wake()
        elif isinstance(outcome, Lost):
            self._occupied.remove(worker)
            worker.wake()
        elif not worker.in_flight:
            self._occupied.remove(worker)
            self._idle.append(worker)

    async def _connect(self) -> Wire | None:
        """One try. Where it fails, those with a wire are asked to go on; where there are none, who has waited too long
        is told."""
        try:
            wire = await Wire.connect(self._dsn, self._answer_seconds)
        except Exception as error:
            if not isinstance(error, (psycopg.Error, OSError)):  # a bug, which must not end this worker
                _log.exception("connecting to PostgreSQL failed")
            if self._connected:
                self._wake(self._idle, self._occupied)
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


def _unreachable(error: Exception) -> Unreachable:
    return Unreachable(f"PostgreSQL cannot be reached: {str(error).strip()}; check it, and the setting database")
