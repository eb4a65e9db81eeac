"""Performs steps in the calling thread, on a `grpc.Channel`. Safe for many threads at once."""

from __future__ import annotations

import contextlib
import contextvars
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Any

import grpc

from portico._channels import Reply, credentials, options
from portico._failures import error_of, ray_of
from portico._methods import Method
from portico._steps import Steps, run
from portico.profiles import Profile


class BlockingTransport:
    """The sync client's way to a platform."""

    def __init__(self, profile: Profile) -> None:
        self._channels: list[grpc.Channel] = []
        self._calls: dict[str, Any] = {}
        self.reconnect(profile)

    def lock(self) -> threading.Lock:
        return threading.Lock()

    def exchange(self, method: Method[Any], requests: Any, seconds: float | None, metadata: Any) -> Reply[Any]:
        if method.request_streaming:
            return self._upload(method, requests, seconds, metadata)
        try:
            message, call = self._call(method).with_call(requests, timeout=seconds, metadata=metadata)
        except grpc.RpcError as failure:
            raise error_of(failure) from None
        return Reply.of(message, call.initial_metadata(), call.trailing_metadata())

    def _upload(self, method: Method[Any], requests: Any, seconds: float | None, metadata: Any) -> Reply[Any]:
        feed = _Feed(requests)
        call = self._call(method).future(feed.messages(), timeout=seconds, metadata=metadata)
        feed.attach(call)
        try:
            message = call.result()
        except grpc.FutureCancelledError:
            raise feed.error or error_of(call) from None
        except grpc.RpcError as failure:
            raise feed.error or error_of(failure) from None
        except BaseException:
            call.cancel()
            raise
        return Reply.of(message, call.initial_metadata(), call.trailing_metadata())

    def open_stream(self, method: Method[Any], requests: Any, seconds: float | None, metadata: Any) -> Any:
        messages = iter(requests) if method.request_streaming else requests
        return self._call(method)(messages, timeout=seconds, metadata=metadata)

    def read_stream(self, stream: Any) -> Any:
        try:
            return next(stream, None)
        except grpc.RpcError as failure:
            raise error_of(failure) from None

    def ray_of_stream(self, stream: Any) -> str:
        return ray_of(stream.initial_metadata())

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)

    def blocking(self, work: Callable[[], Any]) -> Any:
        return work()

    def at_once(self, works: Iterator[Steps[Any]], parallel: int) -> None:
        taking = threading.Lock()
        failures: list[BaseException] = []

        def worker() -> None:
            try:
                while True:
                    with taking:
                        work = None if failures else next(works, None)
                    if work is None:
                        return
                    run(work, self)
            except BaseException as error:
                failures.append(error)

        with ThreadPoolExecutor(parallel, thread_name_prefix="portico") as pool:
            workers = [pool.submit(contextvars.copy_context().run, worker) for _ in range(parallel)]
            try:
                wait(workers)
            except BaseException as error:
                failures.append(error)
                raise
        if failures:
            raise failures[0]

    def acquire(self, lock: threading.Lock) -> None:
        lock.acquire()

    def reconnect(self, profile: Profile) -> None:
        """Calls in flight keep the channel before; it is closed with the client."""
        channel = grpc.secure_channel(profile.address, credentials(profile), options(profile))
        self._channels.append(channel)
        self._calls = {}

    def close(self) -> None:
        for channel in self._channels:
            channel.close()

    def _call(self, method: Method[Any]) -> Any:
        calls = self._calls
        if (found := calls.get(method.path)) is None:
            channel = self._channels[-1]
            kinds = (channel.unary_unary, channel.unary_stream, channel.stream_unary, channel.stream_stream)
            kind = kinds[2 * method.request_streaming + method.response_streaming]
            found = kind(
                method.path,
                request_serializer=method.request_type.SerializeToString,
                response_deserializer=method.response_type.FromString,
            )
            calls[method.path] = found
        return found


class _Feed:
    """Gives gRPC the messages of a request stream. Should the source fail, the call is cancelled, so that the
    platform does not take the part that was sent for the whole, and the source's own error is kept."""

    def __init__(self, requests: Any) -> None:
        self._requests = requests
        self._call: Any = None
        self._attached = threading.Event()
        self.error: BaseException | None = None

    def attach(self, call: Any) -> None:
        self._call = call
        self._attached.set()

    def messages(self) -> Iterator[Any]:
        try:
            yield from self._requests
        except Exception as error:
            self.error = error
            self._attached.wait()
            with contextlib.suppress(grpc.RpcError):
                self._call.cancel()
