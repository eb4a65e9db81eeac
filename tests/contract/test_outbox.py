"""The outbox: events as durable as the change they tell of, taken in order, bounded."""

from __future__ import annotations

import pytest

from portico_server.platform import outbox as outbox_module
from portico_server.platform.database import Batch, Database, GuardFailed, Statement
from portico_server.platform.outbox import AUDIT, FIGURES, MAX_BODY_BYTES, Outbox, emit


async def emitted(database: Database, dataset: str, count: int, at_us: int = 1_000_000_000) -> None:
    await database.batch(Batch([emit(dataset, f"{dataset}{i}".encode(), at_us + i * 1000) for i in range(count)]))


async def test_events_are_taken_oldest_first_and_stay_until_done(database: Database) -> None:
    await emitted(database, "usage", 5, at_us=2_000_000_000)
    await emitted(database, AUDIT, 3)
    outbox = Outbox(database)
    for _ in range(2):
        events = await outbox.take(4)
        assert [event.body for event in events] == [b"audit0", b"audit1", b"audit2", b"usage0"]
    assert (events[0].dataset, events[0].at_us) == (AUDIT, 1_000_000_000)
    await outbox.done([event.id for event in events])
    assert [event.body for event in await outbox.take(100)] == [b"usage1", b"usage2", b"usage3", b"usage4"]


async def test_events_of_one_moment_keep_their_order(database: Database) -> None:
    for number in range(20):
        await database.batch(Batch([emit(AUDIT, str(number).encode(), 5_000_000)]))
    assert [event.body for event in await Outbox(database).take(100)] == [str(n).encode() for n in range(20)]


async def test_an_event_lives_and_dies_with_its_batch(database: Database) -> None:
    guard = Statement("SELECT 1 FROM thing", (), 1, "empty")
    with pytest.raises(GuardFailed):
        await database.batch(Batch([emit(AUDIT, b"x", 1), guard]))
    assert await Outbox(database).take(10) == []


async def test_many_events_are_removed_in_steps(database: Database) -> None:
    await emitted(database, "usage", 350)
    outbox = Outbox(database)
    events = await outbox.take(1000)
    await outbox.done([event.id for event in events[:349]])
    assert [event.body for event in await outbox.take(10)] == [b"usage349"]


async def test_a_dataset_is_trimmed_to_its_newest_and_audit_never(database: Database) -> None:
    await emitted(database, "usage", 250)
    await emitted(database, AUDIT, 5)
    outbox = Outbox(database)
    dropped = FIGURES.dropped
    assert await outbox.look("things") == {"usage": 250, AUDIT: 5}
    assert FIGURES.audit()["things"] == 5
    assert await outbox.trim("usage", 3) == 247
    assert FIGURES.dropped - dropped == 247
    assert await outbox.trim("usage", 3) == 0
    left = [event.body for event in await outbox.take(100)]
    assert sorted(left) == [
        b"audit0",
        b"audit1",
        b"audit2",
        b"audit3",
        b"audit4",
        b"usage247",
        b"usage248",
        b"usage249",
    ]
    with pytest.raises(ValueError, match="never dropped"):
        await outbox.trim(AUDIT, 1)


async def test_many_audit_events_that_nobody_collects_are_told_until_somebody_does(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox_module, "MANY_AUDIT_EVENTS", 3)
    outbox = Outbox(database)
    await emitted(database, AUDIT, 3)
    await outbox.look("things")
    assert "3 wait in its database" in FIGURES.problems()["audit events of things"]
    await outbox.done([(await outbox.take(1))[0].id])
    await outbox.look("things")
    assert "audit events of things" not in FIGURES.problems()


async def test_what_another_process_has_counted_since_is_not_told_twice(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    await emitted(database, AUDIT, 3)
    await Outbox(database).look("things")
    assert FIGURES.audit()["things"] == 3
    monkeypatch.setattr(outbox_module, "LOOK_SECONDS", 0.0)
    assert "things" not in FIGURES.audit()


def test_an_event_too_large_is_refused() -> None:
    with pytest.raises(ValueError, match="bytes"):
        emit(AUDIT, bytes(MAX_BODY_BYTES + 1), 1)
