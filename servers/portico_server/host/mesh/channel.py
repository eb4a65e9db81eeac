"""The mesh channel: the face of a `grpc.aio.Channel`, so that generated stubs work on it unchanged."""

from __future__ import annotations

from collections.abc import AsyncIterable, Callable, Iterable
from typing import Any, Protocol

import grpc

from portico_server.host.adapter.status import outcome_of
from portico_server.host.mesh.messages import Deserialize, Serialize
from portico_server.host.mesh.outgoing import NoCaller, Outgoing, Sender
from portico_server.platform.errors import ApiError

Metadata = Iterable[tuple[str, Any]]
Start = Callable[[Any, Outgoing], Any]
"""Starts a call with its request, or with its requests (None: they are written), and gives what the caller holds."""


class Way(Protocol):
    """How calls to some services go."""

    def method(self, path: str, kind: str, serialize: Serialize | None, deserialize: Deserialize | None) -> Start:
        """How a method of a kind (`unary_unary`, …) is called."""
        ...


class Method:
    """One method as a stub calls it: grpcio's multicallable, of any kind."""

    def __init__(self, sender: Sender, find: Callable[[], Start]) -> None:
        self._sender = sender
        self._find = find
        self._start: Start | None = None

    def begin(
        self,
        request: Any,
        timeout: float | None,
        metadata: Metadata | None,
        credentials: Any,
        wait_for_ready: bool | None,
        compression: grpc.Compression | None,
    ) -> Any:
        if credentials is not None:
            raise ValueError("the mesh says itself who calls: call credentials cannot be given")
        if compression is not None and not isinstance(compression, grpc.Compression):
            raise TypeError(f"compression is one of grpc.Compression, not {compression!r}")
        if self._start is None:
            self._start = self._find()
        try:
            outgoing = self._sender.outgoing(timeout, metadata, wait_for_ready, compression)
        except NoCaller:
            raise _no_caller() from None
        return self._start(request, outgoing)


class _OneRequest(Method, grpc.aio.UnaryUnaryMultiCallable, grpc.aio.UnaryStreamMultiCallable):  # type: ignore[misc]
    def __call__(
        self,
        request: Any,
        *,
        timeout: float | None = None,
        metadata: Metadata | None = None,
        credentials: Any = None,
        wait_for_ready: bool | None = None,
        compression: grpc.Compression | None = None,
    ) -> Any:
        return self.begin(request, timeout, metadata, credentials, wait_for_ready, compression)


class _SeveralRequests(Method, grpc.aio.StreamUnaryMultiCallable, grpc.aio.StreamStreamMultiCallable):  # type: ignore[misc]
    def __call__(
        self,
        request_iterator: AsyncIterable[Any] | Iterable[Any] | None = None,
        timeout: float | None = None,
        metadata: Metadata | None = None,
        credentials: Any = None,
        wait_for_ready: bool | None = None,
        compression: grpc.Compression | None = None,
    ) -> Any:
        return self.begin(request_iterator, timeout, metadata, credentials, wait_for_ready, compression)


def _of_kind(kind: str, make: type[Method]) -> Any:
    """The channel's method that gives multicallables of a kind."""

    def multicallable(
        self: MeshChannel,
        method: str,
        request_serializer: Serialize | None = None,
        response_deserializer: Deserialize | None = None,
        _registered_method: bool | None = False,
    ) -> Any:
        return make(self._sender, self._finder(kind, method, request_serializer, response_deserializer))

    return multicallable


class MeshChannel(grpc.aio.Channel):  # type: ignore[misc]
    """`way_to` answers how calls to a service (full name) go; it is asked at a method's first call, when all is up."""

    unary_unary = _of_kind("unary_unary", _OneRequest)
    unary_stream = _of_kind("unary_stream", _OneRequest)
    stream_unary = _of_kind("stream_unary", _SeveralRequests)
    stream_stream = _of_kind("stream_stream", _SeveralRequests)

    def __init__(self, sender: Sender, way_to: Callable[[str], Way]) -> None:
        self._sender = sender
        self._way_to = way_to

    async def __aenter__(self) -> MeshChannel:
        return self

    async def __aexit__(self, *exception: object) -> None:
        """The channel is the platform's, and lives as long."""

    async def close(self, grace: float | None = None) -> None:
        """The channel is the platform's, and lives as long."""

    def get_state(self, try_to_connect: bool = False) -> grpc.ChannelConnectivity:
        return grpc.ChannelConnectivity.READY

    async def wait_for_state_change(self, last_observed_state: grpc.ChannelConnectivity) -> None:
        """Raises NotImplementedError: behind this channel are many, with no state in common."""
        raise NotImplementedError("a mesh channel has no state of its own; health tells of services")

    async def channel_ready(self) -> None:
        """It always is; what cannot be reached says so when it is called."""

    def _finder(
        self, kind: str, method: str, serialize: Serialize | None, deserialize: Deserialize | None
    ) -> Callable[[], Start]:
        service = method[1:].rpartition("/")[0]
        return lambda: self._way_to(service).method(method, kind, serialize, deserialize)


def failed(error: ApiError) -> grpc.aio.AioRpcError:
    """The exception of a call that failed before it left."""
    outcome = outcome_of(error, "")
    trailing = grpc.aio.Metadata(("grpc-status-details-bin", outcome.details))
    return grpc.aio.AioRpcError(outcome.code, grpc.aio.Metadata(), trailing, outcome.message, outcome.message)


def _no_caller() -> grpc.aio.AioRpcError:
    return failed(
        ApiError(
            grpc.StatusCode.UNAUTHENTICATED,
            "NO_CALLER",
            "nobody's call is being served here, so there is nobody to call for; background work, and what outlives a "
            "call, calls by the product's own_channel",
        )
    )
