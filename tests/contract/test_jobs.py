"""Background jobs: run at their interval, once at a time over all processes, and stopped cleanly."""

from __future__ import annotations

import asyncio
import itertools
import random
import time
from collections.abc import Awaitable, Callable
from typing import Any, cast

import pytest
from structlog.testing import capture_logs

from portico_server.platform import jobs as module
from portico_server.platform.clock import SystemClock
from portico_server.platform.database import Batch, Database, Done, Unreachable
from portico_server.platform.jobs import JobRunner
from portico_server.platform.leases import Leases
from portico_server.platform.product import Job


def runner(database: Database, run: Callable[[], Awaitable[None]], every_seconds: float = 0.05) -> JobRunner:
    return JobRunner([Job("things.fold", every_seconds, run, database)], SystemClock(), random.Random(1))


async def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.005)


async def test_a_job_runs_again_and_again(database: Database) -> None:
    runs = 0

    async def run() -> None:
        nonlocal runs
        runs += 1

    one = runner(database, run)
    one.start()
    await until(lambda: runs >= 4)
    await one.stop()
    assert await database.read("SELECT count(*) FROM platform_lease WHERE expires_at_us > $1", 2**62) == [(0,)]


async def test_several_processes_run_it_one_at_a_time_and_once_an_interval(database: Database) -> None:
    running, most, starts = 0, 0, []

    async def run() -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        starts.append(time.monotonic())
        await asyncio.sleep(0.02)
        running -= 1

    runners = [runner(database, run, 0.25) for _ in range(4)]
    for one in runners:
        one.start()
    await until(lambda: len(starts) >= 4)
    await asyncio.gather(*(one.stop() for one in runners))
    assert most == 1
    assert starts[3] - starts[0] > 3 * 0.8 * 0.25, "four processes ran it more often than one"


async def test_a_failure_is_logged_and_the_job_runs_again_later(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_FIRST_PAUSE_SECONDS", 0.02)
    times: list[float] = []

    async def run() -> None:
        times.append(time.monotonic())
        if len(times) < 4:
            raise RuntimeError("broken")

    one = runner(database, run, 0.5)
    with capture_logs() as logs:
        one.start()
        await until(lambda: len(times) >= 4)
        await one.stop()
    failures = [entry for entry in logs if entry["event"] == "job failed"]
    assert [entry["failures"] for entry in failures] == [1, 2, 3]
    assert failures[0]["job"] == "things.fold"
    pauses = [after - before for before, after in itertools.pairwise(times)]
    assert pauses[2] > pauses[0], "it backs off"


async def test_stopping_cancels_what_runs_and_lets_go_of_its_lease(database: Database) -> None:
    began, ended = asyncio.Event(), asyncio.Event()

    async def run() -> None:
        began.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    one = runner(database, run)
    one.start()
    await asyncio.wait_for(began.wait(), 5)
    await asyncio.wait_for(one.stop(), 5)
    assert ended.is_set()
    assert await Leases(database, SystemClock()).acquire("job things.fold") is not None


async def test_a_runner_stops_though_the_database_is_away(database: Database) -> None:
    """The lease cannot be given back then; it runs out by itself."""
    began = asyncio.Event()

    async def run() -> None:
        began.set()
        await asyncio.sleep(3600)

    class Away:
        """The database, until it is away."""

        async def batch(self, batch: Batch) -> list[Done]:
            if began.is_set():
                raise Unreachable("away")
            return await database.batch(batch)

        async def read(self, sql: str, *args: Any) -> list[tuple[Any, ...]]:
            return list(await database.read(sql, *args))

    one = runner(cast(Database, Away()), run)
    with capture_logs() as logs:
        one.start()
        await began.wait()
        await asyncio.wait_for(one.stop(), 30)
    assert [entry["event"] for entry in logs] == ["job kept its lease"]
