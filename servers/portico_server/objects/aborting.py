"""The background work on uploads: those that nobody ends are aborted, and those of deleted buckets."""

from __future__ import annotations

from collections.abc import Sequence

from portico_server.objects.records import Upload
from portico_server.objects.store import uploads as store
from portico_server.platform.clock import Clock
from portico_server.platform.database import Batch, Database, GuardFailed
from portico_server.platform.product import Job

LIFETIME_US = 7 * 24 * 3600 * 1_000_000
"""Of an upload that is neither completed nor aborted."""
_EVERY_SECONDS = 600.0
_AT_ONCE = 100


class Aborting:
    """Aborts what is stale, under a lease, once over all processes."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def jobs(self) -> list[Job]:
        return [Job("objects.uploads", _EVERY_SECONDS, self.abort_stale, self._database)]

    async def abort_stale(self) -> None:
        """Aborts uploads that were begun seven days ago, and those whose bucket was deleted."""
        before_us = self._clock.now_us() - LIFETIME_US
        while uploads := await store.begun_before(self._database, before_us, _AT_ONCE):
            await abort_all(self._database, uploads)
        while uploads := await store.dead(self._database, _AT_ONCE):
            await abort_all(self._database, uploads)


async def abort_all(database: Database, uploads: Sequence[Upload]) -> None:
    """Aborts them, one by one; those that ended meanwhile are passed over."""
    for upload in uploads:
        try:
            await database.batch(Batch(store.abort(upload), [store.lock(upload.id)]))
        except GuardFailed as failed:
            if failed.reason != store.NO_UPLOAD:
                raise
