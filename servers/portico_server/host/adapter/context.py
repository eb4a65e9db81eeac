"""The `grpc.aio.ServicerContext` that servicers see."""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from time import perf_counter_ns
from typing import Any, NoReturn, Protocol

import grpc

from portico_server.host.adapter import metadata
from portico_server.host.adapter.exchange import Cut, Exchange
from portico_server.host.adapter.messages import Messages
from portico_server.host.adapter.status import OK, Outcome

_log = logging.getLogger(__name__)

MetadataLike = Iterable[tuple[str, str | bytes]]
DoneCallback = Callable[[Any], None]

_IDENTITY = "x509_subject_alternative_name"


class Abort(grpc.aio.AbortError):  # type: ignore[misc]  # grpcio has no types
    """A servicer ended its call with a status."""


class Responses(Protocol):
    """What is sent back, as a host does it."""

    compress_next: bool

    @property
    def started(self) -> bool:
        """Whether something has left."""
        ...

    def add_initial_metadata(self, entries: metadata.Metadata) -> None:
        """Puts metadata before the first message."""
        ...

    def compress_with(self, compression: grpc.Compression) -> None:
        """Compresses messages from here on, if the client takes it. Before anything is sent."""
        ...

    async def start(self) -> None:
        """Sends the initial metadata now. A transcoded call's waits: until its first message an error has its own HTTP
        status."""
        ...

    async def put(self, payload: bytes) -> None:
        """Keeps the one message of a response, to be sent when the call ends."""
        ...

    async def write(self, payload: bytes) -> None:
        """Sends one message of several; waits while the client is behind. Raises ClientDisconnected."""
        ...


class Context(grpc.aio.ServicerContext[Any, Any]):  # type: ignore[misc]
    """One call, as its servicer sees it; the methods' meaning is grpcio's."""

    __slots__ = (
        "_code",
        "_details",
        "_done_callbacks",
        "_trailing",
        "answer_ns",
        "answer_start_ns",
        "exchange",
        "requests",
        "responses",
        "serialize",
    )

    def __init__(
        self, exchange: Exchange, requests: Messages, responses: Responses, serialize: Callable[[Any], bytes] | None
    ) -> None:
        self.exchange = exchange
        self.requests = requests
        self.responses = responses
        self.serialize = serialize
        self._code: grpc.StatusCode | None = None
        self._details = ""
        self._trailing: metadata.Metadata = ()
        self._done_callbacks: list[DoneCallback] = []
        self.answer_start_ns = 0
        self.answer_ns = 0
        """How long serializing the answer took and handing it to Envoy, with waits for a client that reads slowly."""

    async def read(self) -> Any:
        return await self.requests.next()

    async def write(self, message: Any) -> None:
        start_ns = perf_counter_ns()
        try:
            writing = self._writing(message)
            del message  # not held while the client is slow
            await writing
        finally:
            self._answered(start_ns)

    def _writing(self, message: Any) -> Awaitable[None]:
        return self.responses.write(self.serialize(message) if self.serialize is not None else message)

    async def answer(self, message: Any) -> None:
        """Keeps the one message of a response, to be sent when the call ends."""
        start_ns = perf_counter_ns()
        await self.responses.put(self.serialize(message) if self.serialize is not None else message)
        self._answered(start_ns)

    def _answered(self, start_ns: int) -> None:
        self.answer_start_ns = self.answer_start_ns or start_ns
        self.answer_ns += perf_counter_ns() - start_ns

    async def send_initial_metadata(self, initial_metadata: MetadataLike) -> None:
        """Sends the headers. For REST they wait for the first message: an error until then can have its HTTP status."""
        if self.responses.started:
            raise RuntimeError("the initial metadata has been sent")
        self.responses.add_initial_metadata(_sendable(initial_metadata))
        await self.responses.start()

    async def abort(
        self, code: grpc.StatusCode, details: str = "", trailing_metadata: MetadataLike | None = None
    ) -> NoReturn:
        self.end_with(code, details, trailing_metadata)

    async def abort_with_status(self, status: grpc.Status) -> NoReturn:
        self.end_with(status.code, status.details, status.trailing_metadata)

    def end_with(self, code: grpc.StatusCode, details: str, trailing_metadata: MetadataLike | None) -> NoReturn:
        """Ends the call by raising Abort, which carries the status by way of this context."""
        if code is grpc.StatusCode.OK:
            raise ValueError("abort() needs a status other than OK")
        self._code, self._details = code, details
        if trailing_metadata:
            self.set_trailing_metadata(trailing_metadata)
        raise Abort(f"{code.name}: {details}")

    def set_trailing_metadata(self, trailing_metadata: MetadataLike) -> None:
        self._trailing = _sendable(trailing_metadata)

    def trailing_metadata(self) -> metadata.Metadata:
        return self._trailing

    def invocation_metadata(self) -> metadata.Metadata:
        return metadata.decode(self.exchange.scope["headers"])

    def set_code(self, code: grpc.StatusCode) -> None:
        self._code = code

    def code(self) -> grpc.StatusCode | None:
        return self._code

    def set_details(self, details: str) -> None:
        self._details = details

    def details(self) -> str:
        return self._details

    def set_compression(self, compression: grpc.Compression) -> None:
        if self.responses.started:
            raise RuntimeError("the compression must be set before the initial metadata is sent")
        self.responses.compress_with(compression)

    def disable_next_message_compression(self) -> None:
        self.responses.compress_next = False

    def peer(self) -> str:
        """`ipv4:address:port`, `ipv6:[address]:port` or, where the client has no address, `unix:`."""
        client = self.exchange.scope.get("client")
        if client is None:
            return "unix:"
        host, port = client
        return f"ipv6:[{host}]:{port}" if ":" in host else f"ipv4:{host}:{port}"

    def peer_identities(self) -> list[bytes] | None:
        """The SPIFFE id of the client's certificate."""
        call = self.requests.call
        return [call.peer.uri.encode()] if call is not None and call.peer.uri else None

    def peer_identity_key(self) -> str | None:
        return _IDENTITY if self.peer_identities() else None

    def auth_context(self) -> Mapping[str, Iterable[bytes]]:
        identities = self.peer_identities()
        return {"transport_security_type": [b"ssl"], _IDENTITY: identities} if identities else {}

    def time_remaining(self) -> float | None:
        deadline = self.exchange.deadline
        return None if deadline is None else max(0.0, deadline - time.monotonic())

    def cancel(self) -> None:
        """Ends the call as if its client had."""
        self.exchange.cancel(Cut.DISCONNECTED)

    def cancelled(self) -> bool:
        return self.exchange.cut is not None

    def done(self) -> bool:
        return self.exchange.done

    def add_done_callback(self, callback: DoneCallback) -> None:
        self._done_callbacks.append(callback)

    def outcome(self) -> Outcome:
        """How the servicer said that the call ends."""
        if self._code is None and not self._trailing:
            return OK
        return Outcome(self._code or grpc.StatusCode.OK, self._details, b"", self._trailing)

    def call_back(self) -> None:
        """Calls the done callbacks. The host does, once the call is over."""
        callbacks, self._done_callbacks = self._done_callbacks, []
        for callback in callbacks:
            try:
                callback(self)
            except Exception:
                _log.exception("a done callback of %s failed", self.exchange.scope["path"])


def _sendable(given: MetadataLike) -> metadata.Metadata:
    """What cannot be sent is refused here, with ValueError."""
    entries = tuple(metadata.Metadatum(key, value) for key, value in given)
    metadata.encode(entries)
    return entries
