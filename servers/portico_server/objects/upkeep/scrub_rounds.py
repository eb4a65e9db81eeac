"""The rounds in which all stored bytes are read again, slowly: bytes that nobody asks for go bad unseen.

A round goes through the versions of all buckets, by name, key and place, and keeps in the database how far it is: after
a restart, or in another process, it goes on there.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress

import structlog

from portico_server.objects.store import scrubs as store
from portico_server.objects.store.scrubs import Round
from portico_server.objects.upkeep.scrubbing import Figures, Scrubber, stored_versions
from portico_server.platform.blobs.errors import StoreError
from portico_server.platform.clock import Clock
from portico_server.platform.database import Batch, Database
from portico_server.platform.product import Job

LOOK_SECONDS = 600.0
"""How often it is looked whether a round is due."""
_KEEP_SECONDS = 30.0
"""How often a round writes down how far it is, between versions."""
_BUCKETS_AT_ONCE = 100
_EACH_BYTES = 64 * 1024
"""What a version counts for besides its bytes: its rows are read and its digests compared, which takes the loop some
100 us. Counted as 4 KiB, a bucket of many small objects took a quarter of the loop."""
_DAY_US = 24 * 3600 * 1_000_000

_log = structlog.get_logger(__name__)


class Pace:
    """Lets so many bytes a second by, on average since it was last idle."""

    def __init__(self, bytes_per_second: float) -> None:
        self._bytes_per_second = bytes_per_second
        self._due = time.monotonic()

    async def passed(self, size_bytes: int) -> None:
        """Waits until so many more bytes may have been read."""
        now = time.monotonic()
        self._due = max(self._due, now) + size_bytes / self._bytes_per_second
        await asyncio.sleep(self._due - now)


class ScrubRounds:
    """Runs them."""

    def __init__(
        self, database: Database, scrubber: Scrubber, clock: Clock, every_days: float, bytes_per_second: float
    ) -> None:
        """`every_days`: from the begin of a round to that of the next; 0: there are none."""
        self._database = database
        self._scrubber = scrubber
        self._clock = clock
        self._every_us = int(every_days * _DAY_US)
        self._bytes_per_second = bytes_per_second

    def jobs(self) -> list[Job]:
        return [Job("objects.scrub", LOOK_SECONDS, self.run, self._database)]

    async def run(self) -> None:
        """Looks at what is known to be damaged; goes on with the round, or begins one if it is due."""
        await self._scrubber.forget_what_is_gone()
        before = await store.last_round(self._database)
        if not self._every_us:
            return
        now_us = self._clock.now_us()
        if before is not None and before.ended_at_us and 0 <= now_us - before.started_at_us < self._every_us:
            return
        if before is None or before.ended_at_us:
            begun = Round(before.revision + 1 if before else 1, now_us)
            await self._database.batch(Batch([store.put_round(begun, before)]))
        else:
            begun = before
        await self._go_on(begun)

    async def _go_on(self, begun: Round) -> None:
        """To the end. Raises GuardFailed where another process goes on with it."""
        figures = Figures(begun.versions, begun.read_bytes, begun.damaged)
        pace = Pace(self._bytes_per_second)
        known = await self._scrubber.known()
        here, keep_at = begun, time.monotonic() + _KEEP_SECONDS
        first = begun.bucket
        while names := await store.buckets_from(self._database, first, _BUCKETS_AT_ONCE):
            for name in names:
                behind = (here.key, here.place) if name == here.bucket else ()
                async for version in stored_versions(self._database, name, *behind):
                    if not version.marker:
                        with suppress(StoreError):  # it is away, which is told; the next round looks again
                            await self._scrubber.look(name, version, figures, known, pace.passed)
                        await pace.passed(_EACH_BYTES)
                    if time.monotonic() >= keep_at:
                        now = here._replace(bucket=name, key=version.key, place=version.place)
                        here = await self._keep(here, now, figures)
                        self._scrubber.problems.note_damaged(len(known))
                        keep_at = time.monotonic() + _KEEP_SECONDS
            first = names[-1] + "\x01"
        ended = await self._keep(here, here._replace(ended_at_us=self._clock.now_us()), figures)
        self._scrubber.problems.note_damaged(len(known))
        tell = _log.error if ended.damaged else _log.info
        tell("scrubbed", versions=ended.versions, read_bytes=ended.read_bytes, damaged_versions=ended.damaged)

    async def _keep(self, before: Round, now: Round, figures: Figures) -> Round:
        """Writes down how far it is now. Guards that nobody has since `before` was written."""
        kept = now._replace(
            revision=before.revision + 1,
            versions=figures.versions,
            read_bytes=figures.read_bytes,
            damaged=figures.damaged,
        )
        await self._database.batch(Batch([store.put_round(kept, before)]))
        return kept
