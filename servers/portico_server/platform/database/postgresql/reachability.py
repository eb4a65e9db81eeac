"""Whether PostgreSQL answers: asked all the time, so that health can tell it before a call finds out."""

from __future__ import annotations

import asyncio
import contextlib

import structlog

from portico_server.platform.database.interface import Database, DatabaseError

LOOK_SECONDS = 2.0
"""How often it is asked. An answer costs some 200 us of processor time."""

PATIENCE_SECONDS = 5.0
"""How long it may take to answer."""

_log = structlog.get_logger(__name__)


class Reachability:
    """Of the server that this database is on. To be made on the event loop."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._task = asyncio.create_task(self._watch(), name="reachability")
        self.holds = True

    async def stop(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            before, self.holds = self.holds, await self._answers()
            if before and not self.holds:
                _log.error("the database does not answer; calls that need it fail until it does")
            elif self.holds and not before:
                _log.info("the database answers again")

    async def _answers(self) -> bool:
        with contextlib.suppress(DatabaseError, TimeoutError):
            async with asyncio.timeout(PATIENCE_SECONDS):
                return bool(await self._database.read("SELECT 1"))
        return False
