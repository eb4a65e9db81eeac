"""Ray ids."""

from __future__ import annotations

import re
import time

from portico_server.gateway.ray import RayIds, ray
from tests.unit.gateway.fakes import new_call, run


async def test_a_call_gets_a_ray_id_and_answers_it() -> None:
    call = new_call()

    assert await run(ray(), call)

    assert re.fullmatch("[0-9a-f]{32}", call.ray_id)
    assert call.response_headers == [("x-ray-id", call.ray_id)]


async def test_a_caller_cannot_choose_it() -> None:
    call = new_call(headers={"x-ray-id": "0" * 32})

    await run(ray(), call)

    assert call.ray_id != "0" * 32


def test_it_begins_with_the_milliseconds_of_the_arrival() -> None:
    now_ns = time.time_ns()

    assert int(RayIds().next(now_ns)[:12], 16) == now_ns // 1_000_000


def test_no_two_are_alike_over_several_batches_of_randomness() -> None:
    ids = RayIds()

    assert len({ids.next(1_000_000) for _ in range(2000)}) == 2000


def test_its_time_never_runs_backwards() -> None:
    ids = RayIds()

    later = ids.next(2_000_000_000)
    earlier = ids.next(1_000_000_000)

    assert earlier[:12] == later[:12]
