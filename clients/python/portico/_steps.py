"""Where the sync and the asyncio client meet: an operation is written once, as a generator of steps.

A step is something that waits: a call, a message of a stream, a pause, blocking work. The generator yields it and is
resumed with its outcome; `run` and `run_async` perform steps on their own kind of transport. So retries, renewals,
checks and paging exist once.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from functools import partial
from typing import Any, TypeVar, cast

Result = TypeVar("Result")

Step = Callable[[Any], Any]
"""Takes a transport and does the waiting; with an asyncio transport its result is to be awaited."""

Steps = Generator[Step, Any, Result]


def run(steps: Steps[Result], transport: object) -> Result:
    """Performs steps one after another on a transport of the sync client."""
    try:
        step = next(steps)
        while True:
            try:
                outcome = step(transport)
            except BaseException as error:
                step = steps.throw(error)
            else:
                step = steps.send(outcome)
    except StopIteration as stop:
        return cast(Result, stop.value)


async def run_async(steps: Steps[Result], transport: object) -> Result:
    """Performs steps one after another on a transport of the asyncio client."""
    try:
        step = next(steps)
        while True:
            try:
                outcome = await step(transport)
            except BaseException as error:
                step = steps.throw(error)
            else:
                step = steps.send(outcome)
    except StopIteration as stop:
        return cast(Result, stop.value)


# The steps there are. Each is performed by the transport's method of its name.


def exchange(method: Any, requests: Any, timeout_seconds: float | None, metadata: Any) -> Step:
    """A call that answers one message; answers a Reply. `requests`: the message, or an iterable of a request
    stream's."""
    return lambda transport: transport.exchange(method, requests, timeout_seconds, metadata)


def open_stream(method: Any, requests: Any, timeout_seconds: float | None, metadata: Any) -> Step:
    """Begins a call that answers a stream, and answers it. Failures show at the first message."""
    return lambda transport: transport.open_stream(method, requests, timeout_seconds, metadata)


def read_stream(stream: Any) -> Step:
    """The stream's next message; None at its end."""
    return lambda transport: transport.read_stream(stream)


def ray_of_stream(stream: Any) -> Step:
    """The ray id in the stream's headers; call it when a message has come."""
    return lambda transport: transport.ray_of_stream(stream)


def reconnect(profile: Any) -> Step:
    """Later calls go by a new channel with this profile's certificate; those in flight end on the old one."""
    return lambda transport: transport.reconnect(profile)


def sleep(seconds: float) -> Step:
    """Waits."""
    return lambda transport: transport.sleep(seconds)


def blocking(function: Callable[..., Any], *args: Any) -> Step:
    """Runs what blocks (files, cryptography): here in the sync client, in a thread in the asyncio one."""
    work = partial(function, *args)
    return lambda transport: transport.blocking(work)


def acquire(lock: Any) -> Step:
    """Takes a lock that the transport made; release it with `lock.release()`."""
    return lambda transport: transport.acquire(lock)


def at_once(works: Iterator[Steps[Any]], parallel: int) -> Step:
    """Performs several works' steps, so many works at once, in threads or tasks; answers nothing. Where one fails no
    further one is begun, and its error is raised when those underway have ended. To take the next one may block."""
    return lambda transport: transport.at_once(works, parallel)
