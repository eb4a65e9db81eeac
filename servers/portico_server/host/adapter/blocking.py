"""Handlers that are not async, as some stock servicers have them: each call runs in a thread of a bounded pool.

Products write async ones; a call that waits here holds a thread.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, NoReturn

import grpc

from portico_server.host.adapter.context import Context, MetadataLike
from portico_server.host.adapter.messages import END, Messages

Serve = Callable[[Any, Any], Any]

_THREADS = 64
_pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="portico-blocking")


def in_thread(serve: Serve, *, request_streaming: bool, response_streaming: bool) -> Serve:
    """The handler as a coroutine function or, where it streams its responses, an async generator function."""

    async def start(requests: Any, context: Context) -> Any:
        loop = asyncio.get_running_loop()
        request = _RequestIterator(requests, loop) if request_streaming else requests
        return await _run(serve, request, BlockingContext(context, loop))

    async def stream(requests: Any, context: Context) -> AsyncIterator[Any]:
        responses = iter(await start(requests, context))
        try:
            while (response := await _run(next, responses, END)) is not END:
                yield response
        finally:
            _pool.submit(_close, responses)

    return stream if response_streaming else start


async def _run(function: Callable[..., Any], *arguments: Any) -> Any:
    context = contextvars.copy_context()
    return await asyncio.get_running_loop().run_in_executor(_pool, partial(context.run, function, *arguments))


def _close(iterator: Iterator[Any]) -> None:
    close = getattr(iterator, "close", None)
    if close is not None:
        with contextlib.suppress(ValueError):  # it still runs, and sees that its call is over
            close()


class _RequestIterator:
    """A stream's request messages, for a thread."""

    def __init__(self, requests: Messages, loop: asyncio.AbstractEventLoop) -> None:
        self._requests = requests
        self._loop = loop

    def __iter__(self) -> _RequestIterator:
        return self

    def __next__(self) -> Any:
        message = asyncio.run_coroutine_threadsafe(self._requests.next(), self._loop).result()
        if message is END:
            raise StopIteration
        return message


@grpc.ServicerContext.register
class BlockingContext:
    """The `grpc.ServicerContext` that such handlers see."""

    def __init__(self, context: Context, loop: asyncio.AbstractEventLoop) -> None:
        self._context = context
        self._loop = loop
        self.invocation_metadata = context.invocation_metadata
        self.set_trailing_metadata = context.set_trailing_metadata
        self.trailing_metadata = context.trailing_metadata
        self.set_code = context.set_code
        self.code = context.code
        self.set_details = context.set_details
        self.details = context.details
        self.set_compression = context.set_compression
        self.disable_next_message_compression = context.disable_next_message_compression
        self.peer = context.peer
        self.peer_identities = context.peer_identities
        self.peer_identity_key = context.peer_identity_key
        self.auth_context = context.auth_context
        self.time_remaining = context.time_remaining

    def abort(self, code: grpc.StatusCode, details: str, trailing_metadata: MetadataLike | None = None) -> NoReturn:
        self._context.end_with(code, details, trailing_metadata)

    def abort_with_status(self, status: grpc.Status) -> NoReturn:
        self._context.end_with(status.code, status.details, status.trailing_metadata)

    def send_initial_metadata(self, initial_metadata: Iterable[tuple[str, str | bytes]]) -> None:
        sent = self._context.send_initial_metadata(initial_metadata)
        asyncio.run_coroutine_threadsafe(sent, self._loop).result()

    def is_active(self) -> bool:
        return not (self._context.done() or self._context.cancelled())

    def cancel(self) -> None:
        self._loop.call_soon_threadsafe(self._context.cancel)

    def add_callback(self, callback: Callable[[], None]) -> bool:
        if not self.is_active():
            return False
        self._context.add_done_callback(lambda _: callback())
        return True
