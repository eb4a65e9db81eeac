"""What is sent back by grpc.aio: initial metadata, messages, and how the call ended."""

from __future__ import annotations

from typing import Any

import grpc

from portico_server.host.adapter.compression import response_encoding
from portico_server.host.adapter.exchange import ClientDisconnected, Exchange
from portico_server.host.adapter.frames import HEADER_BYTES
from portico_server.host.adapter.metadata import Metadata, Metadatum
from portico_server.host.adapter.status import DETAILS, Outcome, bounded
from portico_server.platform.call import Call

_NO_MESSAGE = b"\x0f"
"""What no message's bytes are (a tag of wire type 7): the transcoder cannot read it and resets its client's stream.
grpc.aio can reset none, and a REST client, which sees no status behind the messages, would take them for the whole."""


_CONTENT_LENGTH = {"content-length": "x-portico-content-length"}
"""gRPC's core drops this header, which a transcoded download has; the front's Envoy gives it its own name again, as it
does for processes behind it (`envoy/headers.py`)."""


class PlainResponses:
    """The response of one call; `grpc_context` is its `grpc.aio.ServicerContext`."""

    __slots__ = ("_exchange", "_grpc_context", "_initial", "_payload", "_writing", "call", "compress_next", "started")

    def __init__(self, exchange: Exchange, grpc_context: Any) -> None:
        self._exchange = exchange
        self._grpc_context = grpc_context
        self._initial: Metadata = ()
        self._payload = b""  # the one message of a response that is not a stream
        self._writing = False
        self.compress_next = True
        self.started = False
        self.call: Call | None = None

    def add_initial_metadata(self, entries: Metadata) -> None:
        self._initial += entries

    def compress_with(self, compression: grpc.Compression) -> None:
        if response_encoding(compression, self._exchange.headers):
            self._grpc_context.set_compression(compression)

    async def start(self) -> None:
        if not self.started and not self._exchange.transcoded:
            await self._begin()

    async def put(self, payload: bytes) -> None:
        self._about_to_send(payload)
        self._payload = payload

    async def write(self, payload: bytes) -> None:
        if self._exchange.disconnected or self._exchange.done:
            raise ClientDisconnected
        if self._writing:
            raise RuntimeError("one response message can be written at a time")
        self._writing = True
        try:
            if not self.started:
                await self._begin()
            self._about_to_send(payload)
            await self._grpc_context.write(payload)
        finally:
            self._writing = False

    async def finish(self, outcome: Outcome) -> bytes:
        """Tells how the call ended; what it answers is the handler's to return where the response is one message.

        An error is raised to grpc.aio, which sends it in the headers (trailers-only) where nothing has left. Where a
        transcoded response is broken off, the client's stream is reset.
        """
        if outcome.ok:
            if not self.started:
                await self._begin()
            self._grpc_context.set_trailing_metadata(_plain(outcome.metadata))
            return self._payload
        trailing = outcome.metadata
        if outcome.details:
            trailing += (Metadatum(DETAILS, outcome.details),)
        if not self.started:
            trailing += self._initial + self._answered_headers()
        elif self._exchange.transcoded:
            await self._grpc_context.write(_NO_MESSAGE)
        await self._grpc_context.abort(outcome.code, bounded(outcome.message), _plain(trailing))
        raise AssertionError("abort raises")

    async def _begin(self) -> None:
        self.started = True
        await self._grpc_context.send_initial_metadata(_plain(self._initial + self._answered_headers()))

    def _answered_headers(self) -> Metadata:
        return tuple(Metadatum(*entry) for entry in self.call.response_headers) if self.call is not None else ()

    def _about_to_send(self, payload: bytes) -> None:
        if not self.compress_next:
            self._grpc_context.disable_next_message_compression()
        self.compress_next = True
        if self.call is not None:
            self.call.sent_bytes += HEADER_BYTES + len(payload)


def _plain(entries: Metadata) -> tuple[tuple[str, str | bytes], ...]:
    """As gRPC's core takes it."""
    return tuple((_CONTENT_LENGTH.get(key, key), value) for key, value in entries)
