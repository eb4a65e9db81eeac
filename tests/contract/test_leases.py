"""Leases: one holder at a time, on both engines, by a clock of the test's own."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator

import pytest

from portico_server.platform import leases as module
from portico_server.platform import process_identity
from portico_server.platform.database import Batch, Database, GuardFailed, Statement
from portico_server.platform.leases import FURTHEST_SECONDS, LIFETIME_SECONDS, Lease, LeaseLost, Leases
from tests.contract.clocks import FakeClock

WRITE = Statement("INSERT INTO thing (id) VALUES ('written')")


async def test_of_many_contenders_one_gets_the_lease(database: Database) -> None:
    clock = FakeClock()
    contenders = [Leases(database, clock) for _ in range(12)]
    got = await asyncio.gather(*(contender.acquire("fold") for contender in contenders))
    assert len([lease for lease in got if lease]) == 1
    assert await contenders[0].acquire("another name") is not None


async def test_a_lease_that_was_released_can_be_taken_at_once(database: Database) -> None:
    one, other = Leases(database, FakeClock()), Leases(database, FakeClock())
    lease = await one.acquire("fold")
    assert lease is not None
    assert await other.acquire("fold") is None
    await lease.release()
    assert await other.acquire("fold") is not None


async def test_a_lease_that_is_not_renewed_is_taken_over(database: Database) -> None:
    clock = FakeClock()
    one, other = Leases(database, clock), Leases(database, clock)
    lease = await one.acquire("fold")
    assert lease is not None
    clock.advance(LIFETIME_SECONDS - 1)
    await lease.renew()
    clock.advance(LIFETIME_SECONDS - 1)
    assert await other.acquire("fold") is None
    clock.advance(2)
    successor = await other.acquire("fold")
    assert successor is not None
    assert successor.fence > lease.fence
    with pytest.raises(LeaseLost):
        await lease.renew()
    await lease.release()  # which is no longer its to release
    assert await one.acquire("fold") is None


@pytest.fixture
def other_process() -> Iterator[subprocess.Popen[str]]:
    """One that names itself, and lives until it is killed."""
    script = "from portico_server.platform import process_identity as p; print(p.own(), flush=True); input()"
    command = [sys.executable, "-c", script]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield process
        process.kill()


async def test_the_lease_of_a_process_that_was_killed_is_free_at_once(
    database: Database, other_process: subprocess.Popen[str]
) -> None:
    assert other_process.stdout is not None
    holder = other_process.stdout.readline().strip() + " 0"
    clock = FakeClock()
    killed, next_one = Leases(database, clock, holder), Leases(database, clock)
    lease, ended = await killed.acquire("fold"), await killed.acquire("swept")
    assert lease is not None
    assert ended is not None
    await ended.keep_until(clock.now_us() + 1_000_000)
    assert await next_one.acquire("fold") is None, "it lives"
    other_process.kill()
    other_process.wait()
    taken = await asyncio.gather(*(Leases(database, clock).acquire("fold") for _ in range(5)))
    (successor,) = (one for one in taken if one)
    assert successor.fence > lease.fence
    with pytest.raises(GuardFailed, match="lease"):
        await database.batch(Batch([lease.guard(), WRITE], [lease.lock]))
    assert await next_one.acquire("fold") is None
    assert await next_one.acquire("swept") is None, "that one is kept on purpose"


def test_of_processes_elsewhere_nobody_says_that_they_are_dead() -> None:
    own = process_identity.own()
    host, boot, namespace, pid, start = own.split("/")
    assert not process_identity.is_dead(own)
    assert process_identity.is_dead(f"{host}/{boot}/{namespace}/{pid}/1"), "the id is another process's by now"
    elsewhere = (
        f"{host}x/{boot}/{namespace}/{2**30}/{start}",
        f"{host}/{boot}x/{namespace}/{2**30}/{start}",
        f"{host}/{boot}/1/{2**30}/{start}",
        f"{host}/{2**30}/0123456789abcdef",  # as the release before names them
        "",
        "thief",
    )
    assert not any(map(process_identity.is_dead, elsewhere))


async def test_a_holder_thought_dead_cannot_write_once_another_has_taken_over(database: Database) -> None:
    clock = FakeClock()
    one, other = Leases(database, clock), Leases(database, clock)
    lease = await one.acquire("fold")
    assert lease is not None
    await database.batch(Batch([lease.guard(), WRITE], [lease.lock]))
    clock.advance(LIFETIME_SECONDS)
    assert await other.acquire("fold") is not None
    with pytest.raises(GuardFailed, match="lease"):
        await database.batch(Batch([lease.guard(), Statement("DELETE FROM thing")], [lease.lock]))
    assert await database.read("SELECT id FROM thing") == [("written",)]


async def test_the_fence_grows_even_where_the_clock_goes_back(database: Database) -> None:
    clock, late = FakeClock(), FakeClock()
    first = await Leases(database, clock).acquire("fold")
    assert first is not None
    await first.keep_until(0)
    late.advance(-1000)
    second = await Leases(database, late).acquire("fold")
    assert second is not None
    assert second.fence > first.fence


async def test_work_is_done_while_the_lease_is_renewed_and_cancelled_when_it_is_lost(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "RENEWAL_SECONDS", 0.01)
    clock = FakeClock()
    one, other = Leases(database, clock), Leases(database, clock)
    ended = asyncio.Event()
    began = asyncio.Event()

    async def work(_: Lease) -> None:
        began.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    lease = await one.acquire("fold")
    assert lease is not None
    held = asyncio.create_task(one.hold(lease, work))
    await began.wait()
    for _ in range(5):
        clock.advance(LIFETIME_SECONDS / 2)
        expires_at_us = lease.expires_at_us
        while lease.expires_at_us == expires_at_us:  # noqa: ASYNC110
            await asyncio.sleep(0.002)
        assert await other.acquire("fold") is None
    await database.batch(Batch([Statement("UPDATE platform_lease SET holder = 'thief'")]))
    with pytest.raises(LeaseLost):
        await asyncio.wait_for(held, 5)
    assert ended.is_set()


async def test_an_error_of_the_work_is_raised(database: Database) -> None:
    leases = Leases(database, FakeClock())
    lease = await leases.acquire("fold")
    assert lease is not None

    async def fail(_: Lease) -> None:
        raise KeyError("x")

    with pytest.raises(KeyError):
        await leases.hold(lease, fail)


async def test_the_rows_of_long_dead_holders_are_removed(database: Database) -> None:
    clock = FakeClock()
    leases = Leases(database, clock)
    await leases.acquire("old")
    clock.advance(25 * 3600)
    await leases.acquire("new")
    await leases.forget_expired()
    assert await database.read("SELECT name FROM platform_lease") == [("new",)]


async def test_a_clock_set_back_by_days_keeps_no_lease_from_its_next_holder(database: Database) -> None:
    clock = FakeClock()
    dead, next_one = Leases(database, clock), Leases(database, clock)
    lease = await dead.acquire("fold")
    assert lease is not None
    clock.advance(-FURTHEST_SECONDS)
    taken = await next_one.acquire("fold")
    assert taken is not None
    assert taken.fence > lease.fence
    with pytest.raises(LeaseLost):
        await lease.renew()


async def test_a_clock_set_back_by_hours_keeps_a_lease_for_as_long_and_no_longer(database: Database) -> None:
    clock = FakeClock()
    dead, next_one = Leases(database, clock), Leases(database, clock)
    assert await dead.acquire("fold") is not None
    clock.advance(-2 * 3600)
    assert await next_one.acquire("fold") is None
    clock.advance(2 * 3600 + LIFETIME_SECONDS)
    assert await next_one.acquire("fold") is not None


async def test_a_clock_set_forward_ends_a_lease_and_the_fence_keeps_its_holder_out(database: Database) -> None:
    clock = FakeClock()
    slow, quick = Leases(database, clock), Leases(database, clock)
    lease = await slow.acquire("fold")
    assert lease is not None
    clock.advance(5 * 3600)
    assert await quick.acquire("fold") is not None
    with pytest.raises(GuardFailed):
        await database.batch(Batch([lease.guard(), WRITE], [lease.lock]))


async def test_a_lease_is_not_kept_further_ahead_than_it_may(database: Database) -> None:
    clock = FakeClock()
    lease = await Leases(database, clock).acquire("fold")
    assert lease is not None
    with pytest.raises(ValueError, match="more than"):
        await lease.keep_until(clock.now_us() + int((FURTHEST_SECONDS + 1) * 1e6))
