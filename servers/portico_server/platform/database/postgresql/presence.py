"""A process's presence in a schema: kept while it lives, so that no newer release contracts the tables under it; and,
of a newer release, the contracting that waits for the last process of the older one.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import socket
from collections.abc import Awaitable, Callable

import structlog

from portico_server.platform.clock import Clock
from portico_server.platform.database.interface import ANY, Batch, Database, DatabaseError, GuardFailed, Statement
from portico_server.platform.database.migrations import Migration
from portico_server.platform.database.postgresql.migrating import PRESENCE_SECONDS

RENEWAL_SECONDS = 10.0
_LEAVE_SECONDS = 2.0
_FORGOTTEN_AFTER_US = 3600 * 1_000_000

_RENEW = "UPDATE platform_presence SET expires_at_us = $2 WHERE process = $1 AND expires_at_us > $3"
_FORGET = "DELETE FROM platform_presence WHERE expires_at_us < $1"
_LEAVE = "DELETE FROM platform_presence WHERE process = $1"

Migrate = Callable[[], Awaitable[list[Migration]]]
"""Migrates and registers anew; answers what waits."""

_log = structlog.get_logger(__name__)


def process_name() -> str:
    """A name for this process, unlike any other's: where it runs, and what no earlier process had."""
    return f"{socket.gethostname()}/{os.getpid()}/{secrets.token_hex(4)}"


class Presence:
    """Of one process in one schema, from `start` to `stop`. `components` is how many rows tell of it."""

    def __init__(
        self,
        process: str,
        components: int,
        database: Database,
        clock: Clock,
        migrate: Migrate,
        waiting: list[Migration],
    ) -> None:
        self._process = process
        self._components = components
        self._database = database
        self._clock = clock
        self._migrate = migrate
        self._waiting = waiting
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._tell_waiting()
        self._task = asyncio.create_task(self._keep(), name="presence")

    async def stop(self) -> None:
        """Takes the process out of the schema, if that can be reached."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        with contextlib.suppress(DatabaseError, TimeoutError):
            async with asyncio.timeout(_LEAVE_SECONDS):
                await self._database.batch(Batch([Statement(_LEAVE, (self._process,), ANY)]))

    async def renew(self) -> None:
        """Once: puts the expiry off, or registers anew where it was too late; contracts what may be by now."""
        now_us = self._clock.now_us()
        renewal = (self._process, now_us + int(PRESENCE_SECONDS * 1e6), now_us)
        try:
            await self._database.batch(
                Batch(
                    [
                        Statement(_RENEW, renewal, self._components),
                        Statement(_FORGET, (now_us - _FORGOTTEN_AFTER_US,), ANY),
                    ]
                )
            )
        except GuardFailed:
            await self._try_again()
        else:
            if self._waiting:
                await self._try_again()

    async def _keep(self) -> None:
        while True:
            await asyncio.sleep(RENEWAL_SECONDS)
            try:
                await self.renew()
            except DatabaseError as error:
                _log.error("the process cannot be registered in its database", process=self._process, error=str(error))
            except Exception:  # a bug: but without its presence a newer release would take the tables away under it
                _log.exception("the process cannot be registered in its database", process=self._process)

    async def _try_again(self) -> None:
        before = len(self._waiting)
        self._waiting = await self._migrate()
        if before and not self._waiting:
            _log.info("the older release is gone; what only it needed was removed from the database")

    def _tell_waiting(self) -> None:
        if self._waiting:
            names = [f"{one.component} {one.number:04}_{one.name}" for one in self._waiting]
            _log.info("migrations wait until the older release is gone", migrations=names)
