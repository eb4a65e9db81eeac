"""Many pieces of work at once, as many as may be underway."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, TypeVar

Item = TypeVar("Item")

USUAL_JOBS = 16

_MOST_AHEAD = 2_000
"""Items that are taken before their turn: two pages of a listing, so that no worker waits for the next one."""

_END: Any = object()


async def at_once(
    items: AsyncIterator[Item],
    work: Callable[[Item], Awaitable[Any]],
    told: Callable[[Item, Any], bool],
    jobs: int,
) -> None:
    """Does the work for each item, `jobs` at a time; tells each item with its outcome, an exception among them. Where
    `told` answers False no more is begun. Raises what the items raise, when all that came before is done."""
    ahead: asyncio.Queue[Any] = asyncio.Queue(_MOST_AHEAD)
    stopped = False

    async def take() -> Exception | None:
        error = None
        try:
            async for item in items:
                await ahead.put(item)
                if stopped:
                    break
        except Exception as raised:
            error = raised
        for _ in range(jobs):
            await ahead.put(_END)
        return error

    async def worker() -> None:
        nonlocal stopped
        while (item := await ahead.get()) is not _END:
            if stopped:
                continue  # what was taken before its turn is dropped
            try:
                outcome = await work(item)
            except Exception as error:
                outcome = error
            stopped = stopped or not told(item, outcome)

    try:
        async with asyncio.TaskGroup() as group:
            taking = group.create_task(take())
            for _ in range(jobs):
                group.create_task(worker())
    except BaseExceptionGroup as failures:
        raise failures.exceptions[0] from None
    if (error := taking.result()) is not None:
        raise error
