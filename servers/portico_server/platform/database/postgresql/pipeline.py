"""libpq's pipeline mode on the event loop: commands go out in one write, results come back a unit at a time."""

from __future__ import annotations

import asyncio

import psycopg
from psycopg import pq
from psycopg.pq.abc import PGconn, PGresult

_PIPELINE_SYNC = int(pq.ExecStatus.PIPELINE_SYNC)

UnitResults = list[PGresult]
"""The results of what was sent between two syncs."""


class Pipeline:
    """The two directions of one connection. One `answers` at a time."""

    def __init__(self, libpq: PGconn, answer_seconds: float) -> None:
        self.libpq = libpq
        self.lost = ""  # why the connection can be used no more
        self._socket = libpq.socket
        self._loop = asyncio.get_running_loop()
        self._answered: list[UnitResults] = []
        self._unit: UnitResults = []
        self._expected = 0  # units not yet answered
        self._waiting: asyncio.Future[None] | None = None
        self._answer_seconds = answer_seconds
        self._heard_at = 0.0  # of the loop's clock: when a unit was answered last, or sent
        self._patience: asyncio.TimerHandle
        libpq.nonblocking = 1
        libpq.enter_pipeline_mode()
        self._loop.add_reader(self._socket, self._on_readable)

    async def answers(self, units: int) -> list[UnitResults]:
        """Flushes what was sent and waits for so many syncs. Fewer answers than units: the connection was lost."""
        self._answered, self._unit = [], []
        self._expected = units
        self._flush()
        if self._expected:
            self._waiting = self._loop.create_future()
            self._heard_at = self._loop.time()
            self._patience = self._loop.call_later(self._answer_seconds, self._look)
            try:
                await self._waiting
            finally:
                self._patience.cancel()
        return self._answered

    def _look(self) -> None:
        """Gives up what has answered nothing for so long: a connection that is cut without a word looks like a quiet
        one."""
        left = self._heard_at + self._answer_seconds - self._loop.time()
        if left <= 0:
            self.lose(f"the server has answered nothing for {self._answer_seconds:g} s")
        else:
            self._patience = self._loop.call_later(left, self._look)

    def lose(self, why: str) -> None:
        """Gives the connection up: who waits is answered with what came until now."""
        if self.lost:
            return
        self.lost = why
        self._loop.remove_reader(self._socket)
        self._loop.remove_writer(self._socket)
        self._stop_waiting()

    def _stop_waiting(self) -> None:
        self._expected = 0
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    def _flush(self) -> None:
        if self.lost:
            self._expected = 0
            return
        try:
            unsent = self.libpq.flush()
        except psycopg.Error as error:
            self.lose(str(error))
            return
        if unsent:
            self._loop.add_writer(self._socket, self._flush)
        else:
            self._loop.remove_writer(self._socket)

    def _on_readable(self) -> None:
        try:
            self.libpq.consume_input()
            self._collect()
        except psycopg.Error as error:
            self.lose(str(error))

    def _collect(self) -> None:
        libpq, between_commands = self.libpq, False
        while not libpq.is_busy() and self._expected:
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
            self._answered.append(self._unit)
            self._heard_at = self._loop.time()
            self._unit = []
            self._expected -= 1
            if not self._expected:
                self._stop_waiting()
