"""Units on PostgreSQL's wires: each is answered when the server has answered it, and others follow meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import cast

import pytest

from portico_server.platform.database.postgresql import pool as pool_module
from portico_server.platform.database.postgresql.pool import Pool
from portico_server.platform.database.postgresql.wire import Command, Lost, Outcome, Result, Unit, Wire


class Held:
    """A wire whose units are answered when the test says so."""

    def __init__(self) -> None:
        self.lost = False
        self.units: list[tuple[Unit, Callable[[Outcome], None]]] = []
        self.writes: list[int] = []  # how many units each `send` took

    async def send(self, units: Sequence[tuple[Unit, Callable[[Outcome], None]]]) -> None:
        self.units += units
        self.writes.append(len(units))

    def answer(self, count: int = 1) -> None:
        for _ in range(count):
            _, answered = self.units.pop(0)
            answered([Result(1, [])])

    def lose(self) -> None:
        self.lost = True
        units, self.units = self.units, []
        for _, answered in units:
            answered(Lost("gone"))

    async def close(self) -> None:
        self.lost = True


@pytest.fixture
def wires(monkeypatch: pytest.MonkeyPatch) -> list[Held]:
    made: list[Held] = []

    async def connect(dsn: str, answer_seconds: float) -> Wire:
        made.append(Held())
        return cast(Wire, made[-1])

    monkeypatch.setattr(pool_module.Wire, "connect", connect)
    return made


def unit(number: int) -> Unit:
    return [Command(f"SELECT {number}", [], [])]


async def settled() -> None:
    """All that can run has run."""
    for _ in range(20):
        await asyncio.sleep(0)


async def test_a_unit_is_answered_before_those_behind_it(wires: list[Held]) -> None:
    pool = Pool("", size=1, depth=4, answer_seconds=1)
    first, second = pool.submit(unit(1)), pool.submit(unit(2))
    await settled()
    wires[0].answer()
    assert await first == [Result(1, [])]
    assert not second.done()
    wires[0].answer()
    await second
    await pool.close()


async def test_a_wire_takes_more_when_half_of_its_depth_is_answered(wires: list[Held]) -> None:
    pool = Pool("", size=1, depth=4, answer_seconds=1)
    answers = [pool.submit(unit(number)) for number in range(8)]
    await settled()
    assert wires[0].writes == [4]
    wires[0].answer()
    await settled()
    assert wires[0].writes == [4]
    wires[0].answer()
    await settled()
    assert wires[0].writes == [4, 2]
    while wires[0].units:
        wires[0].answer()
        await settled()
    assert all(answer.done() for answer in answers)
    await pool.close()


async def test_a_wire_with_nothing_to_do_comes_first_then_a_new_one(wires: list[Held]) -> None:
    pool = Pool("", size=2, depth=4, answer_seconds=1)
    for number, of_each in ((1, [1]), (2, [1, 1]), (3, [1, 2])):
        pool.submit(unit(number))
        await settled()
        assert [len(wire.units) for wire in wires] == of_each
    wires[0].answer()
    await settled()
    pool.submit(unit(4))
    await settled()
    assert [len(wire.units) for wire in wires] == [1, 2]
    for wire in wires:
        wire.answer(len(wire.units))
    await pool.close()


async def test_units_that_wait_go_to_a_new_wire_where_theirs_is_lost(wires: list[Held]) -> None:
    pool = Pool("", size=1, depth=2, answer_seconds=1)
    answers = [pool.submit(unit(number)) for number in range(3)]
    await settled()
    wires[0].lose()
    await settled()
    assert [isinstance(answer.result(), Lost) for answer in answers[:2]] == [True, True]
    assert len(wires) == 2
    wires[1].answer()
    assert await answers[2] == [Result(1, [])]
    await pool.close()


async def test_what_is_lost_while_a_wire_has_room_leaves_nobody_asleep(wires: list[Held]) -> None:
    pool = Pool("", size=1, depth=4, answer_seconds=1)
    lost = pool.submit(unit(1))
    await settled()
    wires[0].lose()
    assert isinstance(await lost, Lost)
    after = pool.submit(unit(2))
    await settled()
    wires[1].answer()
    assert await after == [Result(1, [])]
    await pool.close()


async def test_closing_waits_for_what_is_in_flight_and_sends_what_is_queued(wires: list[Held]) -> None:
    pool = Pool("", size=1, depth=2, answer_seconds=1)
    answers = [pool.submit(unit(number)) for number in range(3)]
    await settled()
    closing = asyncio.create_task(pool.close())
    await settled()
    assert not closing.done()
    wires[0].answer(2)
    await settled()
    wires[0].answer()
    await asyncio.wait_for(closing, 30)
    assert all(answer.result() == [Result(1, [])] for answer in answers)
