"""Adjacent releases on one PostgreSQL database at once: what expands is borne by the older one, what contracts waits
for its end. The releases are those of docs/upgrade.md: a column `text` becomes `body`."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import psycopg
import pytest

from portico_server.platform.database import Batch, Database, DatabaseError, Statement
from portico_server.platform.database.migrations import FormatTooNew, OlderReleaseRuns
from portico_server.platform.database.opening import LocalDatabases
from portico_server.platform.database.postgresql import presence
from portico_server.platform.settings import Settings
from tests.contract.clocks import FakeClock
from tests.harness.postgresql import PostgresqlServer, fresh_database
from tests.testing_product.releases import MIGRATIONS, READ, SCRIPTS, WRITE, write_migrations


class Release:
    """A process of release 1, 2 or 3."""

    def __init__(self, number: int, databases: LocalDatabases, database: Database) -> None:
        self.number = number
        self.databases = databases
        self._database = database

    async def write(self, note: int, text: str) -> None:
        await self._database.batch(Batch([Statement(WRITE[self.number], (note, text))]))

    async def read(self) -> list[tuple[object, ...]]:
        return await self._database.read(READ[self.number])

    async def formats(self) -> set[int]:
        rows = await self._database.read("SELECT number FROM platform_migration WHERE component = 'notes'")
        return {row[0] for row in rows}

    async def end(self) -> None:
        await self.databases.close()


Start = Callable[[int], Awaitable[Release]]


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def start(
    postgresql: PostgresqlServer, tmp_path: Path, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Start]:
    """Starts a process of a release."""
    monkeypatch.setattr(presence, "RENEWAL_SECONDS", 0.05)
    settings = Settings(data=tmp_path, database=fresh_database(postgresql))
    started: list[Release] = []

    async def start_one(number: int) -> Release:
        folder = tmp_path / f"release-{number}"
        write_migrations(folder, number)
        databases = LocalDatabases(settings, clock)
        try:
            started.append(Release(number, databases, await databases.open("notes", folder)))
        except DatabaseError:
            await databases.close()
            raise
        return started[-1]

    yield start_one
    for one in started:
        await one.end()


async def until_contracted(release: Release) -> None:
    deadline = time.monotonic() + 30
    while 4 not in await release.formats():
        assert time.monotonic() < deadline, "it was not contracted"
        await asyncio.sleep(0.02)


async def test_old_and_new_serve_at_once_and_see_each_others_writes(start: Start) -> None:
    old, new = await start(1), await start(2)
    await old.write(1, "old")
    await new.write(2, "new")
    for release in (old, new):
        assert await release.read() == [(1, "old"), (2, "new")]
    another_old = await start(1)  # one that died is started again beside the newer release
    await another_old.write(3, "old again")
    assert await new.read() == await old.read() == await another_old.read()


async def test_what_contracts_waits_for_the_last_process_of_the_older_release(start: Start) -> None:
    first = await start(1)
    await first.write(1, "one")
    old, new = await start(2), await start(2)
    await first.end()
    newest = await start(3)
    await newest.write(3, "three")
    await old.write(2, "two")
    for release in (old, new, newest):
        assert await release.read() == [(1, "one"), (2, "two"), (3, "three")]
    await old.end()
    await asyncio.sleep(0.2)  # several renewals
    assert await newest.formats() == {1, 2, 3}
    await new.end()
    await until_contracted(newest)
    assert await newest.read() == [(1, "one"), (2, "two"), (3, "three")]
    await newest.write(4, "four")
    with pytest.raises(FormatTooNew, match="format 4; this release knows formats up to 2"):
        await start(2)


async def test_a_process_that_was_killed_counts_until_its_presence_expires(start: Start, clock: FakeClock) -> None:
    killed, newest = await start(2), await start(3)
    for one in killed.databases._presences:
        assert one._task is not None
        one._task.cancel()
    await asyncio.sleep(0.2)
    assert 4 not in await newest.formats()
    clock.advance(31)
    await until_contracted(newest)


async def test_a_release_that_is_not_the_next_one_is_refused_beside_an_old_one(start: Start) -> None:
    old = await start(1)
    with pytest.raises(OlderReleaseRuns, match=r"0003 \(expand_fill\) cannot run beside. Stop these processes first"):
        await start(3)
    await old.write(1, "on it goes")
    await old.end()
    newest = await start(3)
    await until_contracted(newest)


async def test_a_migration_that_says_nothing_of_older_releases_is_refused_beside_one(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = await start(1)
    monkeypatch.setitem(SCRIPTS, "0002_body.sql", SCRIPTS["0002_expand_body.sql"])
    monkeypatch.setattr("tests.testing_product.releases.MIGRATIONS", ["0001_first.sql", "0002_body.sql"])
    with pytest.raises(OlderReleaseRuns, match=r"used by an older release \(.+/\d+/"):
        await start(2)
    await old.write(1, "on it goes")
    await old.end()
    new = await start(2)
    assert await new.read() == [(1, "on it goes")]
    with pytest.raises(FormatTooNew):
        await start(1)


async def test_the_older_release_writes_on_while_a_migration_waits_for_a_backup(start: Start) -> None:
    old = await start(1)
    async with await psycopg.AsyncConnection.connect(old.databases._settings.database) as backup:
        await backup.execute("SELECT count(*) FROM notes.note")  # its view is open until the end of its transaction
        starting = asyncio.create_task(start(2))
        for number in range(100):
            await old.write(number, "while it waits")
            await asyncio.sleep(0.01)
        assert not starting.done()
    new = await starting
    assert len(await new.read()) == 100


async def test_a_process_that_was_cut_off_for_long_registers_anew(start: Start, clock: FakeClock) -> None:
    old = await start(2)
    clock.advance(100)
    (one,) = old.databases._presences
    await one.renew()
    newest = await start(3)
    assert 4 not in await newest.formats()


@pytest.mark.parametrize("number", [1, 2])
async def test_on_sqlite_one_process_applies_all_at_once(tmp_path: Path, number: int) -> None:
    folder = tmp_path / "migrations"
    folder.mkdir()
    databases = LocalDatabases(Settings(data=tmp_path / "data"))
    for name in MIGRATIONS[:number]:
        (folder / name).write_text(SCRIPTS[name])
    await (await databases.open("notes", folder)).batch(Batch([Statement(WRITE[number], (1, "one"))]))
    await databases.close()
    for name in MIGRATIONS:
        (folder / name).write_text(SCRIPTS[name])
    database = await databases.open("notes", folder)
    assert await database.read(READ[3]) == [(1, "one")]
    await databases.close()
