"""Work in a thread beside the event loop: one piece at a time, and each has an end."""

from __future__ import annotations

import asyncio
import threading

import pytest

from portico_server.access.apart import Apart, Ended


async def test_the_event_loop_goes_on_meanwhile() -> None:
    gone_on = threading.Event()
    asyncio.get_running_loop().call_later(0.01, gone_on.set)
    assert await Apart().run(lambda ended: gone_on.wait(30))


async def test_work_is_told_to_end_when_it_has_had_its_time() -> None:
    def work(ended: Ended) -> str:
        while not ended():
            pass
        return "what there is"

    assert await Apart(max_seconds=0.01).run(work) == "what there is"


async def test_work_for_which_nobody_waits_any_more_is_told_to_end_and_the_next_waits_for_that() -> None:
    apart, begun = Apart(), threading.Event()
    told: list[str] = []

    def work(ended: Ended) -> None:
        begun.set()
        while not ended():
            pass
        told.append("ended")

    waiting = asyncio.create_task(apart.run(work))
    assert await asyncio.to_thread(begun.wait, 30)
    waiting.cancel()
    assert await apart.run(lambda ended: list(told)) == ["ended"]
    with pytest.raises(asyncio.CancelledError):
        await waiting


async def test_what_work_raises_is_raised() -> None:
    def work(ended: Ended) -> None:
        raise KeyError("it")

    with pytest.raises(KeyError, match="it"):
        await Apart().run(work)
