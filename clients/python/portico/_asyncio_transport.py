"""Performs steps in an asyncio event loop, on a `grpc.aio.Channel`. For one loop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import grpc
import grpc.aio

from portico._asyncio_status import Ending
from portico._channels import Reply, credentials, options
from portico._failures import error_of, ray_of
from portico._methods import Method
from portico._steps import Steps, run_async
from portico.profiles import Profile


class AsyncioTransport:
    """The asyncio client's way to a platform. The channel is opened by the first call, in that call's loop."""

    def __init__(self, profile: Profile) -> None:
        self._profile = profile
        self._channels: list[Any] = []
        self._calls: dict[str, Any] = {}

    def lock(self) -> asyncio.Lock:
        return asyncio.Lock()

    async def exchange(self, method: Method[Any], requests: Any, seconds: float | None, metadata: Any) -> Reply[Any]:
        feed = _Feed(requests)
        given = feed.messages() if method.request_streaming else requests
        call = self._call(method)(given, timeout=seconds, metadata=metadata)
        ending = Ending(call) if method.request_streaming else None
        try:
            message = await call
            headers, trailers = await call.initial_metadata(), await call.trailing_metadata()
        except grpc.aio.AioRpcError as failure:
            raise feed.error or (ending.error_of(failure) if ending else error_of(failure)) from None
        except asyncio.CancelledError:
            if feed.error is None:
                raise
            raise feed.error from None
        return Reply.of(message, headers, trailers)

    async def open_stream(self, method: Method[Any], requests: Any, seconds: float | None, metadata: Any) -> Any:
        return self._call(method)(requests, timeout=seconds, metadata=metadata)

    async def read_stream(self, stream: Any) -> Any:
        try:
            message = await stream.read()
        except grpc.aio.AioRpcError as failure:
            raise error_of(failure) from None
        return None if message is grpc.aio.EOF else message

    async def ray_of_stream(self, stream: Any) -> str:
        return ray_of(await stream.initial_metadata())

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def blocking(self, work: Callable[[], Any]) -> Any:
        return await asyncio.to_thread(work)

    async def at_once(self, works: Iterator[Steps[Any]], parallel: int) -> None:
        taking = asyncio.Lock()
        failures: list[Exception] = []

        async def worker() -> None:
            try:
                while True:
                    async with taking:
                        work = None if failures else await asyncio.to_thread(next, works, None)
                    if work is None:
                        return
                    await run_async(work, self)
            except Exception as error:
                failures.append(error)

        async with asyncio.TaskGroup() as group:
            for _ in range(parallel):
                group.create_task(worker())
        if failures:
            raise failures[0]

    async def acquire(self, lock: asyncio.Lock) -> None:
        await lock.acquire()

    async def reconnect(self, profile: Profile) -> None:
        """Calls in flight keep the channel before; it is closed with the client."""
        self._profile = profile
        self._channels.append(self._new_channel())
        self._calls = {}

    async def close(self) -> None:
        for channel in self._channels:
            await channel.close()

    def _new_channel(self) -> Any:
        return grpc.aio.secure_channel(
            self._profile.address, credentials(self._profile), options=options(self._profile)
        )

    def _call(self, method: Method[Any]) -> Any:
        if (found := self._calls.get(method.path)) is None:
            if not self._channels:
                self._channels.append(self._new_channel())
            channel = self._channels[-1]
            kinds = (channel.unary_unary, channel.unary_stream, channel.stream_unary, channel.stream_stream)
            kind = kinds[2 * method.request_streaming + method.response_streaming]
            found = kind(
                method.path,
                request_serializer=method.request_type.SerializeToString,
                response_deserializer=method.response_type.FromString,
            )
            self._calls[method.path] = found
        return found


class _Feed:
    """Gives gRPC the messages of a request stream and keeps the source's own error (gRPC then cancels the call)."""

    def __init__(self, requests: Any) -> None:
        self._requests = requests
        self.error: BaseException | None = None

    async def messages(self) -> AsyncIterator[Any]:
        try:
            if hasattr(self._requests, "__aiter__"):
                async for message in self._requests:
                    yield message
            else:
                for message in self._requests:
                    yield message
        except Exception as error:
            self.error = error
            raise
