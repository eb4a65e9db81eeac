"""What is sent back: headers, messages and trailers, as ASGI's events.

Small messages of a stream are gathered until the event loop turns or there are enough for one event; what Envoy has not
taken yet is bounded, so that a slow client holds its servicer back.

`send`, as pyvoy has it, acts when it is called. What it returns tells when Envoy took the event, and is watched, never
awaited: it fails with one exception object that all lost clients share, and which would keep alive the frames of every
place that raises it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any

import grpc

from portico_server.host.adapter import frames, metadata
from portico_server.host.adapter.compression import ACCEPTED, compress, response_encoding
from portico_server.host.adapter.exchange import ClientDisconnected, Cut, Event, Exchange, Send
from portico_server.host.adapter.status import Outcome
from portico_server.platform.call import Call

_GATHER_BYTES = 32 * 1024  # sent at once where so much is ready
_UNCOPIED_BYTES = 128 * 1024  # a message of this size is an event of its own, not joined with others
_IN_FLIGHT_BYTES = 256 * 1024  # a servicer waits while Envoy has so much still to take
_UNBROKEN_MESSAGES = 64  # after so many the event loop gets a turn
_TRANSCODED_HEADERS = ((b"content-type", b"application/grpc"),)
_HEADERS = (*_TRANSCODED_HEADERS, (b"grpc-accept-encoding", ACCEPTED))


class StreamReset(Exception):
    """Raised out of the application, so that Envoy resets the stream: what the client has is not the whole."""


class Responses:
    """The response of one call."""

    __slots__ = (
        "_encoding",
        "_exchange",
        "_in_flight",
        "_in_flight_bytes",
        "_initial",
        "_parts",
        "_scheduled",
        "_send",
        "_size_bytes",
        "_unbroken",
        "_waiter",
        "call",
        "compress_next",
        "started",
    )

    def __init__(self, exchange: Exchange, send: Send) -> None:
        self._exchange = exchange
        self._send = send
        self._parts: list[bytes] = []  # frames that are not sent yet
        self._size_bytes = 0
        self._in_flight: deque[int] = deque()  # sizes of the events that Envoy has not taken yet
        self._in_flight_bytes = 0
        self._waiter: asyncio.Future[None] | None = None
        self._scheduled = False
        self._unbroken = 0
        self._initial: metadata.Headers = []
        self._encoding = b""
        self.compress_next = True
        self.started = False
        """Whether something has left; errors before that are trailers-only."""
        self.call: Call | None = None

    def add_initial_metadata(self, entries: metadata.Metadata) -> None:
        """Puts headers before the first message."""
        self._initial += metadata.encode(entries)

    def compress_with(self, compression: grpc.Compression) -> None:
        """Compresses messages from here on, if the client takes it. Before anything is sent."""
        self._encoding = response_encoding(compression, self._exchange.headers)

    async def start(self) -> None:
        """Sends the headers now. A transcoded call's wait: until its first message an error has its own HTTP status."""
        if not self.started and not self._exchange.transcoded:
            self._begin(trailers=True)
            self._emit(b"")

    async def put(self, payload: bytes) -> None:
        """Frames one message and keeps it, to be sent by `write` or `finish`."""
        flag = 0
        if self._encoding and self.compress_next:
            payload, flag = await compress(payload, self._encoding), 1
        self.compress_next = True
        size = frames.HEADER_BYTES + len(payload)
        self._size_bytes += size
        self._parts += (frames.header(flag, len(payload)), payload)
        if self.call is not None:
            self.call.sent_bytes += size

    async def write(self, payload: bytes) -> None:
        """Sends one message of several; waits while the client is behind. Raises ClientDisconnected."""
        if self._exchange.disconnected or self._exchange.done:
            raise ClientDisconnected
        if self._in_flight_bytes >= _IN_FLIGHT_BYTES:
            await self._taken()
        elif self._unbroken >= _UNBROKEN_MESSAGES:
            self._unbroken = 0
            await asyncio.sleep(0)
        self._unbroken += 1
        await self.put(payload)
        if self._size_bytes >= _GATHER_BYTES:
            self._push()
            if self._exchange.disconnected:
                raise ClientDisconnected
        elif not self._scheduled:
            self._scheduled = True
            self._exchange.loop.call_soon(self._turn)

    async def write_large(self, head: bytes, data: bytes) -> None:
        """As `write`, of a message that ends with `data`, which is not copied."""
        if self._encoding and self.compress_next:
            await self.write(head + data)
            return
        if self._exchange.disconnected or self._exchange.done:
            raise ClientDisconnected
        self.compress_next = True
        length = len(head) + len(data)
        self._parts += (frames.header(0, length), head, data)
        del data
        if self.call is not None:
            self.call.sent_bytes += frames.HEADER_BYTES + length
        self._push()
        if self._in_flight_bytes >= _IN_FLIGHT_BYTES:  # now, where nothing of it is held any more
            await self._taken()
        if self._exchange.disconnected:
            raise ClientDisconnected

    def finish(self, outcome: Outcome, *, streaming: bool) -> None:
        """Sends what is left and how the call ended.

        An error drops a message that is still here and is told in the headers (trailers-only); only a native client's
        stream gets the messages that came before it. Raises StreamReset where a transcoded response is broken off.
        """
        if not outcome.ok and not self.started and (self._exchange.transcoded or not streaming):
            self._parts.clear()
        if not outcome.ok and self.started and self._exchange.transcoded:
            raise StreamReset(f"{self._exchange.scope['path']}: {outcome.code.name} after the response had begun")
        trailers = outcome.headers()
        if not self.started and not self._parts:
            self._begin(trailers=False, end=trailers)
            self._send({"type": "http.response.body", "body": b""})
            return
        if not self.started:
            self._begin(trailers=True)
        *before, last = self._bodies()
        for body in before:
            self._emit(body)
        self._send({"type": "http.response.body", "body": last, "more_body": False})
        self._send({"type": "http.response.trailers", "headers": trailers, "more_trailers": False})

    def _begin(self, *, trailers: bool, end: metadata.Headers | tuple[()] = ()) -> None:
        self.started = True
        headers = [*(_TRANSCODED_HEADERS if self._exchange.transcoded else _HEADERS), *self._initial]
        if self._encoding:
            headers.append((b"grpc-encoding", self._encoding))
        if self.call is not None and self.call.response_headers:
            headers += metadata.encode(self.call.response_headers)
        headers += end
        self._send({"type": "http.response.start", "status": 200, "headers": headers, "trailers": trailers})

    def _turn(self) -> None:
        """Sends what was gathered since the event loop turned last."""
        self._scheduled = False
        self._unbroken = 0
        if self._parts and not self._exchange.done:
            self._push()

    def _push(self) -> None:
        if not self.started:
            self._begin(trailers=True)
        for body in self._bodies():
            self._emit(body)

    def _bodies(self) -> list[bytes]:
        """What is to be sent, joined into one body; a large message is one of its own."""
        parts = self._parts
        last = [parts.pop()] if parts and len(parts[-1]) >= _UNCOPIED_BYTES else []
        bodies = [b"".join(parts), *last]
        parts.clear()
        self._size_bytes = 0
        return bodies

    def _emit(self, body: bytes) -> None:
        event: Event = {"type": "http.response.body", "body": body, "more_body": True}
        receipt: Any = self._send(event)
        if not asyncio.isfuture(receipt):  # a client that was lost before
            self._lost()
            return
        self._in_flight.append(len(body))
        self._in_flight_bytes += len(body)
        receipt.add_done_callback(self._received)

    def _received(self, receipt: asyncio.Future[None]) -> None:
        if receipt.exception() is not None:
            self._lost()
            return
        self._in_flight_bytes -= self._in_flight.popleft()
        if self._waiter is not None and not self._waiter.done() and self._in_flight_bytes < _IN_FLIGHT_BYTES:
            self._waiter.set_result(None)

    def _lost(self) -> None:
        self._exchange.cancel(Cut.DISCONNECTED)
        if self._waiter is not None:
            self._waiter.cancel()

    async def _taken(self) -> None:
        """Waits until Envoy has taken enough."""
        if self._waiter is not None:
            raise RuntimeError("one response message can be written at a time")
        while self._in_flight_bytes >= _IN_FLIGHT_BYTES:
            waiter = self._waiter = self._exchange.loop.create_future()
            try:
                await waiter
            finally:
                self._waiter = None
