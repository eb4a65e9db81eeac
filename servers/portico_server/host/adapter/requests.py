"""The messages that a client sends: read from ASGI's events, bounded, decompressed, parsed, checked.

A little is read ahead, which also tells at once of a client that goes away while its servicer does something else.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any

import grpc
from google.protobuf.message import DecodeError

from portico_server.host.adapter.binding import Binding
from portico_server.host.adapter.compression import decompress, request_encoding
from portico_server.host.adapter.exchange import ClientDisconnected, Cut, Event, Exchange, Receive
from portico_server.host.adapter.frames import Frames
from portico_server.platform.call import Call
from portico_server.platform.errors import ApiError

_READ_AHEAD_BYTES = 64 * 1024
DISCARDED_BYTES = 8 * 1024 * 1024
DISCARDING_SECONDS = 1.0
"""What of a refused request is read and thrown away. It costs us what it costs its sender, and no memory."""
_UNREAD: Any = object()  # the first message, until it is read
END: Any = grpc.aio.EOF
"""What `next` answers at the end of the stream."""


class Requests:
    """The request messages of one call, one after another."""

    __slots__ = (
        "_arrival",
        "_asked",
        "_deserialize",
        "_ended",
        "_first",
        "_frames",
        "_given",
        "_limit",
        "_lost",
        "_receive",
        "_streaming",
        "_waiting",
        "awaited_since",
        "call",
        "exchange",
    )

    def __init__(self, exchange: Exchange, receive: Receive, binding: Binding, max_message_bytes: int) -> None:
        self.exchange = exchange
        self._receive = receive
        self._deserialize = binding.deserialize
        self._streaming = binding.request_streaming
        self._limit = max_message_bytes
        self._frames = Frames(max_message_bytes)
        self._first = _UNREAD
        self._given = False  # whether the first message went to the servicer
        self._asked = False  # whether an event was asked for that has not come
        self._arrival: asyncio.Future[None]  # done when it comes
        self._waiting = False  # whether somebody waits for it
        self._ended = False
        self._lost = False  # whether the client went away
        self.call: Call | None = None
        """The call that these are for, as long as it is served."""
        self.awaited_since: float | None = exchange.started
        """Since when the first message is awaited (`time.monotonic`); None once it is there, or may be late."""
        if self._streaming and binding.method.public:
            self.awaited_since = None  # nothing is decided on it

    async def first(self) -> Any:
        """The first message, parsed; the same each time.

        Raises ApiError where there is none or, in a unary request, a second one.
        """
        if self._first is _UNREAD:
            try:
                message = await self._read()
                if message is END:
                    raise _no_message(self._streaming)
                if not self._streaming:
                    await self._expect_end()
            except asyncio.CancelledError as error:
                raise self.exchange.cancellation(error) from None
            self.awaited_since = None
            self._first = message
        return self._first

    async def next(self) -> Any:
        """The next message for the servicer, or END. Later ones than the first pass the call's `checks`."""
        if not self._given:
            self._given = True
            if self._first is not _UNREAD:
                return self._first
            self.awaited_since = None
            self._first = message = await self._read()
            return message
        message = await self._read()
        if message is not END and self.call is not None:
            for check in self.call.checks:
                check(message)
        return message

    def __aiter__(self) -> Requests:
        return self

    async def __anext__(self) -> Any:
        message = await self.next()
        if message is END:
            raise StopAsyncIteration
        return message

    def probe(self) -> None:
        """Looks whether the client is still there, where nothing else would tell."""
        if not self._asked and (self._ended or self._frames.size_bytes < _READ_AHEAD_BYTES):
            self._ask()

    async def discard(self) -> None:
        """Reads what is left of the request and throws it away, before an HTTP client is told of an error; no more
        and no longer than the bounds say.

        Over HTTP/2 an answer to a request that has not ended makes Envoy reset the stream, and curl and others then
        report the reset in the place of the answer. gRPC clients do not.
        """
        self.awaited_since = None
        left, end = DISCARDED_BYTES, time.monotonic() + DISCARDING_SECONDS
        try:
            while left > 0 and not (self._ended or self._lost) and (seconds := end - time.monotonic()) > 0:
                self._frames = Frames(self._limit)
                if not self._asked:
                    self._ask()
                elif self._arrival.cancelled():
                    self._arrival = self.exchange.loop.create_future()
                await asyncio.wait((self._arrival,), timeout=seconds)
                left -= self._frames.size_bytes
        except asyncio.CancelledError as error:
            if self.exchange.cancellation(error) is error and not self._lost:
                raise

    async def _read(self) -> Any:
        frames = self._frames
        while (payload := frames.take()) is None:
            if self._ended:
                frames.finish()
                return END
            await self._fill()
        if frames.compressed:
            payload = await decompress(payload, request_encoding(self.exchange.headers), self._limit)
        if self._deserialize is None:
            return payload
        try:
            return self._deserialize(payload)
        except DecodeError as error:
            raise _malformed(self.exchange.transcoded) from error

    async def _expect_end(self) -> None:
        """Waits until the client closed its side, which of a unary request follows its one message."""
        while not self._ended and not self._frames.size_bytes:
            await self._fill()
        if self._frames.size_bytes:
            raise ApiError(
                grpc.StatusCode.UNIMPLEMENTED, "TOO_MANY_MESSAGES", "the method takes one request message; more came"
            )

    async def _fill(self) -> None:
        """Waits for the next event, which `_deliver` has taken in by then."""
        if self.exchange.disconnected:
            raise ClientDisconnected
        if self._waiting:
            raise RuntimeError("one request message can be read at a time")
        if not self._asked and not self._streaming:
            await self._fill_unary()
            return
        if not self._asked:
            self._ask()
        if self._arrival.cancelled():  # with an earlier wait
            self._arrival = self.exchange.loop.create_future()
        self._waiting = True
        try:
            await self._arrival
        finally:
            self._waiting = False

    async def _fill_unary(self) -> None:
        """The same for a request that only the call's own task reads: one turn of the event loop less."""
        self._asked = self._waiting = True
        awaited = self.exchange.awaited = self._receive()
        try:
            event = await awaited
        finally:
            self.exchange.awaited = None
            self._asked = self._waiting = False
        self._deliver(event)
        if self.exchange.disconnected:
            raise ClientDisconnected

    def _ask(self) -> None:
        """Asks for the next event; `_arrive` is called with it.

        What `receive` answers is not waited for itself: a wait may be cancelled, and pyvoy stumbles over a future
        that is.
        """
        self._asked = True
        self._arrival = self.exchange.loop.create_future()
        asyncio.ensure_future(self._receive()).add_done_callback(self._arrive)

    def _arrive(self, answer: asyncio.Future[Event]) -> None:
        arrival = self._arrival
        self._asked = False
        self._deliver(answer.result())
        if not arrival.done():
            arrival.set_result(None)

    def _deliver(self, event: Event) -> None:
        if event["type"] == "http.disconnect":
            self._lost = True
            self.exchange.cancel(Cut.DISCONNECTED)
            return
        call = self.call
        if self._ended or call is None:  # the answer to a probe, or nobody's any more
            return
        body: bytes = event.get("body", b"")
        call.received_bytes += len(body)
        self._frames.feed(body)
        self._ended = not event.get("more_body", False)
        if self.awaited_since is not None and not self._streaming:
            self.awaited_since = time.monotonic()  # a large message may take its time, as long as some of it comes
        if self._streaming and not self._ended and (self._waiting or self._frames.size_bytes < _READ_AHEAD_BYTES):
            self._ask()


def _malformed(transcoded: bool) -> ApiError:
    if transcoded:  # the transcoder writes protobuf, but takes text from paths and queries as it is
        return ApiError(
            grpc.StatusCode.INVALID_ARGUMENT, "TEXT_MALFORMED", "the path or the query is not percent-encoded UTF-8"
        )
    return ApiError(
        grpc.StatusCode.INTERNAL, "MESSAGE_MALFORMED", "a request message is not the protobuf that it should be"
    )


def _no_message(streaming: bool) -> ApiError:
    if streaming:
        return ApiError(
            grpc.StatusCode.INVALID_ARGUMENT,
            "FIRST_MESSAGE_MISSING",
            "the stream ended without a message; the first one says what the call is about",
        )
    return ApiError(
        grpc.StatusCode.UNIMPLEMENTED,
        "NO_MESSAGE",
        "the method takes one request message; the request ended without it",
    )
