"""What every engine promises of guarded batches and reads. Each test runs on SQLite and on PostgreSQL."""

from __future__ import annotations

import asyncio
import time

import pytest

from portico_server.platform.database import ANY, Batch, Database, DatabaseError, Done, GuardFailed, Statement

INSERT = "INSERT INTO thing (id, number) VALUES ($1, $2)"
UPDATE = "UPDATE thing SET number = number + 1 WHERE id >= $1"
ALL = "SELECT id, number FROM thing ORDER BY id"


async def apply(database: Database, *statements: Statement, locks: tuple[str, ...] = ()) -> list[Done]:
    return await database.batch(Batch(statements, locks))


def insert(name: str, number: int = 1) -> Statement:
    return Statement(INSERT, (name, number))


async def test_a_batch_answers_what_each_statement_did(database: Database) -> None:
    done = await apply(
        database,
        insert("a"),
        insert("b"),
        Statement(UPDATE, ("a",), 2),
        Statement(UPDATE + " RETURNING id, number", ("b",), 1),
        Statement(ALL, (), 2),
        Statement("DELETE FROM thing WHERE id = $1", ("absent",), 0),
    )
    assert done == [
        Done(1, []),
        Done(1, []),
        Done(2, []),
        Done(1, [("b", 3)]),
        Done(2, [("a", 2), ("b", 3)]),
        Done(0, []),
    ]


async def test_statements_without_a_guard_answer_any_number_of_rows(database: Database) -> None:
    await apply(database, insert("a"), insert("b"))
    done = await apply(
        database,
        Statement(UPDATE, ("a",), ANY),
        Statement(UPDATE, ("z",), ANY),
        Statement("SELECT id FROM thing WHERE id > $1", ("a",), ANY),
        Statement("SELECT id FROM thing WHERE id > $1", ("z",), ANY),
        Statement("DELETE FROM thing WHERE id = $1 RETURNING number", ("b",), ANY),
    )
    assert done == [Done(2, []), Done(0, []), Done(1, [("b",)]), Done(0, []), Done(1, [(2,)])]


@pytest.mark.parametrize(
    "guard",
    [
        Statement("SELECT 1 FROM thing WHERE id = $1", ("absent",), 1, "why"),
        Statement("SELECT 1 FROM thing", (), 0, "why"),
        Statement("SELECT id FROM thing", (), 3, "why"),
        Statement(UPDATE, ("absent",), 1, "why"),
        Statement(UPDATE, ("a",), 2, "why"),
        Statement(UPDATE + " RETURNING id", ("a",), 0, "why"),
        Statement(INSERT + " ON CONFLICT DO NOTHING", ("a", 5), 1, "why"),
        Statement("DELETE FROM thing WHERE id = $1", ("a",), 0, "why"),
        Statement("WITH one AS (SELECT 1 AS n) SELECT n FROM one", (), 3, "why"),
    ],
    ids=lambda guard: f"{guard.sql[:30]} expects {guard.expect}",
)
async def test_a_guard_that_fails_undoes_the_batch_and_says_why_and_where(database: Database, guard: Statement) -> None:
    await apply(database, insert("a"))
    with pytest.raises(GuardFailed) as failed:
        await apply(database, insert("A-new"), guard, insert("B-newer"), locks=("one", "two"))
    assert (failed.value.reason, failed.value.index) == ("why", 1)
    assert await database.read(ALL) == [("a", 1)]


async def test_an_error_undoes_the_batch(database: Database) -> None:
    await apply(database, insert("a"))
    with pytest.raises(DatabaseError):
        await apply(database, insert("new"), insert("a"))
    with pytest.raises(DatabaseError):
        await apply(database, insert("new"), Statement("SELECT nonsense FROM thing"))
    with pytest.raises(DatabaseError):
        await apply(database, Statement("INSERT INTO entry (log, position, thing) VALUES ('l', 1, 'absent')"))
    assert await database.read(ALL) == [("a", 1)]
    assert await database.read("SELECT position FROM entry") == []


async def test_a_statement_with_too_few_or_too_many_parameters_is_an_error(database: Database) -> None:
    for args in (("a",), ("a", 1, 2)):
        with pytest.raises(DatabaseError):
            await apply(database, Statement(INSERT, args))
    assert await database.read(ALL) == []


async def test_batches_that_fail_leave_those_beside_them_alone(database: Database) -> None:
    await apply(database, insert("taken"))
    outcomes = await asyncio.gather(
        *(apply(database, insert(f"n{i:03}"), insert("taken" if i % 3 == 0 else f"x{i:03}")) for i in range(60)),
        return_exceptions=True,
    )
    assert [isinstance(outcome, DatabaseError) for outcome in outcomes] == [i % 3 == 0 for i in range(60)]
    rows = await database.read(ALL)
    assert len(rows) == 1 + 2 * 40


async def test_a_batch_with_locks_sees_what_the_last_holder_wrote(database: Database) -> None:
    append = "INSERT INTO entry (log, position) SELECT $1, coalesce(max(position), 0) + 1 FROM entry WHERE log = $1"

    async def writer(log: str) -> None:
        for _ in range(10):
            await apply(database, Statement(append, (log,)), locks=(log, "all"))

    await asyncio.gather(*(writer(f"log{i % 2}") for i in range(16)))
    rows = await database.scan("SELECT log, position FROM entry ORDER BY log, position")
    assert rows == [(f"log{i}", position) for i in range(2) for position in range(1, 81)]


async def test_an_update_guarded_by_the_old_value_is_lost_by_nobody(database: Database) -> None:
    await apply(database, insert("counter", 0))
    swap = "UPDATE thing SET number = $2 WHERE id = 'counter' AND number = $1"

    async def increment() -> None:
        while True:
            ((number,),) = await database.read("SELECT number FROM thing WHERE id = 'counter'")
            try:
                await apply(database, Statement(swap, (number, number + 1)))
            except GuardFailed:
                continue
            return

    await asyncio.gather(*(increment() for _ in range(40)))
    assert await database.read("SELECT number FROM thing") == [(40,)]


async def test_every_read_sees_every_batch_that_was_acknowledged_before(database: Database) -> None:
    async def write_and_look(name: str) -> None:
        for number in range(8):
            await apply(database, insert(f"{name}{number}", number))
            query, args = "SELECT number FROM thing WHERE id = $1", (f"{name}{number}",)
            assert await database.read(query, *args) == [(number,)]
            assert await database.scan(query, *args) == [(number,)]
            assert await database.snapshot([(query, args)]) == [[(number,)]]

    await asyncio.gather(*(write_and_look(name) for name in "abcdefgh"))


async def test_a_snapshot_reads_one_state(database: Database) -> None:
    await apply(database, insert("left", 0), insert("right", 0))
    move = [
        Statement("UPDATE thing SET number = number + $2 WHERE id = $1", (i, n))
        for i, n in (("left", -1), ("right", 1))
    ]
    one = "SELECT number FROM thing WHERE id = $1"
    slow = "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 30000) SELECT count(*) FROM c"
    writing = True

    async def writer() -> None:
        while writing:
            await apply(database, *move)

    task = asyncio.create_task(writer())
    for _ in range(20):
        (left,), _, (right,) = await database.snapshot([(one, ("left",)), (slow, ()), (one, ("right",))])
        assert left[0] + right[0] == 0
    writing = False
    await task
    assert (await database.read(one, "right"))[0][0] > 0


async def test_a_long_scan_does_not_hold_the_event_loop(database: Database) -> None:
    long = "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 2000000) SELECT count(*) FROM c"
    scan = asyncio.create_task(database.scan(long))
    longest, began = 0.0, time.perf_counter()
    last = began
    while not scan.done():
        await asyncio.sleep(0)
        now = time.perf_counter()
        longest, last = max(longest, now - last), now
    assert await scan == [(2000000,)]
    assert longest < (last - began) / 3, f"the loop stood still for {longest:.3f} s"


async def test_reads_cannot_write(database: Database) -> None:
    for write in (database.read, database.scan):
        with pytest.raises(DatabaseError):
            await write(INSERT, "a", 1)
    assert await database.read(ALL) == []


async def test_errors_of_reads_are_database_errors_and_the_next_read_works(database: Database) -> None:
    for read in (database.read, database.scan):
        with pytest.raises(DatabaseError):
            await read("SELECT nonsense FROM thing")
    with pytest.raises(DatabaseError):
        await database.snapshot([(ALL, ()), ("SELECT nonsense FROM thing", ())])
    assert await database.snapshot([(ALL, ()), (ALL, ())]) == [[], []]


async def test_a_caller_that_goes_away_harms_nobody(database: Database) -> None:
    """Cancelled at every moment: before its turn, while it runs, while it commits."""
    names = [f"n{i:03}" for i in range(40)]
    tasks = [asyncio.create_task(apply(database, insert(name), insert(name + "'"))) for name in names]
    for turn, task in enumerate(tasks[::2]):
        if turn % 4 == 0:
            await asyncio.sleep(0.001)
        task.cancel()
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    rows = {row[0] for row in await database.read(ALL)}
    for name, outcome in zip(names, outcomes, strict=True):
        assert (name in rows) == (name + "'" in rows), "half of a batch"
        assert isinstance(outcome, asyncio.CancelledError) or name in rows
    assert set(names[1::2]) <= rows


async def test_closing_waits_for_what_is_in_flight_and_refuses_what_comes_after(database: Database) -> None:
    tasks = [asyncio.create_task(apply(database, insert(f"n{i}"))) for i in range(20)]
    scan = asyncio.create_task(database.scan(ALL))
    await asyncio.sleep(0)
    await database.close()
    assert [len(done) for done in await asyncio.gather(*tasks)] == [1] * 20
    assert isinstance(await scan, list)
    with pytest.raises(DatabaseError):
        await apply(database, insert("late"))
    with pytest.raises(DatabaseError):
        await database.read(ALL)
    with pytest.raises(DatabaseError):
        await database.scan(ALL)
