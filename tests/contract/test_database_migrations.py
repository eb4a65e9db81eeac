"""Migrations: applied once and in order, a copy kept, a newer format refused."""

from __future__ import annotations

import asyncio
import stat
from pathlib import Path

import apsw
import pytest

from portico_server.platform.database import Batch, Database, DatabaseError, Statement, Unreachable
from portico_server.platform.database.migrations import FormatTooNew
from portico_server.platform.database.opening import LocalDatabases
from portico_server.platform.settings import Settings

FIRST = "CREATE TABLE one (id INTEGER NOT NULL PRIMARY KEY) HEAP;\nINSERT INTO one (id) VALUES (1);"
SECOND = "CREATE TABLE two (id INTEGER NOT NULL PRIMARY KEY) HEAP;\nINSERT INTO two (id) SELECT id + 1 FROM one;"
STAMPS = "SELECT component, number, name FROM platform_migration WHERE component = 'shop' ORDER BY number"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "migrations"
    folder.mkdir()
    (folder / "0001_first.sql").write_text(FIRST)
    return folder


async def look(settings: Settings, folder: Path, query: str) -> list[tuple[object, ...]]:
    """Opens the database, migrating it, asks, and closes it."""
    databases = LocalDatabases(settings)
    try:
        return await (await databases.open("shop", folder)).read(query)
    finally:
        await databases.close()


async def test_a_new_database_gets_all_migrations_in_order(settings: Settings, folder: Path) -> None:
    (folder / "0002_second.sql").write_text(SECOND)
    (folder / "notes.md").write_text("not a migration")
    assert await look(settings, folder, "SELECT id FROM two") == [(2,)]
    assert await look(settings, folder, STAMPS) == [("shop", 1, "first"), ("shop", 2, "second")]


async def test_an_existing_database_gets_what_is_new_once(settings: Settings, folder: Path) -> None:
    assert await look(settings, folder, "SELECT id FROM one") == [(1,)]
    (folder / "0002_second.sql").write_text(SECOND)
    for _ in range(2):
        assert await look(settings, folder, "SELECT count(*) FROM two") == [(1,)]
        assert await look(settings, folder, "SELECT count(*) FROM one") == [(1,)]


async def test_a_migration_that_fails_leaves_nothing_and_may_be_mended(settings: Settings, folder: Path) -> None:
    await look(settings, folder, "SELECT 1")
    broken = folder / "0002_second.sql"
    broken.write_text(SECOND + "\nINSERT INTO two (id) VALUES (NULL, 1);")
    with pytest.raises(DatabaseError):
        await look(settings, folder, "SELECT 1")
    broken.write_text(SECOND)
    assert await look(settings, folder, "SELECT id FROM two") == [(2,)]


async def test_a_newer_format_is_refused_with_what_to_do(settings: Settings, folder: Path) -> None:
    second = folder / "0002_second.sql"
    second.write_text(SECOND)
    await look(settings, folder, "SELECT 1")
    second.unlink()
    with pytest.raises(FormatTooNew, match=r"format 2.*up to 1.*Run the release that wrote it"):
        await look(settings, folder, "SELECT 1")
    second.write_text(SECOND)
    assert await look(settings, folder, "SELECT id FROM two") == [(2,)]


async def test_a_gap_in_the_numbers_is_refused(settings: Settings, folder: Path) -> None:
    (folder / "0003_third.sql").write_text(SECOND)
    with pytest.raises(ValueError, match="without a gap"):
        await look(settings, folder, "SELECT 1")


async def test_a_product_whose_name_could_leave_the_folder_is_refused(settings: Settings, folder: Path) -> None:
    for name in ("../shop", "Shop", "", "a b", 'a"b'):
        with pytest.raises(ValueError, match="cannot name"):
            await LocalDatabases(settings).open(name, folder)


async def test_a_product_is_opened_once_and_products_are_apart(settings: Settings, folder: Path) -> None:
    databases = LocalDatabases(settings)
    shop, again, depot = await asyncio.gather(*(databases.open(name, folder) for name in ("shop", "shop", "depot")))
    assert shop is again
    await shop.batch(Batch([Statement("INSERT INTO one (id) VALUES (5)")]))
    assert [await database.read("SELECT count(*) FROM one") for database in (shop, depot)] == [[(2,)], [(1,)]]
    await databases.close()


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
async def test_sqlite_keeps_a_whole_copy_from_before(settings: Settings, folder: Path) -> None:
    await look(settings, folder, "SELECT 1")
    databases = settings.data / "databases"
    assert sorted(path.name for path in databases.iterdir()) == ["shop.sqlite"]
    (folder / "0002_second.sql").write_text(SECOND)
    (folder / "0003_third.sql").write_text("DELETE FROM one;")
    await look(settings, folder, "SELECT 1")
    assert sorted(path.name for path in databases.iterdir()) == ["shop.sqlite", "shop.sqlite.before-0002"]
    copy = apsw.Connection(str(databases / "shop.sqlite.before-0002"), flags=apsw.SQLITE_OPEN_READONLY)
    assert copy.execute("SELECT id FROM one").fetchall() == [(1,)]
    assert copy.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert not copy.table_exists("main", "two")
    copy.close()


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
async def test_sqlite_files_are_for_their_owner_alone(settings: Settings, folder: Path) -> None:
    databases = LocalDatabases(settings)
    database = await databases.open("shop", folder)
    await database.batch(Batch([Statement("INSERT INTO one (id) VALUES (5)")]))
    (settings.data / "databases").chmod(0o700)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (settings.data / "databases").iterdir()}
    assert modes == {"shop.sqlite": 0o600, "shop.sqlite-wal": 0o600, "shop.sqlite-shm": 0o600}
    await databases.close()


@pytest.mark.parametrize("settings", ["postgresql"], indirect=True)
async def test_postgresql_processes_that_start_at_once_migrate_once(settings: Settings, folder: Path) -> None:
    several = [LocalDatabases(settings) for _ in range(4)]
    opened: list[Database] = await asyncio.gather(*(databases.open("shop", folder) for databases in several))
    assert [await database.read("SELECT count(*) FROM one") for database in opened] == [[(1,)]] * 4
    await asyncio.gather(*(databases.close() for databases in several))


async def test_a_server_that_is_not_there_is_said_so(tmp_path: Path, folder: Path) -> None:
    settings = Settings(data=tmp_path, database=f"postgresql://nobody@/nothing?host={tmp_path}")
    with pytest.raises(Unreachable, match="setting database"):
        await look(settings, folder, "SELECT 1")


async def test_a_file_that_is_no_database_is_named(tmp_path: Path, folder: Path) -> None:
    (tmp_path / "databases").mkdir()
    (tmp_path / "databases" / "shop.sqlite").write_bytes(b"not a database" * 100)
    with pytest.raises(DatabaseError, match=r"shop\.sqlite.*not a database"):
        await look(Settings(data=tmp_path), folder, "SELECT 1")
