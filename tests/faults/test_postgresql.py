"""PostgreSQL away, killed, slow, silent, full of others' connections, cut off in the middle of a commit: each has its
outcome, nothing acknowledged is lost, and all goes on by itself. docs/faults.md says the same to operators."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import grpc
import psycopg
import pytest

from portico_server.gateway.errors import error_mapper
from portico_server.platform.database import Batch, Database, OutcomeUnknown, Statement, Unreachable
from portico_server.platform.database.opening import LocalDatabases
from portico_server.platform.database.postgresql import database as engine
from portico_server.platform.settings import Settings
from tests.contract.conftest import THINGS
from tests.harness.postgresql import PostgresqlServer, fresh_database, postgresql_server
from tests.harness.slow_network import Network, network

MAX_CONNECTIONS = 20
WRITERS = 32
PATIENCE_SECONDS = 60
INSERT = "INSERT INTO thing (id, number) VALUES ($1, 1)"


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresqlServer]:
    """A server that only these tests use: they kill it."""
    with postgresql_server(max_connections=MAX_CONNECTIONS) as running:
        yield running


@pytest.fixture
def dsn(server: PostgresqlServer) -> str:
    return fresh_database(server)


@pytest.fixture
async def between(server: PostgresqlServer) -> AsyncIterator[Network]:
    async with network(server.socket / ".s.PGSQL.5432") as found:
        yield found


@contextlib.asynccontextmanager
async def opened(dsn: str, folder: Path) -> AsyncIterator[Database]:
    databases = LocalDatabases(Settings(data=folder, database=dsn))
    try:
        yield await databases.open("things", THINGS)
    finally:
        await databases.close()


def through(between: Network, dsn: str) -> str:
    """The same database by way of the network."""
    name = dsn.partition("@/")[2].partition("?")[0]
    return f"postgresql://portico@127.0.0.1:{between.port}/{name}"


async def insert(database: Database, name: str) -> None:
    await database.batch(Batch([Statement(INSERT, (name,))]))


async def eventually(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not holds():  # noqa: ASYNC110 - nobody tells us
            await asyncio.sleep(0.01)


async def until_it_works(database: Database, name: str) -> None:
    """Inserts, again and again until it is acknowledged."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            with contextlib.suppress(Unreachable):
                await insert(database, name)
                return


async def test_a_killed_server_loses_nothing_acknowledged_and_all_goes_on_when_it_is_back(
    server: PostgresqlServer, dsn: str, tmp_path: Path
) -> None:
    acknowledged: set[str] = set()
    failures: list[Exception] = []

    async def write(writer: int) -> None:
        for number in range(10_000):
            name = f"{writer}/{number}"
            try:
                await insert(database, name)
            except (OutcomeUnknown, Unreachable) as error:
                failures.append(error)
                return
            acknowledged.add(name)

    async with opened(dsn, tmp_path) as database:
        writing = asyncio.gather(*(write(number) for number in range(WRITERS)))
        await eventually(lambda: len(acknowledged) >= 200)
        await asyncio.to_thread(server.kill)
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await writing
        finally:
            await asyncio.to_thread(server.start_again)
        assert len(failures) == WRITERS
        await until_it_works(database, "back")
        stored = {name for (name,) in await database.scan("SELECT id FROM thing")}
    assert acknowledged <= stored


async def test_while_it_is_away_callers_are_told_within_seconds_and_start_is_refused(
    server: PostgresqlServer, dsn: str, tmp_path: Path
) -> None:
    async with opened(dsn, tmp_path) as database:
        await insert(database, "before")
        await asyncio.to_thread(server.kill)
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                waiting = [insert(database, str(number)) for number in range(200)]
                outcomes = await asyncio.gather(*waiting, return_exceptions=True)
            assert {type(outcome) for outcome in outcomes} <= {Unreachable, OutcomeUnknown}
            assert sum(isinstance(outcome, Unreachable) for outcome in outcomes) > 100
            with pytest.raises(Unreachable, match="check the setting database"):
                async with opened(dsn, tmp_path):
                    pass
        finally:
            await asyncio.to_thread(server.start_again)
        await until_it_works(database, "after")


async def test_a_read_outlives_a_restart(server: PostgresqlServer, dsn: str, tmp_path: Path) -> None:
    async with opened(dsn, tmp_path) as database:
        await insert(database, "a")
        await asyncio.to_thread(server.kill)
        await asyncio.to_thread(server.start_again)
        assert await database.read("SELECT number FROM thing WHERE id = 'a'") == [(1,)]


async def test_a_commit_whose_answer_is_lost_has_an_unknown_outcome_and_may_have_been_made(
    between: Network, dsn: str, tmp_path: Path
) -> None:
    async with opened(through(between, dsn), tmp_path) as database:
        await insert(database, "before")
        between.answers_pass = False
        with pytest.raises(OutcomeUnknown):
            await insert(database, "cut")
        between.answers_pass = True
        await until_it_works(database, "after")
        assert await database.read("SELECT id FROM thing ORDER BY id") == [("after",), ("before",), ("cut",)]


async def test_a_commit_that_never_reached_the_server_has_an_unknown_outcome_and_was_not_made(
    between: Network, dsn: str, tmp_path: Path
) -> None:
    async with opened(through(between, dsn), tmp_path) as database:
        await insert(database, "before")
        between.flows.clear()
        cut = asyncio.create_task(insert(database, "cut"))
        await asyncio.sleep(0.2)  # it is on its way; whether it is, shows in the outcome
        between.cut()
        with pytest.raises(OutcomeUnknown):
            await cut
        between.flows.set()
        await until_it_works(database, "after")
        assert await database.read("SELECT id FROM thing ORDER BY id") == [("after",), ("before",)]


async def test_a_slow_network_only_takes_longer(between: Network, dsn: str, tmp_path: Path) -> None:
    async with opened(through(between, dsn), tmp_path) as database:
        between.delay_seconds = 0.2
        await asyncio.gather(*(insert(database, str(number)) for number in range(WRITERS)))
        assert len(await database.scan("SELECT id FROM thing")) == WRITERS


async def test_a_network_that_falls_silent_is_given_up_and_made_anew(
    between: Network, dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "_ANSWER_SECONDS", 1.0)
    async with opened(through(between, dsn), tmp_path) as database:
        await insert(database, "before")
        between.flows.clear()
        async with asyncio.timeout(PATIENCE_SECONDS):
            with pytest.raises(OutcomeUnknown, match="answered nothing"):
                await insert(database, "silence")
        between.flows.set()
        await until_it_works(database, "after")


async def test_where_others_have_all_connections_those_there_are_serve_everybody(
    server: PostgresqlServer, dsn: str, tmp_path: Path
) -> None:
    async with opened(dsn, tmp_path) as database:
        await insert(database, "first")  # one connection is made
        async with _all_other_connections(server, dsn):
            async with asyncio.timeout(PATIENCE_SECONDS):
                await asyncio.gather(*(insert(database, f"{number}") for number in range(10 * WRITERS)))
        assert await database.read("SELECT count(*) FROM thing") == [(10 * WRITERS + 1,)]


async def test_without_any_connection_callers_are_told_and_it_goes_on_when_one_is_free(
    server: PostgresqlServer, dsn: str, tmp_path: Path
) -> None:
    async with opened(dsn, tmp_path) as database:
        async with _all_other_connections(server, dsn):
            async with asyncio.timeout(PATIENCE_SECONDS):
                with pytest.raises(Unreachable, match=r"too many clients|connection slots"):
                    await insert(database, "refused")
        await until_it_works(database, "after")
        assert await database.read("SELECT id FROM thing") == [("after",)]


async def test_connections_do_not_pile_up_over_many_losses(between: Network, dsn: str, tmp_path: Path) -> None:
    async with opened(through(between, dsn), tmp_path) as database:
        for number in range(10):
            await asyncio.gather(*(insert(database, f"{number}/{writer}") for writer in range(WRITERS)))
            between.cut()
            with contextlib.suppress(OutcomeUnknown, Unreachable):  # as it was sent just then, or later
                await insert(database, f"{number}")
        assert between.connections <= 8 + 2 + 2, "the sizes of the three pools"
    await eventually(lambda: not between.connections)


def test_callers_of_a_call_are_told_that_it_may_be_repeated() -> None:
    told = error_mapper(())(Unreachable("PostgreSQL cannot be reached: password=secret"))
    assert (told.code, told.reason) == (grpc.StatusCode.UNAVAILABLE, "DATABASE_UNREACHABLE")
    assert told.retry_after_seconds == 1
    assert "secret" not in told.message


@contextlib.asynccontextmanager
async def _all_other_connections(server: PostgresqlServer, dsn: str) -> AsyncIterator[None]:
    """Takes every connection that the server has left, those for superusers too."""
    async with contextlib.AsyncExitStack() as stack:
        with contextlib.suppress(psycopg.OperationalError):
            for _ in range(MAX_CONNECTIONS + 1):
                await stack.enter_async_context(await psycopg.AsyncConnection.connect(dsn))
        yield
