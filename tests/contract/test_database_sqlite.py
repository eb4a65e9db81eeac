"""What SQLite alone must bear: full disks, foreign locks, a busy loop."""

from __future__ import annotations

import asyncio
import resource
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import apsw
import pytest

from portico_server.platform.database import ANY, Batch, Contended, GuardFailed, Statement, StorageFull
from portico_server.platform.database.sqlite import SqliteDatabase, scanner, writer
from portico_server.platform.database.sqlite.connections import open_writer, reopen_writer
from portico_server.platform.database.sqlite.writer import Writer
from portico_server.platform.reserve import Reserve
from tests.faults.disks import disk, filled

CREATE = "CREATE TABLE entry (id INTEGER NOT NULL PRIMARY KEY, body BLOB NOT NULL) STRICT"
INSERT = "INSERT INTO entry (id, body) VALUES ($1, $2)"
COUNT = "SELECT count(*) FROM entry"


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[SqliteDatabase]:
    database = SqliteDatabase(tmp_path / "test.sqlite")
    await database.batch(Batch([Statement(CREATE, (), ANY)]))
    yield database
    await database.close()


def insert(number: int, size: int = 10) -> Batch:
    return Batch([Statement(INSERT, (number, bytes(size)))])


@contextmanager
def files_no_larger_than(size: int) -> Iterator[None]:
    """Makes writes beyond that size fail, as a quota does."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


async def test_a_full_disk_refuses_the_batch_and_is_forgotten_when_there_is_space(database: SqliteDatabase) -> None:
    await database.batch(insert(1))
    with files_no_larger_than(200_000):
        for _ in range(3):
            with pytest.raises(StorageFull):
                await database.batch(insert(2, 1_000_000))
        assert await database.read(COUNT) == [(1,)]
    await database.batch(insert(3, 1_000_000))
    assert await database.read("SELECT id FROM entry ORDER BY id") == [(1,), (3,)]


async def test_a_full_database_fails_nobody_else_wrongly(database: SqliteDatabase) -> None:
    """Batches of one group: each is either written whole and acknowledged, or refused and gone."""
    await database.batch(Batch([Statement("PRAGMA max_page_count = 60", (), ANY)]))
    sizes = [100_000 if i % 5 == 3 else 500 for i in range(60)]
    outcomes = await asyncio.gather(
        *(database.batch(insert(i, size)) for i, size in enumerate(sizes)), return_exceptions=True
    )
    rows = {row[0] for row in await database.read("SELECT id FROM entry")}
    assert {i for i, outcome in enumerate(outcomes) if isinstance(outcome, list)} == rows
    assert {type(outcome) for outcome in outcomes} == {list, StorageFull}
    await database.batch(Batch([Statement("PRAGMA max_page_count = 100000", (), ANY)]))
    await database.batch(insert(1000, 300_000))


async def test_a_commit_that_fails_fails_the_whole_group_and_the_next_succeeds(
    database: SqliteDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Guards that failed on what the lost group wrote are not told so either: nothing of it was ever true."""
    tasks = [asyncio.create_task(database.batch(insert(i % 3))) for i in range(6)]
    await asyncio.sleep(0)
    with files_no_larger_than(100):
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert {type(outcome) for outcome in outcomes} == {StorageFull}
    assert len({id(outcome) for outcome in outcomes}) == 6, "an exception shared by callers collects their frames"
    assert await database.read(COUNT) == [(0,)]
    await database.batch(insert(1))


async def test_a_stranger_that_holds_the_lock_makes_batches_contended_not_stuck(
    database: SqliteDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "_LOCK_SECONDS", 0.3)
    await database.batch(insert(1))
    stranger = apsw.Connection(str(tmp_path / "test.sqlite"))
    stranger.execute("BEGIN IMMEDIATE")
    outcomes = asyncio.gather(*(database.batch(insert(i)) for i in range(5)), return_exceptions=True)
    longest, last = 0.0, time.perf_counter()
    while not outcomes.done():
        await asyncio.sleep(0.001)
        longest, last = max(longest, time.perf_counter() - last), time.perf_counter()
        assert await database.read(COUNT) == [(1,)]
    assert {type(outcome) for outcome in await outcomes} == {Contended}
    assert longest < 0.2, "the loop waited for the lock"
    patient = asyncio.create_task(database.batch(insert(2)))
    await asyncio.sleep(0.1)
    stranger.execute("ROLLBACK")
    stranger.close()
    await patient


async def test_a_guard_sees_the_batches_before_it_in_the_same_group(database: SqliteDatabase) -> None:
    guard = Statement(COUNT.replace("count(*)", "id"), (), 3, "three")
    tasks = [asyncio.create_task(database.batch(insert(i))) for i in range(3)]
    tasks += [asyncio.create_task(database.batch(Batch([guard]))), asyncio.create_task(database.batch(insert(3)))]
    tasks += [asyncio.create_task(database.batch(Batch([guard])))]
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert [isinstance(outcome, GuardFailed) for outcome in outcomes] == [False] * 5 + [True]


async def test_a_group_gives_the_loop_back_after_its_time(database: SqliteDatabase) -> None:
    tasks = [asyncio.create_task(database.batch(insert(i, 2000))) for i in range(3000)]
    gaps, last = [], time.perf_counter()
    await asyncio.sleep(0)  # the tasks have queued
    last = time.perf_counter()
    while not all(task.done() for task in tasks[-1:]):
        await asyncio.sleep(0)
        now = time.perf_counter()
        gaps.append(now - last)
        last = now
    held = sorted(gaps)[-max(1, len(gaps) // 20)]
    assert held < 0.02, f"the loop was held for {held * 1e3:.1f} ms"
    assert await database.read(COUNT) == [(3000,)]


async def test_nobody_touches_the_writing_connection_while_it_commits(tmp_path: Path) -> None:
    writer = Writer(
        open_writer(tmp_path / "writer.sqlite"), lambda: reopen_writer(tmp_path / "writer.sqlite"), Reserve(tmp_path, 0)
    )
    table = Statement("CREATE TABLE t (a INTEGER) STRICT", (), ANY)
    waiting = writer.submit(Batch([table]))
    writer._run_group()  # now it commits
    with pytest.raises(RuntimeError, match="while COMMIT runs"):
        writer._run_group()
    await waiting
    await writer.close()


async def test_a_scan_of_many_rows_stays_on_the_loop_in_slices(database: SqliteDatabase) -> None:
    await database.batch(Batch([Statement(INSERT, (i, bytes(100))) for i in range(20_000)]))
    turns = 0
    scan = asyncio.create_task(database.scan("SELECT id, body FROM entry ORDER BY id"))
    while not scan.done():
        await asyncio.sleep(0)
        turns += 1
    assert len(await scan) == 20_000
    assert turns > 3


async def test_scans_that_nobody_waits_for_any_more_make_room_for_others(database: SqliteDatabase) -> None:
    endless = "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT count(*) FROM c"
    scans = [asyncio.create_task(database.scan(endless)) for _ in range(3)]
    await asyncio.sleep(0.05)
    for scan in scans:
        scan.cancel()
    assert await asyncio.wait_for(database.scan(COUNT), 5) == [(0,)]


def test_a_statement_is_prepared_once_for_all_values(tmp_path: Path) -> None:
    """SQLite would else look at values, here for a partial index, and prepare anew: dearer than to execute."""
    connection = open_writer(tmp_path / "test.sqlite")
    connection.execute("CREATE TABLE entry (a INTEGER, b INTEGER, c INTEGER, PRIMARY KEY (a, b)) WITHOUT ROWID")
    connection.execute("CREATE INDEX entry_b ON entry (a) WHERE c = 1")
    asked: list[int] = []

    def allow(operation: int, *_: object) -> int:
        """Asked whenever a statement is prepared."""
        asked.append(operation)
        return apsw.SQLITE_OK

    connection.authorizer = allow
    for value in range(3):
        asked.clear()
        connection.execute("SELECT min(b) FROM entry WHERE a = ?1 AND c = ?2", (value, value)).fetchall()
        assert bool(asked) == (value == 0)
    connection.close()


async def test_a_scan_that_is_given_up_before_its_thread_began_does_not_begin(tmp_path: Path) -> None:
    open_writer(tmp_path / "test.sqlite").close()
    connection = scanner._ScanConnection(tmp_path / "test.sqlite")
    endless = (
        "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 10000000) SELECT count(*) FROM c"
    )
    with pytest.raises(apsw.InterruptError):
        await connection.read_in_slices([(endless, ())])  # too long for the loop
    connection.interrupt()
    with pytest.raises(apsw.InterruptError):
        await asyncio.to_thread(connection.read, [(endless, ())])
    assert await connection.read_in_slices([("SELECT 1", ())]) == [[(1,)]], "the next one is not interrupted"
    connection.close()


@pytest.fixture
async def kept(tmp_path: Path) -> AsyncIterator[tuple[SqliteDatabase, Reserve]]:
    """A database on a small disk, of which a part is kept for what frees room."""
    with disk(tmp_path / "disk", 32 << 20) as folder:
        reserve = Reserve(folder, 1 << 20)
        reserve.look()
        database = SqliteDatabase(folder / "entries.sqlite", reserve)
        await database.batch(Batch([Statement(CREATE, (), ANY)]))
        with filled(folder):
            yield database, reserve
        await database.close()


def large(number: int, *, frees: bool) -> Batch:
    return Batch([Statement(INSERT, (number, bytes(300_000)))], frees=frees)


async def test_on_a_full_disk_what_frees_has_the_room_that_is_kept_for_it(kept: tuple[SqliteDatabase, Reserve]) -> None:
    database, reserve = kept
    with pytest.raises(StorageFull):
        await database.batch(large(1, frees=False))
    assert not reserve.is_out, "what does not free never lets it go"
    await database.batch(large(2, frees=True))
    assert reserve.is_out
    with pytest.raises(StorageFull):
        await database.batch(insert(3))
    await database.batch(large(4, frees=True))
    assert await database.read("SELECT id FROM entry ORDER BY id") == [(2,), (4,)]


async def test_of_a_group_on_a_full_disk_only_what_frees_is_made_and_told_once(
    kept: tuple[SqliteDatabase, Reserve],
) -> None:
    database, _ = kept
    outcomes = await asyncio.gather(
        *(database.batch(large(number, frees=number % 2 == 0)) for number in range(4)), return_exceptions=True
    )
    assert [type(outcome) for outcome in outcomes] == [list, StorageFull, list, StorageFull]
    assert await database.read("SELECT id FROM entry ORDER BY id") == [(0,), (2,)]


async def test_what_finds_no_room_in_all_that_was_kept_is_refused(kept: tuple[SqliteDatabase, Reserve]) -> None:
    database, _ = kept
    with pytest.raises(StorageFull):
        await database.batch(Batch([Statement(INSERT, (1, bytes(8_000_000)))], frees=True))
    assert await database.read(COUNT) == [(0,)]
    await database.batch(Batch([Statement(INSERT, (2, bytes(1)))], frees=True))


async def test_while_the_reserve_is_not_whole_a_database_uses_what_it_has_and_does_not_grow(
    kept: tuple[SqliteDatabase, Reserve],
) -> None:
    """Else what the log has, and the file no room for, would be what the next delete needs the reserve for."""
    database, reserve = kept
    await database.batch(large(1, frees=True))
    reserve.is_out = False  # it is some seconds later
    with pytest.raises(StorageFull):
        await database.batch(insert(2, 100_000))
    await database.batch(Batch([Statement("DELETE FROM entry", (), ANY)], frees=True))
    await database.batch(insert(3, 100_000))
    reserve.is_short = False
    with pytest.raises(StorageFull):
        await database.batch(insert(4, 8_000_000))
    await database.batch(insert(5, 300_000))
