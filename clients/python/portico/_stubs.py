"""Generated stubs on a client: what they ask of a `grpc.Channel`, answered by calls of the client's own making."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from typing import Any

from portico._methods import Method, lookup
from portico._session import Session
from portico._steps import Steps, run, run_async

Metadata = Sequence[tuple[str, str | bytes]]


class _AnyChannel:
    """The four kinds of calls that a generated stub makes; each answers a function of (request, timeout, metadata)."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def unary_unary(self, path: str, *_: Any, **__: Any) -> Callable[..., Any]:
        return self._single(lookup(path))

    def stream_unary(self, path: str, *_: Any, **__: Any) -> Callable[..., Any]:
        return self._single(lookup(path))

    def unary_stream(self, path: str, *_: Any, **__: Any) -> Callable[..., Any]:
        return self._many(lookup(path))

    def stream_stream(self, path: str, *_: Any, **__: Any) -> Callable[..., Any]:
        return self._many(lookup(path))

    def _single(self, called: Method[Any]) -> Callable[..., Any]:
        raise NotImplementedError

    def _many(self, called: Method[Any]) -> Callable[..., Any]:
        raise NotImplementedError

    def _one(self, called: Method[Any], requests: Any, timeout: float | None, metadata: Metadata) -> Steps[Any]:
        session = self._session.with_metadata(metadata)
        if called.request_streaming:
            seconds = session.options.transfer_timeout_seconds if timeout is None else timeout
            return session.exchange(called, requests, seconds, repeatable=False)
        return (session if timeout is None else session.with_options(timeout_seconds=timeout)).call(called, requests)

    def _stream(self, called: Method[Any], requests: Any, timeout: float | None, metadata: Metadata) -> Steps[Any]:
        session = self._session.with_metadata(metadata)
        if timeout is not None:
            session = session.with_options(transfer_timeout_seconds=timeout)
        return session.stream(called, requests, repeatable=called.repeatable and not called.request_streaming)


class StubChannel(_AnyChannel):
    """For the client for threads: calls block, streams are iterators."""

    def _single(self, called: Method[Any]) -> Callable[..., Any]:
        def call(requests: Any, timeout: float | None = None, metadata: Metadata = ()) -> Any:
            return run(self._one(called, requests, timeout, metadata), self._session.transport)

        return call

    def _many(self, called: Method[Any]) -> Callable[..., Iterator[Any]]:
        def call(requests: Any, timeout: float | None = None, metadata: Metadata = ()) -> Iterator[Any]:
            transport = self._session.transport
            stream = run(self._stream(called, requests, timeout, metadata), transport)
            try:
                while (message := run(stream.read(), transport)) is not None:
                    yield message
            finally:
                stream.close()

        return call


class AsyncStubChannel(_AnyChannel):
    """For the client for asyncio: calls are awaited, streams are asynchronous iterators."""

    def _single(self, called: Method[Any]) -> Callable[..., Awaitable[Any]]:
        async def call(requests: Any, timeout: float | None = None, metadata: Metadata = ()) -> Any:
            return await run_async(self._one(called, requests, timeout, metadata), self._session.transport)

        return call

    def _many(self, called: Method[Any]) -> Callable[..., AsyncIterator[Any]]:
        async def call(requests: Any, timeout: float | None = None, metadata: Metadata = ()) -> AsyncIterator[Any]:
            transport = self._session.transport
            stream = await run_async(self._stream(called, requests, timeout, metadata), transport)
            try:
                while (message := await run_async(stream.read(), transport)) is not None:
                    yield message
            finally:
                stream.close()

        return call
