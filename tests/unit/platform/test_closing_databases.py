"""Databases are all closed, and PostgreSQL's workers go on, though something fails in a way that nobody expected."""

from __future__ import annotations

import asyncio
import gc
import weakref
from pathlib import Path
from typing import Any, cast

import pytest

from portico_server.platform.database import Database, DatabaseError
from portico_server.platform.database.opening import LocalDatabases
from portico_server.platform.database.postgresql import database as postgresql
from portico_server.platform.database.postgresql import pool as pool_module
from portico_server.platform.database.postgresql.pool import Pool
from portico_server.platform.database.postgresql.wire import Lost, Refused, Result, Wire
from portico_server.platform.settings import Settings


async def test_one_that_cannot_be_closed_leaves_none_open(tmp_path: Path) -> None:
    closed: list[str] = []

    class One:
        def __init__(self, name: str) -> None:
            self.name = name

        async def close(self) -> None:
            closed.append(self.name)
            raise OSError(self.name)

    databases = LocalDatabases(Settings(data=tmp_path))
    for name in ("first", "second", "third"):
        databases._open[name] = cast(Database, One(name))
    with pytest.raises(OSError, match="first"):
        await databases.close()
    assert sorted(closed) == ["first", "second", "third"]


async def test_a_worker_goes_on_after_an_exception_of_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    class Answering:
        lost = False

        async def send(self, units: list[Any]) -> None:
            for _, answered in units:
                answered([Result(1, [])])

        async def close(self) -> None:
            raise KeyError("of nobody")

    tries = 0

    async def connect(dsn: str, answer_seconds: float) -> Wire:
        nonlocal tries
        tries += 1
        if tries == 1:
            raise UnicodeError("of nobody")
        return cast(Wire, Answering())

    monkeypatch.setattr(pool_module.Wire, "connect", connect)
    pool = Pool("", size=1, depth=1, answer_seconds=1)
    assert await asyncio.wait_for(pool.submit([]), 30) == [Result(1, [])]
    await asyncio.wait_for(pool.close(), 30)


@pytest.mark.parametrize("outcome", [Refused(0, "40001", "x"), Refused(0, "22000", "x"), Lost("x")])
async def test_what_is_told_of_a_failure_goes_without_the_garbage_collector(
    monkeypatch: pytest.MonkeyPatch, outcome: Refused | Lost
) -> None:
    """It holds the frames that it has passed, and what they hold: the statements with their values."""
    monkeypatch.setattr(postgresql, "_LONGEST_PAUSE_SECONDS", 0.0)

    class Failing:
        def submit(self, unit: Any) -> asyncio.Future[Any]:
            answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
            answer.set_result(outcome)
            return answer

    async def told() -> weakref.ref[DatabaseError]:
        try:
            await postgresql._resent(cast(Pool, Failing()), [], writes=True)
        except DatabaseError as error:
            return weakref.ref(error)
        raise AssertionError

    gc.disable()
    try:
        assert (await told())() is None
    finally:
        gc.enable()
