"""What the caller holds of a call within the process: the faces of grpc.aio's four kinds of calls.

Where they differ from a call over a socket, they are wrong: tests/contract/mesh holds all ways to the same.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterable, AsyncIterator, Callable, Generator, Iterable
from typing import Any

import grpc

from portico_server.host.adapter.messages import END
from portico_server.host.adapter.status import Outcome
from portico_server.host.mesh.local.call import GIVEN_UP, LocalCall
from portico_server.host.mesh.messages import size_bytes

_log = logging.getLogger(__name__)

DoneCallback = Callable[[Any], None]

_STYLES = "The iterator and read/write APIs may not be mixed on a single RPC."


class _Call(grpc.aio.Call):  # type: ignore[misc]  # grpcio has no types
    """What all four have. The methods' meaning is grpcio's."""

    def __init__(self, begun: LocalCall) -> None:
        self._begun = begun
        self._responses = begun.responses

    def __del__(self) -> None:
        if hasattr(self, "_responses") and self._responses.outcome is None:
            self._begun.cancel()

    def done(self) -> bool:
        return self._responses.outcome is not None

    def cancelled(self) -> bool:
        outcome = self._responses.outcome
        return outcome is not None and outcome.code is grpc.StatusCode.CANCELLED

    def cancel(self) -> bool:
        if self._responses.outcome is not None:
            return False
        self._begun.cancel()
        return True

    def time_remaining(self) -> float | None:
        remaining: float | None = self._begun.context.time_remaining()
        return remaining

    def add_done_callback(self, callback: DoneCallback) -> None:
        self._responses.when_finished(lambda: callback(self))

    async def initial_metadata(self) -> Any:
        if self._responses.initial is None:
            await asyncio.shield(self._responses.begun)
        return self._responses.initial

    async def trailing_metadata(self) -> Any:
        await self._outcome()
        return self._responses.trailing

    async def code(self) -> grpc.StatusCode:
        return (await self._outcome()).code

    async def details(self) -> str:
        return (await self._outcome()).message

    async def debug_error_string(self) -> str:
        return await self.details()

    async def wait_for_connection(self) -> None:
        """There is none to wait for."""
        if self.done():
            self._raise_for_status()

    async def _outcome(self) -> Outcome:
        if self._responses.outcome is None:
            await asyncio.shield(self._responses.finished)
        assert self._responses.outcome is not None
        return self._responses.outcome

    def _raise_for_status(self) -> None:
        responses = self._responses
        outcome = responses.outcome
        assert outcome is not None
        if outcome is GIVEN_UP:
            raise asyncio.CancelledError
        if not outcome.ok:
            initial, trailing = responses.initial, responses.trailing
            raise grpc.aio.AioRpcError(outcome.code, initial, trailing, outcome.message, outcome.message)


class _SingleResponse(_Call):
    def __await__(self) -> Generator[Any, None, Any]:
        if self._responses.outcome is None:
            try:
                yield from self._responses.finished
            except asyncio.CancelledError:
                self.cancel()
                raise
        self._raise_for_status()
        return self._responses.message


class _SeveralResponses(_Call):
    _reads: bool | None = None

    def __aiter__(self) -> AsyncIterator[Any]:
        self._style(reads=False)
        return _Iterator(self)

    async def read(self) -> Any:
        self._style(reads=True)
        return await self.next()

    async def next(self) -> Any:
        """The next response or END. Raises AioRpcError where the call did not end well."""
        responses = self._responses
        assert responses.pipe is not None
        try:
            message = await responses.pipe.get()
            if message is END and responses.outcome is None:
                await responses.finished
        except asyncio.CancelledError:
            self.cancel()
            raise
        if message is END:
            self._raise_for_status()
        return message

    def _style(self, *, reads: bool) -> None:
        if self._reads not in (None, reads):
            raise grpc.aio.UsageError(_STYLES)
        self._reads = reads


class _Iterator:
    """Not a generator: it and the call would keep one another alive, and with them what nobody reads any more."""

    __slots__ = ("_call",)

    def __init__(self, call: _SeveralResponses) -> None:
        self._call = call

    def __aiter__(self) -> _Iterator:
        return self

    async def __anext__(self) -> Any:
        message = await self._call.next()
        if message is END:
            raise StopAsyncIteration
        return message


class _SeveralRequests(_Call):
    """Written by `write`, or taken from an iterator by a task that belongs to the call."""

    def __init__(self, begun: LocalCall, requests: AsyncIterable[Any] | Iterable[Any] | None) -> None:
        super().__init__(begun)
        self._done_writing = False
        self._written = requests is None
        if requests is not None:
            poller = asyncio.ensure_future(_take(begun, requests))
            self._responses.when_finished(poller.cancel)

    async def write(self, request: Any) -> None:
        self._check_style()
        if self.done():
            raise asyncio.InvalidStateError("RPC already finished.")
        if self._done_writing:
            raise asyncio.InvalidStateError('RPC is half closed after calling "done_writing".')
        try:
            await _put(self._begun, request)
        except asyncio.CancelledError:
            self.cancel()
            raise
        if self.done():
            self._raise_for_status()

    async def done_writing(self) -> None:
        self._check_style()
        self._done_writing = True
        assert self._begun.pipe is not None
        self._begun.pipe.end()

    def _check_style(self) -> None:
        if not self._written:
            raise grpc.aio.UsageError(_STYLES)


async def _put(begun: LocalCall, request: Any) -> None:
    moved = begun.target.requests.moved(request)
    assert begun.pipe is not None
    await begun.pipe.put(moved, size_bytes(moved))


async def _take(begun: LocalCall, requests: AsyncIterable[Any] | Iterable[Any]) -> None:
    """Hands on what an iterator gives. One that raises cancels the call, as grpcio has it."""
    try:
        if isinstance(requests, AsyncIterable):
            async for request in requests:
                await _put(begun, request)
        else:
            for request in requests:
                await _put(begun, request)
    except asyncio.CancelledError:
        raise
    except Exception:
        _log.exception("the requests of a call to %s cannot be had", begun.call.method.path)
        begun.cancel()
        return
    assert begun.pipe is not None
    begun.pipe.end()


class LocalUnaryUnary(_SingleResponse, grpc.aio.UnaryUnaryCall):  # type: ignore[misc]
    """One request, one response."""


class LocalUnaryStream(_SeveralResponses, grpc.aio.UnaryStreamCall):  # type: ignore[misc]
    """One request, several responses."""


class LocalStreamUnary(_SeveralRequests, _SingleResponse, grpc.aio.StreamUnaryCall):  # type: ignore[misc]
    """Several requests, one response."""


class LocalStreamStream(_SeveralRequests, _SeveralResponses, grpc.aio.StreamStreamCall):  # type: ignore[misc]
    """Several requests, several responses."""
