"""The background work: usage is folded, bytes that nothing refers to any more are removed.

Bytes that nothing ever referred to are left to orphans.py. Each job runs under a lease, once over all processes; each
bears being cut off anywhere and begun again.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Sequence

import structlog

from portico_server.objects import events
from portico_server.objects.store import collecting as store
from portico_server.objects.store import parts
from portico_server.objects.store.collecting import LedgerRow, RetiredFile, Usage
from portico_server.platform.blobs import Blobs
from portico_server.platform.clock import Clock
from portico_server.platform.database import Batch, Database, GuardFailed, Statement
from portico_server.platform.errors import ApiError
from portico_server.platform.outbox import Outbox
from portico_server.platform.product import Job

_FOLD_SECONDS = 30.0
_FILES_SECONDS = 20.0

_FOLDED_AT_ONCE = 200
"""Rows a batch: it holds the event loop for about half a millisecond."""
_FILES_AT_ONCE = 100
GRACE_US = 60 * 1_000_000
"""Between the retirement of a file and its removal. A reader opens the file right after it read the row that names it;
once open, it reads to the end."""
_USAGE_EVENTS_KEPT = 100_000
"""While nobody collects them."""

_log = structlog.get_logger(__name__)


class Collector:
    """Folds and frees for all buckets."""

    def __init__(self, database: Database, blobs: Blobs, clock: Clock) -> None:
        self._database = database
        self._blobs = blobs
        self._clock = clock

    def jobs(self) -> list[Job]:
        return [
            Job("objects.fold", _FOLD_SECONDS, self.fold, self._database),
            Job("objects.files", _FILES_SECONDS, self.remove_retired_files, self._database),
        ]

    async def fold(self) -> None:
        """Turns the ledger into usage, and frees what it says is free. What others write at the end waits for the next
        run: to go on until it is empty would be a commit for every few of their rows."""
        while rows := await store.oldest_ledger_rows(self._database, _FOLDED_AT_ONCE):
            try:
                await self._database.batch(Batch(self._folding(rows), _lists(rows), frees=True))
            except GuardFailed as failed:
                if failed.reason != store.LEDGER_CHANGED:
                    raise
            else:
                if len(rows) < _FOLDED_AT_ONCE:
                    break
        await Outbox(self._database).trim(events.USAGE, _USAGE_EVENTS_KEPT)

    async def remove_retired_files(self) -> None:
        """Removes the files that were retired before the grace; none while a backup needs them."""
        before_us = self._clock.now_us() - GRACE_US
        behind: RetiredFile | None = store.FIRST_RETIRED
        while behind is not None:
            behind = await self._remove_some_files(before_us, behind)

    async def _remove_some_files(self, before_us: int, behind: RetiredFile) -> RetiredFile | None:
        """The last of those that were looked at; None: there are no more, or none may be removed now."""
        async with self._blobs.removing() as may_remove:
            if not may_remove:
                return None
            files = await store.files_retired_before(self._database, before_us, behind, _FILES_AT_ONCE)
            removed = await asyncio.gather(*(self._remove(file.id) for file in files))
            if gone := [file.id for file, is_gone in zip(files, removed, strict=True) if is_gone]:
                await self._database.batch(Batch(store.forget_files(gone), frees=True))
            return files[-1] if files else None

    async def _remove(self, blob_id: str) -> bool:
        """Whether it is gone. What is in a store that cannot be reached waits for the next run, and holds up no
        other."""
        try:
            await self._blobs.delete(blob_id)
        except ApiError as error:
            _log.warning("a file was not removed", blob=blob_id, reason=error.reason)
            return False
        return True

    def _folding(self, rows: Sequence[LedgerRow]) -> list[Statement]:
        now_us = self._clock.now_us()
        added: dict[str, Usage] = defaultdict(lambda: Usage(0, 0))
        for row in rows:
            before = added[row.bucket]
            added[row.bucket] = Usage(before.objects + row.objects, before.size_bytes + row.size_bytes)
        statements = store.free(rows[0].id, rows[-1].id, len(rows), now_us)
        for bucket, usage in added.items():
            statements += store.add_usage(bucket, usage)
            statements.append(events.usage(bucket, usage.objects, usage.size_bytes, now_us))
        return statements


def _lists(rows: Sequence[LedgerRow]) -> list[str]:
    """The locks of the lists of parts that the rows let go."""
    return sorted({parts.lock(row.freed_file[1:]) for row in rows if row.freed_file.startswith("+")})
