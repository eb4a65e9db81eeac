"""What PostgreSQL alone must bear: lost connections, locks that others hold, several processes."""

from __future__ import annotations

import asyncio
import socket
import traceback
from collections.abc import AsyncIterator
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from portico_server.platform.database import (
    ANY,
    Batch,
    Contended,
    Database,
    DatabaseError,
    OutcomeUnknown,
    ReadOnly,
    Statement,
    Unreachable,
)
from portico_server.platform.database.opening import LocalDatabases
from portico_server.platform.database.postgresql import PostgresqlDatabase, patience, wire
from portico_server.platform.database.postgresql.commands import query
from portico_server.platform.database.postgresql.pool import Pool
from portico_server.platform.moving.failures import MoveError
from portico_server.platform.moving.postgresql import connected
from portico_server.platform.settings import Settings
from tests.contract.conftest import THINGS
from tests.harness.postgresql import PostgresqlServer, fresh_database

INSERT = "INSERT INTO thing (id, number) VALUES ($1, 1)"
INCREMENT = Statement("UPDATE thing SET number = number + 1 WHERE id = 'a'")


@pytest.fixture
def dsn(postgresql: PostgresqlServer) -> str:
    return fresh_database(postgresql)


@pytest.fixture
async def database(dsn: str, tmp_path: Path) -> AsyncIterator[Database]:
    databases = LocalDatabases(Settings(data=tmp_path, database=f"{dsn}&options=-c%20lock_timeout%3D30"))
    database = await databases.open("things", THINGS)
    await database.batch(Batch([Statement(INSERT, ("a",))]))
    yield database
    await databases.close()


@pytest.fixture
async def stranger(dsn: str) -> AsyncIterator[psycopg.AsyncConnection]:
    """Another client of the server, in a transaction of its own."""
    async with await psycopg.AsyncConnection.connect(dsn, options="-c search_path=things") as connection:
        yield connection


async def test_a_url_that_cannot_be_read_is_not_told_with_its_password(tmp_path: Path) -> None:
    databases = LocalDatabases(Settings(data=tmp_path, database="postgresql://portico:very%secret@127.0.0.1:1/x"))
    with pytest.raises(DatabaseError, match="%25") as refused:
        await databases.open("things", THINGS)
    await databases.close()
    assert "secret" not in "".join(traceback.format_exception(refused.value))


async def end_all_connections(stranger: psycopg.AsyncConnection) -> None:
    """They have ended when this has."""
    ended = await stranger.execute(
        "SELECT pid, pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
    )
    processes = [Path(f"/proc/{pid}") for pid, _ in await ended.fetchall()]
    async with asyncio.timeout(20):
        while any(process.exists() for process in processes):  # noqa: ASYNC110  # nobody tells us
            await asyncio.sleep(0.005)


async def test_a_batch_that_never_gets_its_lock_is_contended(
    database: Database, stranger: psycopg.AsyncConnection
) -> None:
    await stranger.execute("UPDATE thing SET number = 5 WHERE id = 'a'")
    with pytest.raises(Contended):
        await database.batch(Batch([Statement(INSERT, ("b",)), INCREMENT]))
    await stranger.rollback()
    assert await database.read("SELECT id, number FROM thing") == [("a", 1)]


async def test_a_batch_that_meets_a_lock_is_sent_again_until_it_is_free(
    database: Database, stranger: psycopg.AsyncConnection
) -> None:
    await stranger.execute("UPDATE thing SET number = 5 WHERE id = 'a'")
    batch = asyncio.create_task(database.batch(Batch([INCREMENT])))
    await asyncio.sleep(0.1)  # some of its time-outs
    assert not batch.done()
    await stranger.commit()
    await batch
    assert await database.read("SELECT number FROM thing") == [(6,)]


async def test_batches_that_deadlock_are_all_applied_in_the_end(database: Database) -> None:
    await database.batch(Batch([Statement(INSERT, ("b",))]))
    update = "UPDATE thing SET number = number + 1 WHERE id = $1"
    orders = [("a", "b"), ("b", "a")] * 15
    await asyncio.gather(*(database.batch(Batch([Statement(update, (name,)) for name in order])) for order in orders))
    assert await database.read("SELECT number FROM thing ORDER BY id") == [(31,), (31,)]


async def test_a_connection_lost_in_flight_leaves_the_outcome_unknown_and_is_made_again(
    dsn: str, database: Database, stranger: psycopg.AsyncConnection
) -> None:
    await stranger.execute("UPDATE thing SET number = 5 WHERE id = 'a'")
    batch = asyncio.create_task(database.batch(Batch([INCREMENT])))
    await asyncio.sleep(0.02)
    await end_all_connections(stranger)
    with pytest.raises(OutcomeUnknown):
        await batch
    await stranger.rollback()
    await asyncio.gather(*(database.batch(Batch([Statement(INSERT, (f"n{i}",))])) for i in range(30)))
    assert await database.read("SELECT count(*) FROM thing") == [(31,)]


async def test_connections_lost_while_idle_are_not_noticed_by_callers(
    database: Database, stranger: psycopg.AsyncConnection
) -> None:
    for round_number in range(3):
        await end_all_connections(stranger)
        await asyncio.sleep(0.05)  # the ends arrive
        await database.batch(Batch([Statement(INSERT, (f"n{round_number}",))]))
        assert await database.read("SELECT count(*) FROM thing") == [(2 + round_number,)]
        assert await database.scan("SELECT count(*) FROM thing") == [(2 + round_number,)]


async def test_a_read_whose_connection_is_lost_is_made_again(
    database: Database, stranger: psycopg.AsyncConnection
) -> None:
    reads = [asyncio.create_task(read("SELECT 7 FROM pg_sleep(0.2)")) for read in (database.read, database.scan)]
    await asyncio.sleep(0.1)
    await end_all_connections(stranger)
    assert await asyncio.gather(*reads) == [[(7,)], [(7,)]]


async def test_a_server_that_takes_no_changes_says_so_and_another_connection_is_tried(dsn: str, tmp_path: Path) -> None:
    writable = LocalDatabases(Settings(data=tmp_path, database=dsn))
    await writable.open("things", THINGS)
    await writable.close()
    database = PostgresqlDatabase(dsn, "things")
    await database.batch(Batch([Statement(INSERT, ("a",))]))
    name = conninfo_to_dict(dsn)["dbname"]
    async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as administrator:
        await administrator.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
        await end_all_connections(administrator)
        await asyncio.sleep(0.05)  # the ends arrive
        with pytest.raises(ReadOnly):
            await database.batch(Batch([Statement(INSERT, ("b",))]))
        assert await database.read("SELECT id FROM thing") == [("a",)]
        await administrator.execute("SET default_transaction_read_only = off")
        await administrator.execute(f"ALTER DATABASE {name} RESET default_transaction_read_only")
    await database.batch(Batch([Statement(INSERT, ("b",))]))  # by a connection that was made since
    await database.close()


async def test_two_processes_with_a_lock_in_common_do_not_interleave(dsn: str, tmp_path: Path) -> None:
    both = [LocalDatabases(Settings(data=tmp_path, database=dsn)) for _ in range(2)]
    databases = [await one.open("things", THINGS) for one in both]
    append = "INSERT INTO entry (log, position) SELECT 'l', coalesce(max(position), 0) + 1 FROM entry WHERE log = 'l'"

    async def write(database: Database) -> None:
        for _ in range(10):
            await database.batch(Batch([Statement(append)], ["l"]))

    await asyncio.gather(*(write(database) for database in databases * 6))
    rows = await databases[0].scan("SELECT position FROM entry ORDER BY position")
    assert [row[0] for row in rows] == list(range(1, 121))
    await asyncio.gather(*(one.close() for one in both))


async def test_results_that_sqlite_would_not_give_are_refused(database: Database) -> None:
    with pytest.raises(Exception, match="CAST them"):
        await database.read("SELECT sum(number) FROM thing")
    with pytest.raises(Exception, match="CAST them"):
        await database.batch(Batch([Statement(INSERT, ("b",)), Statement("SELECT number = 1 FROM thing", (), ANY)]))
    assert await database.read("SELECT count(*) FROM thing") == [(1,)]


async def test_a_statement_whose_plan_a_migration_changed_is_prepared_anew(
    database: Database, stranger: psycopg.AsyncConnection
) -> None:
    for _ in range(4):
        assert await database.read("SELECT number FROM thing") == [(1,)]
    await stranger.execute("ALTER TABLE thing ALTER COLUMN number TYPE text")
    await stranger.commit()
    assert await database.read("SELECT number FROM thing") == [("1",)]


async def test_more_statements_than_a_connection_keeps_prepared_still_run(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "_PREPARED_STATEMENTS", 5)
    common = Statement("SELECT id FROM thing")
    for number in range(30):
        (_, done) = await database.batch(Batch([common, Statement(f"SELECT {number} FROM thing")]))
        assert done.rows == [(number,)]


async def test_a_start_gives_up_a_server_that_takes_connections_and_says_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(patience._PATIENCE, "connect_timeout", "2")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        dsn = f"postgresql://portico@127.0.0.1:{silent.getsockname()[1]}/portico"
        databases = LocalDatabases(Settings(data=tmp_path, database=dsn))
        with pytest.raises(Unreachable, match="check the setting database"):
            await asyncio.wait_for(databases.open("things", THINGS), 60)
        with pytest.raises(MoveError, match="cannot be reached"):
            await asyncio.wait_for(asyncio.to_thread(connected, dsn), 60)


def test_an_operators_own_time_outs_count() -> None:
    given = conninfo_to_dict(patience.patient("postgresql://portico@host/portico?connect_timeout=77"))
    assert (given["connect_timeout"], given["tcp_user_timeout"]) == ("77", "30000")


async def test_a_batch_is_answered_while_one_behind_it_on_the_same_connection_runs(dsn: str) -> None:
    pool = Pool(dsn, size=1, depth=2, answer_seconds=60)
    quick, slow = pool.submit([query("SELECT 1", ())]), pool.submit([query("SELECT pg_sleep(2)", ())])
    done, _ = await asyncio.wait([quick, slow], return_when=asyncio.FIRST_COMPLETED)
    assert done == {quick}
    await slow
    await pool.close()
