"""Calls begin by turns of the loop, in the order in which they came."""

from __future__ import annotations

import asyncio

from portico_server.host.adapter.pace import CALLS_PER_TURN, Pace

CROWD = 5 * CALLS_PER_TURN


class Crowd:
    """Calls that come at once; `begun` says which have begun, `turns` how many did in each turn of the loop."""

    def __init__(self, pace: Pace) -> None:
        self.pace = pace
        self.begun: list[int] = []
        self.turns: list[int] = []

    async def call(self, number: int) -> None:
        loop = asyncio.get_running_loop()
        if not self.pace.may_begin(loop):
            await self.pace.turn(loop)
        self.begun.append(number)

    async def count(self) -> None:
        before = 0
        while len(self.begun) < CROWD:
            await asyncio.sleep(0)
            self.turns.append(len(self.begun) - before)
            before = len(self.begun)


async def test_a_crowd_begins_in_its_order_and_a_few_in_each_turn() -> None:
    crowd = Crowd(Pace())
    await asyncio.gather(crowd.count(), *(crowd.call(number) for number in range(CROWD)))
    assert crowd.begun == list(range(CROWD))
    assert max(crowd.turns) <= CALLS_PER_TURN
    assert len(crowd.pace) == 0


async def test_one_after_another_they_do_not_wait() -> None:
    pace, loop = Pace(), asyncio.get_running_loop()
    for _ in range(CROWD):
        assert pace.may_begin(loop)
        await asyncio.sleep(0)


async def test_who_comes_later_does_not_begin_before_those_that_wait() -> None:
    pace, loop = Pace(), asyncio.get_running_loop()
    waiting = pace.turn(loop)
    assert not pace.may_begin(loop)
    await waiting
    assert pace.may_begin(loop)


async def test_how_long_the_first_in_the_line_has_waited_is_told() -> None:
    pace, loop = Pace(), asyncio.get_running_loop()
    assert pace.wait_seconds == 0.0
    turn = pace.turn(loop)
    await asyncio.to_thread(lambda: None)  # which takes turns
    await turn
    assert pace.wait_seconds == 0.0
    last = pace.turn(loop)
    first_look = pace.wait_seconds
    assert pace.wait_seconds >= first_look >= 0.0
    assert len(pace) == 1
    await last


async def test_one_that_is_cancelled_while_it_waits_takes_nobodys_turn() -> None:
    pace, loop = Pace(), asyncio.get_running_loop()
    turns = [pace.turn(loop) for _ in range(CALLS_PER_TURN + 1)]
    turns[0].cancel()
    await asyncio.sleep(0)
    assert all(turn.done() for turn in turns)


async def test_opened_all_begin_at_once_and_for_good() -> None:
    pace, loop = Pace(), asyncio.get_running_loop()
    turns = [pace.turn(loop) for _ in range(CROWD)]
    pace.open()
    assert all(turn.done() for turn in turns)
    assert all(pace.may_begin(loop) for _ in range(CROWD))
