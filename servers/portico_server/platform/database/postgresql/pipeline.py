"""libpq's pipeline mode on the event loop: commands go out in one write, results come back a unit at a time.

Units may be sent while others are on their way, and each is answered as soon as the server has answered it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

import psycopg
from psycopg import pq
from psycopg.pq.abc import PGconn, PGresult

_PIPELINE_SYNC = int(pq.ExecStatus.PIPELINE_SYNC)

UnitResults = list[PGresult]
"""The results of what was sent between two syncs."""

Answered = Callable[[UnitResults | None], None]
"""Is called once: with the results, or with None where the connection was lost before they came."""


class Pipeline:
    """The two directions of one connection."""

    def __init__(self, libpq: PGconn, answer_seconds: float) -> None:
        self.libpq = libpq
        self.lost = ""  # why the connection can be used no more
        self._socket = libpq.socket
        self._loop = asyncio.get_running_loop()
        self._sent: deque[Answered] = deque()  # of units not yet answered, in the order in which they were sent
        self._unit: UnitResults = []
        self._answer_seconds = answer_seconds
        self._heard_at = 0.0  # of the loop's clock: when a unit was answered last, or the first of several sent
        self._patience: asyncio.TimerHandle | None = None
        libpq.nonblocking = 1
        libpq.enter_pipeline_mode()
        self._loop.add_reader(self._socket, self._on_readable)

    @property
    def in_flight(self) -> int:
        """How many units were sent and are not yet answered."""
        return len(self._sent)

    def sync(self, answered: Answered) -> None:
        """Ends a unit: what was sent since the last sync. `flush` sends it."""
        if not self.lost:
            try:
                self.libpq.pipeline_sync()
            except psycopg.OperationalError as error:
                self.lose(str(error))
        if self.lost:
            answered(None)
            return
        if not self._sent:
            self._heard_at = self._loop.time()
        self._sent.append(answered)

    def flush(self) -> None:
        """Sends what was queued; the rest goes out as the socket takes it."""
        if self.lost:
            return
        try:
            unsent = self.libpq.flush()
        except psycopg.Error as error:
            self.lose(str(error))
            return
        if unsent:
            self._loop.add_writer(self._socket, self.flush)
        else:
            self._loop.remove_writer(self._socket)
        if self._patience is None:
            self._patience = self._loop.call_later(self._answer_seconds, self._look)

    def lose(self, why: str) -> None:
        """Gives the connection up: who waits is told."""
        if self.lost:
            return
        self.lost = why
        self._loop.remove_reader(self._socket)
        self._loop.remove_writer(self._socket)
        if self._patience is not None:
            self._patience.cancel()
        while self._sent:
            self._sent.popleft()(None)

    def _look(self) -> None:
        """Gives up what has answered nothing for so long: a connection that is cut without a word looks like a quiet
        one."""
        self._patience = None
        if not self._sent:
            return
        left = self._heard_at + self._answer_seconds - self._loop.time()
        if left <= 0:
            self.lose(f"the server has answered nothing for {self._answer_seconds:g} s")
        else:
            self._patience = self._loop.call_later(left, self._look)

    def _on_readable(self) -> None:
        try:
            self.libpq.consume_input()
            self._collect()
        except psycopg.Error as error:
            self.lose(str(error))

    def _collect(self) -> None:
        libpq, between_commands = self.libpq, False
        while self._sent and not libpq.is_busy():
            result = libpq.get_result()
            if result is None:
                if between_commands:  # twice: nothing is left to be answered, though units are missing
                    self.lose(libpq.get_error_message() or "the server ended the connection")
                    return
                between_commands = True
                continue
            between_commands = False
            if result.status != _PIPELINE_SYNC:
                self._unit.append(result)
                continue
            unit, self._unit = self._unit, []
            self._heard_at = self._loop.time()
            self._sent.popleft()(unit)
