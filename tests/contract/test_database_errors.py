"""What callers are told of every error that a database can raise: code, reason, and whether trying again may help."""

from __future__ import annotations

import asyncio
import contextlib
import urllib.parse
from collections.abc import AsyncIterator
from pathlib import Path

import psycopg
import psycopg.errors
import pytest
from grpc import StatusCode

from portico_server.gateway.errors import error_mapper
from portico_server.platform.database import ANY, Batch, Corrupted, Database, DatabaseError, Statement
from portico_server.platform.database.opening import LocalDatabases
from portico_server.platform.database.postgresql.states import meaning_of
from portico_server.platform.database.sqlite import SqliteDatabase
from portico_server.platform.database_errors import DATABASE_ERRORS
from portico_server.platform.errors import ApiError
from portico_server.platform.settings import Settings
from tests.contract.conftest import THINGS
from tests.harness.postgresql import PostgresqlServer, fresh_database

INTERNAL = (StatusCode.INTERNAL, "INTERNAL", False)
UNREACHABLE = (StatusCode.UNAVAILABLE, "DATABASE_UNREACHABLE", True)
TIMEOUT = (StatusCode.UNAVAILABLE, "DATABASE_TIMEOUT", True)
OVERLOADED = (StatusCode.UNAVAILABLE, "DATABASE_OVERLOADED", True)
READ_ONLY = (StatusCode.UNAVAILABLE, "DATABASE_READ_ONLY", True)
CONTENDED = (StatusCode.ABORTED, "CONTENDED", True)
UNKNOWN = (StatusCode.UNKNOWN, "OUTCOME_UNKNOWN", False)
FULL = (StatusCode.RESOURCE_EXHAUSTED, "STORAGE_FULL", False)
FAILED = (StatusCode.UNAVAILABLE, "STORAGE_FAILED", False)
CORRUPTED = (StatusCode.DATA_LOSS, "DATABASE_CORRUPTED", False)

TOLD = {
    "08000": UNREACHABLE,
    "08001": UNREACHABLE,
    "08003": UNREACHABLE,
    "08004": UNREACHABLE,
    "08006": UNREACHABLE,
    "08007": UNKNOWN,
    "08P01": UNREACHABLE,
    "25006": READ_ONLY,
    "25P03": TIMEOUT,
    "25P04": TIMEOUT,
    "40000": CONTENDED,
    "40001": CONTENDED,
    "40002": CONTENDED,
    "40003": UNKNOWN,
    "40P01": CONTENDED,
    "53000": OVERLOADED,
    "53100": FULL,
    "53200": OVERLOADED,
    "53300": UNREACHABLE,
    "53400": OVERLOADED,
    "55P03": CONTENDED,
    "57000": UNREACHABLE,
    "57014": TIMEOUT,
    "57P01": UNREACHABLE,
    "57P02": UNREACHABLE,
    "57P03": UNREACHABLE,
    "57P04": UNREACHABLE,
    "57P05": UNREACHABLE,
    "58000": FAILED,
    "58030": FAILED,
    "58P01": FAILED,
    "58P02": FAILED,
    "58P03": FAILED,
    "72000": CONTENDED,
    "XX001": CORRUPTED,
    "XX002": CORRUPTED,
}
"""Of PostgreSQL's codes those that are no fault of ours."""

PAGE_BYTES = 4096

STALE = {"0A000", "26000"}
"""A statement whose plan is no more: prepared and sent again."""

FAIL = """
CREATE FUNCTION things.fail_with(state text) RETURNS bigint LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'a secret of the inside' USING ERRCODE = state; END $$
"""


def told(error: BaseException) -> tuple[StatusCode, str, bool]:
    found: ApiError = error_mapper([])(error)
    assert "secret" not in found.message
    return found.code, found.reason, found.retry_after_seconds is not None


@pytest.fixture
def dsn(postgresql: PostgresqlServer) -> str:
    return fresh_database(postgresql)


@pytest.fixture
async def database(dsn: str, tmp_path: Path) -> AsyncIterator[Database]:
    async with opened(dsn, tmp_path) as databases:
        database = await databases.open("things", THINGS)
        async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as connection:
            await connection.execute(FAIL)
        yield database


@contextlib.asynccontextmanager
async def opened(dsn: str, folder: Path, options: str = "") -> AsyncIterator[LocalDatabases]:
    """Databases of a server, with options of the connection string's."""
    given = f"{dsn}&options={urllib.parse.quote(options)}" if options else dsn
    databases = LocalDatabases(Settings(data=folder, database=given))
    try:
        yield databases
    finally:
        await databases.close()


def postgresql_codes() -> set[str]:
    """All that the driver knows of."""
    kinds = (kind for kind in vars(psycopg.errors).values() if isinstance(kind, type))
    return {kind.sqlstate for kind in kinds if issubclass(kind, psycopg.Error) and kind.sqlstate}


def test_every_code_of_postgresql_is_told_as_decided_and_all_others_are_faults_of_ours() -> None:
    codes = postgresql_codes() | TOLD.keys()
    assert len(codes) > 250
    assert {code: told(meaning_of(code)("a secret")) for code in codes} == {
        code: TOLD.get(code, INTERNAL) for code in codes
    }


async def test_what_a_server_raises_in_a_batch_or_a_scan_is_told_so(database: Database) -> None:
    statement = "SELECT fail_with($1)"
    for code, expected in {**TOLD, "22012": INTERNAL, "23505": INTERNAL, "42501": INTERNAL, "P0001": INTERNAL}.items():
        with pytest.raises(DatabaseError) as raised:
            await database.batch(Batch([Statement(statement, (code,), ANY)]))
        assert told(raised.value) == expected, code
        with pytest.raises(DatabaseError) as raised:
            await database.scan(statement, code)
        assert told(raised.value) == (INTERNAL if code == "25006" else expected), f"a read, {code}"
    assert await database.read("SELECT count(*) FROM thing") == [(0,)]


async def test_what_is_stale_is_sent_again_and_told_as_contended_where_that_does_not_help(database: Database) -> None:
    for code in STALE:
        with pytest.raises(DatabaseError) as raised:
            await database.batch(Batch([Statement("SELECT fail_with($1)", (code,), ANY)]))
        assert told(raised.value) == CONTENDED


@pytest.mark.parametrize(
    ("options", "sql", "expected"),
    [
        ("-c statement_timeout=200", "SELECT count(*) FROM pg_sleep(60)", TIMEOUT),
        ("-c temp_file_limit=64 -c work_mem=64", "SELECT n FROM generate_series(1, 100000) n ORDER BY -n", OVERLOADED),
    ],
)
async def test_a_limit_that_the_operator_set_ends_what_is_beyond_it_and_nothing_else(
    dsn: str, tmp_path: Path, options: str, sql: str, expected: tuple[StatusCode, str, bool]
) -> None:
    async with opened(dsn, tmp_path, options) as databases:
        database = await databases.open("things", THINGS)
        insert = Statement("INSERT INTO thing (id, number) VALUES ('a', 1)")
        for call in (database.batch(Batch([insert, Statement(sql, (), ANY)])), database.read(sql), database.scan(sql)):
            with pytest.raises(DatabaseError) as raised:
                await call
            assert told(raised.value) == expected
        assert await database.read("SELECT count(*) FROM thing") == [(0,)], "all or nothing"
        await database.batch(Batch([insert]))


async def test_what_an_administrator_cancels_was_not_written_and_may_be_tried_again(
    database: Database, dsn: str
) -> None:
    insert = Statement("INSERT INTO thing (id, number) VALUES ('a', 1)")
    await database.batch(Batch([insert]))
    async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as administrator:
        cancel = (
            "SELECT pg_cancel_backend(pid) FROM pg_stat_activity"
            " WHERE query LIKE '%%pg_sleep(60)%%' AND pid <> pg_backend_pid() AND state = 'active'"
        )
        update = Statement("UPDATE thing SET number = 2 WHERE id = 'a'")
        slow = asyncio.create_task(
            database.batch(Batch([update, Statement("SELECT count(*) FROM pg_sleep(60)", (), ANY)]))
        )
        async with asyncio.timeout(60):
            while not slow.done():
                await administrator.execute(cancel)
                await asyncio.sleep(0.01)
    with pytest.raises(DatabaseError) as raised:
        await slow
    assert told(raised.value) == TIMEOUT
    assert await database.read("SELECT number FROM thing") == [(1,)]


async def test_a_damaged_file_is_told_as_a_loss_of_data(tmp_path: Path) -> None:
    databases = LocalDatabases(Settings(data=tmp_path))
    database = await databases.open("things", THINGS)
    for number in range(200):
        await database.batch(
            Batch([Statement("INSERT INTO thing (id, number) VALUES ($1, 1)", (f"{number}".ljust(500),))])
        )
    await databases.close()
    path = tmp_path / "databases" / "things.sqlite"
    with path.open("r+b") as file:
        size_bytes = file.seek(0, 2)
        file.seek(PAGE_BYTES)  # the first page tells of the tables
        file.write(bytes(size_bytes - PAGE_BYTES))
    damaged = SqliteDatabase(path)
    with pytest.raises(Corrupted) as raised:
        await damaged.scan("SELECT id FROM thing")
    await damaged.close()
    assert told(raised.value) == CORRUPTED


def test_each_error_of_the_interface_says_what_to_do() -> None:
    kinds = set(DATABASE_ERRORS)
    direct = {kind for kind in DatabaseError.__subclasses__() if kind.__module__.endswith("database.interface")}
    assert kinds == {kind for kind in direct if kind.__name__ != "GuardFailed"}
    for kind in kinds:
        message = DATABASE_ERRORS[kind].message
        assert ";" in message, f"{kind.__name__}: what was wrong; what to do"
