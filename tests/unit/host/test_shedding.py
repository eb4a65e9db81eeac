"""How large a share of the calls is refused, by how long calls wait."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import pytest

from portico_server.host import shedding
from portico_server.host.local_http import LocalError
from portico_server.host.shedding import LARGEST_SHARE, TICK_SECONDS, Shedding, steered

SECONDS = 30.0


class Crowd:
    """Calls that come `load` times as fast as they are served; those that are let through wait in a queue."""

    def __init__(self, load: float) -> None:
        self.load = load
        self.share = self.wait = 0.0
        self.served: list[float] = []

    def tick(self) -> None:
        let_through = self.load * (1 - self.share)
        self.served.append(min(1.0, let_through + self.wait / TICK_SECONDS))
        before, self.wait = self.wait, max(0.0, self.wait + (let_through - 1) * TICK_SECONDS)
        self.share = steered(self.share, self.wait, before)


@pytest.mark.parametrize("load", [1.2, 2.0, 3.0, 10.0])
def test_a_crowd_leaves_most_of_the_capacity_used_and_nobody_waits_long(load: float) -> None:
    crowd = Crowd(load)
    for _ in range(200):  # ten seconds
        crowd.tick()
    settled = crowd.served[60:]
    assert sum(settled) / len(settled) >= 0.85
    assert crowd.wait < 0.1


def test_no_call_is_refused_where_all_can_be_served() -> None:
    crowd = Crowd(0.9)
    for _ in range(200):
        crowd.tick()
    assert crowd.share == 0.0


def test_when_the_crowd_goes_all_are_let_through_again() -> None:
    crowd = Crowd(5.0)
    for _ in range(100):
        crowd.tick()
    crowd.load = 0.5
    for _ in range(100):
        crowd.tick()
    assert crowd.share == 0.0


def test_some_calls_always_come_through() -> None:
    share = 0.0
    for _ in range(1000):
        share = steered(share, 60.0, 60.0)
    assert share == LARGEST_SHARE


async def steering(in_flight: int, busy: Callable[[], bool], told: list[float]) -> None:
    """Runs a controller beside a loop that is kept busy in turns of 0.3 s as long as `busy` answers yes."""
    controller = Shedding(asyncio.get_running_loop(), lambda: in_flight, lambda: 0.0, told.append)
    running = asyncio.create_task(asyncio.to_thread(controller.run))
    end = time.monotonic() + SECONDS
    try:
        while busy() and time.monotonic() < end:
            time.sleep(0.3)  # noqa: ASYNC251  # a loop that is late is what is tried
            await asyncio.sleep(0)
        while controller.share and time.monotonic() < end:  # noqa: ASYNC110  # a thread changes it
            await asyncio.sleep(TICK_SECONDS)
    finally:
        controller.stop()
        await running


async def test_a_loop_that_is_late_with_many_calls_has_them_refused_until_it_is_not() -> None:
    told: list[float] = []
    await steering(1000, lambda: len(told) < 2, told)
    assert 0.0 < told[0] < told[1]
    assert told[-1] == 0.0


async def test_a_loop_that_is_late_with_few_calls_refuses_none() -> None:
    told: list[float] = []
    turns = iter(range(6))
    await steering(shedding.FEWEST_CALLS - 1, lambda: next(turns, None) is not None, told)
    assert told == []


class Waits:
    """Ends a controller after so many waits, and keeps how long they were to be."""

    def __init__(self, number: int) -> None:
        self.seconds: list[float] = []
        self._number = number

    def wait(self, seconds: float) -> bool:
        self.seconds.append(seconds)
        return len(self.seconds) == self._number


@pytest.mark.parametrize(("in_flight", "seconds"), [(0, shedding.IDLE_TICK_SECONDS), (1, TICK_SECONDS)])
async def test_a_loop_without_calls_is_looked_at_seldom(
    monkeypatch: pytest.MonkeyPatch, in_flight: int, seconds: float
) -> None:
    waits = Waits(3)
    controller = Shedding(asyncio.get_running_loop(), lambda: in_flight, lambda: 0.0, lambda share: None)
    monkeypatch.setattr(controller, "_over", waits)
    controller.run()
    assert waits.seconds == 3 * [seconds]


async def test_where_envoy_cannot_be_told_it_is_tried_again() -> None:
    tries: list[float] = []

    def unreachable(share: float) -> None:
        tries.append(share)
        if len(tries) < 3:
            raise LocalError("nobody answers")

    controller = Shedding(asyncio.get_running_loop(), lambda: 1000, lambda: 0.0, unreachable)
    running = asyncio.create_task(asyncio.to_thread(controller.run))
    end = time.monotonic() + SECONDS
    while not controller.share and time.monotonic() < end:
        time.sleep(0.3)  # noqa: ASYNC251
        await asyncio.sleep(0)
    controller.stop()
    await running
    assert len(tries) >= 3


async def test_calls_that_wait_too_long_in_the_line_have_others_refused_until_they_do_not() -> None:
    told: list[float] = []
    controller = Shedding(
        asyncio.get_running_loop(),
        lambda: 1,
        lambda: 0.0 if len(told) >= 2 else 2 * shedding.PATIENCE_SECONDS,
        told.append,
    )
    running = asyncio.create_task(asyncio.to_thread(controller.run))
    end = time.monotonic() + SECONDS
    while not (told and told[-1] == 0.0) and time.monotonic() < end:  # noqa: ASYNC110  # a thread changes it
        await asyncio.sleep(TICK_SECONDS)
    controller.stop()
    await running
    assert 0.0 < told[0] < told[1]
    assert told[-1] == 0.0


async def test_calls_that_wait_in_the_line_for_less_have_none_refused() -> None:
    told: list[float] = []
    seen = 0

    def waited() -> float:
        nonlocal seen
        seen += 1
        return shedding.PATIENCE_SECONDS / 2

    controller = Shedding(asyncio.get_running_loop(), lambda: 1, waited, told.append)
    running = asyncio.create_task(asyncio.to_thread(controller.run))
    end = time.monotonic() + SECONDS
    while seen < 20 and time.monotonic() < end:  # noqa: ASYNC110  # a thread changes it
        await asyncio.sleep(TICK_SECONDS)
    controller.stop()
    await running
    assert seen >= 20
    assert told == []
