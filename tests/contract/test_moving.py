"""State moved from SQLite to PostgreSQL and back: every row, every type, all or nothing."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import apsw
import psycopg
import pytest
from psycopg import sql

from portico_server.platform.backup.subject import ProductState
from portico_server.platform.database import Batch, Statement
from portico_server.platform.database.opening import LocalDatabases
from portico_server.platform.moving import postgresql as moving
from portico_server.platform.moving import state
from portico_server.platform.moving.failures import MoveError
from portico_server.platform.moving.tables import Digest, open_readable, rows_of, tables_of
from portico_server.platform.settings import Settings
from tests.harness.postgresql import PostgresqlServer, fresh_database

FIRST = """
CREATE TABLE shelf (
  name TEXT NOT NULL PRIMARY KEY
) CLUSTERED;
CREATE TABLE book (
  id INTEGER NOT NULL PRIMARY KEY,
  shelf TEXT REFERENCES shelf (name),
  number INTEGER,
  weight REAL,
  text TEXT,
  scan BLOB
) HEAP;
CREATE INDEX book_by_shelf ON book (shelf) WHERE shelf <> '';
INSERT INTO shelf (name) VALUES ('from the migration');
"""
SECOND = "ALTER TABLE book ADD COLUMN colour TEXT NOT NULL DEFAULT 'blue';\n"
SHELVES = ["", "a", "ä", "😀", "a'b\"c\\d\te\nf", "NULL", "\\N"]
BOOKS: list[tuple[Any, ...]] = [
    (1, "a", 2**63 - 1, 1.5, "x", b""),
    (2, None, -(2**63), 0.0, "", b"\x00\xff"),
    (3, "😀", 0, math.inf, None, None),
    (4, "", None, -math.inf, "\u0001\u007f\ud7ff\U0010ffff", bytes(range(256)) * 300),
    (5, "\\N", 1, 5e-324, "1", b"1"),
    (6, "ä", 1, 1.0, "1.0", None),
]


@pytest.fixture
def shop(tmp_path: Path) -> ProductState:
    folder = tmp_path / "migrations"
    folder.mkdir()
    (folder / "0001_first.sql").write_text(FIRST)
    (folder / "0002_second.sql").write_text(SECOND)
    return ProductState("shop", folder)


@pytest.fixture
async def data(tmp_path: Path, shop: ProductState) -> Path:
    """A data directory with a database of all that is hard."""
    assert shop.migrations is not None
    databases = LocalDatabases(Settings(data=tmp_path / "data"))
    database = await databases.open("shop", shop.migrations)
    insert = "INSERT INTO book (id, shelf, number, weight, text, scan) VALUES ($1, $2, $3, $4, $5, $6)"
    statements = [Statement("INSERT INTO shelf (name) VALUES ($1)", (name,)) for name in SHELVES]
    await database.batch(Batch([*statements, *(Statement(insert, book) for book in BOOKS)]))
    await databases.close()
    return tmp_path / "data"


@pytest.fixture
def dsn(postgresql: PostgresqlServer) -> str:
    return fresh_database(postgresql)


def contents(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    connection = open_readable(path)
    try:
        return {table.name: sorted(rows_of(connection, table), key=repr) for table in tables_of(connection)}
    finally:
        connection.close()


def there_and_back(data: Path, dsn: str, shop: ProductState, target: Path) -> dict[str, list[tuple[Any, ...]]]:
    state.to_postgresql(data, dsn, [shop])
    target.mkdir()
    state.to_sqlite(target, dsn, [shop])
    return contents(target / "databases" / "shop.sqlite")


def test_every_row_comes_back_as_it_was(data: Path, dsn: str, shop: ProductState, tmp_path: Path) -> None:
    before = contents(data / "databases" / "shop.sqlite")
    assert len(before["book"]) == len(BOOKS)
    assert ("from the migration",) in before["shelf"]
    after = there_and_back(data, dsn, shop, tmp_path / "back")
    assert repr(after) == repr(before)  # of numbers the type too


async def test_what_was_moved_serves_on_postgresql(data: Path, dsn: str, shop: ProductState) -> None:
    assert shop.migrations is not None
    state.to_postgresql(data, dsn, [shop])
    databases = LocalDatabases(Settings(data=data, database=dsn))
    database = await databases.open("shop", shop.migrations)
    rows = await database.scan("SELECT id, shelf, number, weight, text, scan FROM book ORDER BY id")
    assert repr(rows) == repr(BOOKS)
    with pytest.raises(Exception, match="foreign key"):
        await database.batch(Batch([Statement("INSERT INTO book (id, shelf) VALUES (9, 'nowhere')")]))
    await databases.close()


def test_a_zero_without_its_sign_is_the_same(data: Path, dsn: str, shop: ProductState, tmp_path: Path) -> None:
    """SQLite keeps none, PostgreSQL does."""
    state.to_postgresql(data, dsn, [shop])
    with psycopg.connect(dsn) as connection:
        connection.execute("UPDATE shop.book SET weight = '-0' WHERE id = 1")
    (tmp_path / "back").mkdir()
    state.to_sqlite(tmp_path / "back", dsn, [shop])


def test_the_format_of_before_is_kept(data: Path, dsn: str, shop: ProductState, tmp_path: Path) -> None:
    """A release with newer migrations moves an older database as it is; its next start migrates it."""
    newer = tmp_path / "newer"
    newer.mkdir()
    (newer / "0001_first.sql").write_text(FIRST)
    (newer / "0002_second.sql").write_text(SECOND)
    (newer / "0003_third.sql").write_text("DROP TABLE book;")
    after = there_and_back(data, dsn, ProductState("shop", newer), tmp_path / "back")
    assert len(after["book"]) == len(BOOKS)


def test_a_format_that_is_not_known_is_refused(data: Path, dsn: str, shop: ProductState) -> None:
    assert isinstance(shop.migrations, Path)
    (shop.migrations / "0002_second.sql").unlink()
    with pytest.raises(MoveError, match="format 2, which this release does not know"):
        state.to_postgresql(data, dsn, [shop])
    with pytest.raises(MoveError, match="no product shop is known here"):
        state.to_postgresql(data, dsn, [])
    assert tables_in(dsn) == 0


def test_a_move_that_is_cut_off_leaves_nothing_and_is_done_again(
    data: Path, dsn: str, shop: ProductState, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ConnectionError("the machine lost its power")

    with monkeypatch.context() as broken:
        broken.setattr(moving, "read_rows", fail)  # behind the first table's rows
        with pytest.raises(ConnectionError):
            state.to_postgresql(data, dsn, [shop])
    assert tables_in(dsn) == 0
    moved = state.to_postgresql(data, dsn, [shop])
    assert moved.rows["shop"]["book"] == len(BOOKS)
    assert moved.already == ()
    assert state.to_postgresql(data, dsn, [shop]).already == ("shop",)


def test_other_rows_in_the_target_are_refused_and_left(
    data: Path, dsn: str, shop: ProductState, tmp_path: Path
) -> None:
    state.to_postgresql(data, dsn, [shop])
    with psycopg.connect(dsn) as connection:
        connection.execute("UPDATE shop.book SET number = number - 1 WHERE id = 1")
    with pytest.raises(MoveError, match=r"schema shop with other rows \(in book\)"):
        state.to_postgresql(data, dsn, [shop])
    with pytest.raises(MoveError, match=r"with other rows \(in book\): move it away"):
        state.to_sqlite(data, dsn, [shop])


async def test_a_platform_that_runs_on_the_target_is_refused(data: Path, dsn: str, shop: ProductState) -> None:
    assert shop.migrations is not None
    databases = LocalDatabases(Settings(data=data, database=dsn))
    database = await databases.open("shop", shop.migrations)
    await database.read("SELECT 1")
    for move in (state.to_postgresql, state.to_sqlite):
        with pytest.raises(MoveError, match="stop it on every node"):
            move(data, dsn, [shop])
    await databases.close()


def test_nothing_to_move_and_nobody_to_move_to(tmp_path: Path, data: Path, dsn: str, shop: ProductState) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(MoveError, match="holds no database"):
        state.to_postgresql(tmp_path / "empty", dsn, [shop])
    with pytest.raises(MoveError, match="holds no state"):
        state.to_sqlite(tmp_path / "empty", dsn, [shop])
    with pytest.raises(MoveError, match="cannot be reached"):
        state.to_postgresql(data, f"postgresql://nobody@/x?host={tmp_path}", [shop])


def test_tables_changed_by_hand_are_refused(data: Path, dsn: str, shop: ProductState) -> None:
    connection = apsw.Connection(str(data / "databases" / "shop.sqlite"))
    connection.execute("ALTER TABLE book ADD COLUMN note TEXT")
    connection.close()
    with pytest.raises(MoveError, match="changed by hand"):
        state.to_postgresql(data, dsn, [shop])
    assert tables_in(dsn) == 0


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ([(None,)], [("",)]),
        ([(1,)], [(1.0,)]),
        ([("a",)], [(b"a",)]),
        ([("a", "b")], [("ab", "")]),
        ([("a",), ("a",)], [("a",)]),
        ([], [(None,)]),
    ],
)
def test_a_digest_tells_what_is_nearly_the_same_apart(one: list[Any], other: list[Any]) -> None:
    assert Digest.of(one) != Digest.of(other)
    assert Digest.of([*one, *other]) == Digest.of([*other, *one])


def tables_in(dsn: str) -> int:
    with psycopg.connect(dsn) as connection:
        found = connection.execute(sql.SQL("SELECT count(*) FROM pg_tables WHERE schemaname = 'shop'")).fetchone()
        assert found is not None
        return int(found[0])
