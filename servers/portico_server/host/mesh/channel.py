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

    def begin(self, request: Any, timeout: float | None, metadata: Metadata | None, credentials: Any) -> Any:
        if credentials is not None:
            raise ValueError("the mesh says itself who calls: call credentials cannot be given")
        if self._start is None:
            self._start = self._find()
        try:
            outgoing = self._sender.outgoing(timeout, metadata)
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
        compression: Any = None,
    ) -> Any:
        return self.begin(request, timeout, metadata, credentials)


class _SeveralRequests(Method, grpc.aio.StreamUnaryMultiCallable, grpc.aio.StreamStreamMultiCallable):  # type: ignore[misc]
    def __call__(
        self,
        request_iterator: AsyncIterable[Any] | Iterable[Any] | None = None,
        timeout: float | None = None,
        metadata: Metadata | None = None,
        credentials: Any = None,
        wait_for_ready: bool | None = None,
        compression: Any = None,
    ) -> Any:
        return self.begin(request_iterator, timeout, metadata, credentials)


class MeshChannel(grpc.aio.Channel):  # type: ignore[misc]
    """`way_to` answers how calls to a service (full name) go; it is asked at a method's first call, when all is up."""

    def __init__(self, sender: Sender, way_to: Callable[[str], Way]) -> None:
        self._sender = sender
        self._way_to = way_to

    def unary_unary(
        self,
        method: str,
        request_serializer: Serialize | None = None,
        response_deserializer: Deserialize | None = None,
        _registered_method: bool | None = False,
    ) -> Any:
        return _OneRequest(self._sender, self._finder("unary_unary", method, request_serializer, response_deserializer))

    def unary_stream(
        self,
        method: str,
        request_serializer: Serialize | None = None,
        response_deserializer: Deserialize | None = None,
        _registered_method: bool | None = False,
    ) -> Any:
        finder = self._finder("unary_stream", method, request_serializer, response_deserializer)
        return _OneRequest(self._sender, finder)

    def stream_unary(
        self,
        method: str,
        request_serializer: Serialize | None = None,
        response_deserializer: Deserialize | None = None,
        _registered_method: bool | None = False,
    ) -> Any:
        finder = self._finder("stream_unary", method, request_serializer, response_deserializer)
        return _SeveralRequests(self._sender, finder)

    def stream_stream(
        self,
        method: str,
        request_serializer: Serialize | None = None,
        response_deserializer: Deserialize | None = None,
        _registered_method: bool | None = False,
    ) -> Any:
        finder = self._finder("stream_stream", method, request_serializer, response_deserializer)
        return _SeveralRequests(self._sender, finder)

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
