"""Keeps when API tokens were last used, as the processes of this machine note it."""

from __future__ import annotations

import asyncio

import structlog

from portico_server.access import store
from portico_server.platform.access.uses import UseNotes
from portico_server.platform.database import Batch, Database, DatabaseError

COLLECTING_SECONDS = 2.0

_log = structlog.get_logger(__name__)


async def collect_uses(database: Database, notes: UseNotes) -> None:
    """Again and again, until cancelled. What cannot be kept now is kept later."""
    failing = False
    while True:
        await asyncio.sleep(COLLECTING_SECONDS)
        try:
            found = await asyncio.to_thread(notes.read)
            if found:
                await database.batch(Batch([store.used(name, at) for name, at in found.values()]))
                await asyncio.to_thread(notes.remove, found)
            failing = False
        except (DatabaseError, OSError) as error:
            if not failing:
                _log.warning("uses_not_kept", error=str(error))
            failing = True
