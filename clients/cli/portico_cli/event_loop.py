"""Runs a command's work in an event loop, so that many calls are underway at once, and ends it in order."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Coroutine
from typing import Any, TypeVar

Result = TypeVar("Result")

_STOPS = (signal.SIGINT, signal.SIGTERM)


def run(work: Coroutine[Any, Any, Result]) -> Result:
    """Runs work to its end. Ctrl-C or SIGTERM cancels it, so that what it began is cleaned up; then the signal is
    handled as elsewhere. A second one is at once."""
    received: list[int] = []
    try:
        return asyncio.run(_stoppable(work, received))
    except asyncio.CancelledError:
        if not received:
            raise
    signal.raise_signal(received[0])
    raise KeyboardInterrupt  # where the signal's handler lets go on


async def _stoppable(work: Coroutine[Any, Any, Result], received: list[int]) -> Result:
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    assert task is not None
    before = {number: signal.getsignal(number) for number in _STOPS}

    def restore() -> None:
        for number, handler in before.items():
            loop.remove_signal_handler(number)
            signal.signal(number, handler)

    def stop(number: int) -> None:
        received.append(number)
        restore()
        task.cancel()

    for number in _STOPS:
        loop.add_signal_handler(number, stop, number)
    try:
        return await work
    finally:
        if not received:
            restore()
