"""What is stored, looked at every hour: bytes times hours, added to the days in which they were stored.

The usage that is looked at is exact (DESIGN.md), versions and parts of uploads with it. What comes and goes within an
hour is counted by chance. It runs under a lease; each bucket's row says up to when it is counted, and guards that
nothing is counted twice.
"""

from __future__ import annotations

from collections.abc import Iterator

from portico_server.objects.buckets.lifecycle import DAY_US
from portico_server.objects.store import usage as store
from portico_server.objects.store.usage import Stored, Used
from portico_server.platform.clock import Clock
from portico_server.platform.database import Batch, Database, GuardFailed, Statement
from portico_server.platform.product import Job

HOUR_US = 3_600_000_000
_AT_ONCE = 100
_EVERY_SECONDS = 600.0


class Sampling:
    """Counts the hours of all buckets."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def jobs(self) -> list[Job]:
        return [Job("objects.sampling", _EVERY_SECONDS, self.sample, self._database)]

    async def sample(self) -> None:
        """Counts those that were not counted for an hour."""
        now_us = self._clock.now_us()
        while found := await store.sampled_before(self._database, now_us - HOUR_US, _AT_ONCE):
            statements = [statement for one in found for statement in _counting(one, now_us)]
            try:
                await self._database.batch(Batch(statements))
            except GuardFailed as failed:
                if failed.reason != store.SAMPLED:
                    raise


def _counting(stored: Stored, now_us: int) -> Iterator[Statement]:
    yield store.set_sampled(stored, now_us)
    if not stored.sampled_at_us:
        return  # it is new: nobody knows since when
    for day, lasted_us in _days(stored.sampled_at_us, now_us):
        yield store.add(Used(stored.bucket, byte_hours=stored.size_bytes * lasted_us // HOUR_US), day)


def _days(begin_us: int, end_us: int) -> Iterator[tuple[int, int]]:
    """The days of a time, and how much of it is in each."""
    while begin_us < end_us:
        day = begin_us // DAY_US
        until_us = min(end_us, (day + 1) * DAY_US)
        yield day, until_us - begin_us
        begin_us = until_us
