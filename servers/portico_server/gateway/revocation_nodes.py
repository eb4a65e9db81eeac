"""Revocations over several nodes: a table of the database that they share, read by each into its own log.

A node revokes by a row, then in its own log, then acknowledges. Every other node asks twice a second for rows that it
has not read.
"""

from __future__ import annotations

import asyncio
import time

import structlog

from portico_server.gateway.revocation_log import RevocationLog
from portico_server.platform.database import Batch, Contended, Database, DatabaseError, GuardFailed, Statement
from portico_server.platform.revocations import Revocation, of_line

POLL_SECONDS = 0.5

_ROWS = 1_000
"""Read at once."""
_TRIES = 50
"""To find a number that no other node takes at the same time."""

_LAST = "SELECT COALESCE(MAX(number), 0) FROM revocation"
_AFTER = "SELECT number, line FROM revocation WHERE number > $1 ORDER BY number LIMIT $2"
_INSERT = "INSERT INTO revocation (number, line, expires_at) VALUES ($1, $2, $3) ON CONFLICT (number) DO NOTHING"
# The newest row stays, so that no number is given twice.
_PRUNE = "DELETE FROM revocation WHERE expires_at < $1 AND number < (SELECT MAX(number) FROM revocation)"

_log = structlog.get_logger(__name__)


class SharedRevocations:
    """The table, and the log of this node. `fresh_at` is when the table was last read, of `time.monotonic`."""

    def __init__(self, database: Database, log: RevocationLog) -> None:
        self._database = database
        self._local = log
        self._read_up_to = 0
        self.fresh_at = time.monotonic()

    async def add(self, revocation: Revocation) -> Revocation:
        """Raises DatabaseError, and what `RevocationLog.add` does."""
        await asyncio.to_thread(self._local.check_room, revocation)  # before it stands where all nodes read it
        for _ in range(_TRIES):
            (number,) = (await self._database.read(_LAST))[0]
            row = (number + 1, revocation.to_line().decode(), revocation.expires_at)
            try:
                await self._database.batch(Batch([Statement(_INSERT, row)]))
                break
            except GuardFailed:
                continue
        else:
            raise Contended("others revoke at the same time")
        await asyncio.to_thread(self._local.take_in, revocation)
        return self._local.find(revocation.kind, revocation.account, revocation.subject) or revocation

    async def read(self) -> None:
        """Takes in what other nodes have revoked. Raises DatabaseError, OSError, ValueError."""
        while rows := await self._database.scan(_AFTER, self._read_up_to, _ROWS):
            await asyncio.to_thread(self._local.take_in, *(of_line(line.encode()) for _, line in rows))
            self._read_up_to = rows[-1][0]
        self.fresh_at = time.monotonic()

    async def prune(self) -> None:
        """Forgets what has expired. Raises DatabaseError."""
        await self._database.batch(Batch([Statement(_PRUNE, (int(time.time()),), expect=None)]))

    async def follow(self) -> None:
        """Reads again and again, until cancelled. While nothing can be read, what was revoked before holds."""
        failing = False
        while True:
            await asyncio.sleep(POLL_SECONDS)
            try:
                await self.read()
                failing = False
            except (DatabaseError, OSError, ValueError) as error:
                if not failing:
                    _log.error("revocations_of_other_nodes_not_read", error=str(error))
                failing = True
