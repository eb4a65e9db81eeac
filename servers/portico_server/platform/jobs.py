"""Runs products' background jobs, each once at a time over all processes that share its database."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence

import structlog

from portico_server.platform.clock import Clock
from portico_server.platform.database import DatabaseError
from portico_server.platform.leases import Lease, LeaseLost, Leases
from portico_server.platform.product import Job

_SPREAD = 0.1
"""By what share of its interval a job's runs are spread, so that jobs do not beat in time."""

_FIRST_PAUSE_SECONDS = 1.0
"""After a failure; doubled after each further one, up to the job's interval."""

_log = structlog.get_logger(__name__)


class JobRunner:
    """The jobs of one process. `start` and `stop` once each, on the event loop."""

    def __init__(self, jobs: Sequence[Job], clock: Clock, chance: random.Random) -> None:
        self._jobs = jobs
        self._clock = clock
        self._chance = chance
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Every job runs first within its interval's spread, then at its interval."""
        self._tasks = [asyncio.create_task(self._repeat(job), name=f"job {job.name}") for job in self._jobs]

    async def stop(self) -> None:
        """Cancels what runs, waits for it, and releases the leases."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _repeat(self, job: Job) -> None:
        leases = Leases(job.database, self._clock)
        pause = job.every_seconds * _SPREAD * self._chance.random()
        failures = 0
        while True:
            await asyncio.sleep(pause)
            try:
                await self._run(job, leases)
                failures = 0
            except LeaseLost:
                _log.warning("job lost its lease", job=job.name)
            except Exception:
                failures += 1
                _log.exception("job failed", job=job.name, failures=failures)
            pause = self._pause(job, failures)

    async def _run(self, job: Job, leases: Leases) -> None:
        lease = await leases.acquire(f"job {job.name}")
        if lease is None:
            return  # it runs in another process, or has just run there
        try:
            await leases.hold(lease, lambda _: job.run())
        except BaseException:
            await self._release(job, lease)
            raise
        await self._keep(job, lease)

    async def _release(self, job: Job, lease: Lease) -> None:
        """A database that is away must not hide why the job ended, least of all that it is to stop."""
        try:
            await lease.release()
        except DatabaseError as error:
            _log.warning("job kept its lease", job=job.name, error=str(error))

    async def _keep(self, job: Job, lease: Lease) -> None:
        """Keeps the lease for nearly an interval, so that several processes do not run the job several times in one."""
        seconds = job.every_seconds * (1 - 2 * _SPREAD)
        await lease.keep_until(self._clock.now_us() + int(seconds * 1e6))

    def _pause(self, job: Job, failures: int) -> float:
        seconds = job.every_seconds
        if failures:
            seconds = min(seconds, _FIRST_PAUSE_SECONDS * 2.0 ** min(failures - 1, 30))
        return seconds * self._chance.uniform(1 - _SPREAD, 1 + _SPREAD)
