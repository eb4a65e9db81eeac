"""The messages that a client sends, read from ASGI's events: bounded and decompressed.

A little is read ahead, which also tells at once of a client that goes away while its servicer does something else.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any

from portico_server.host.adapter import bulk
from portico_server.host.adapter.binding import Binding
from portico_server.host.adapter.compression import decompress, request_encoding
from portico_server.host.adapter.exchange import NO_CONTEXT, ClientDisconnected, Cut, Event, Exchange, Receive
from portico_server.host.adapter.frames import Frames
from portico_server.host.adapter.messages import END, Messages, too_many_messages
from portico_server.host.adapter.pauses import Pauses

_READ_AHEAD_BYTES = 64 * 1024
_LONG_BYTES = 128 * 1024
"""Where more than so many are missing of a message there are pauses between its parts; others are taken at once."""
DISCARDED_BYTES = 8 * 1024 * 1024
DISCARDING_SECONDS = 1.0
"""What of a refused request is read and thrown away. It costs us what it costs its sender, and no memory."""


class Requests(Messages):
    """Those of a call that comes by ASGI."""

    __slots__ = (
        "_arrival",
        "_asked",
        "_ended",
        "_frames",
        "_limit",
        "_lost",
        "_pauses",
        "_receive",
        "_waiting",
    )

    def __init__(self, exchange: Exchange, receive: Receive, binding: Binding, max_message_bytes: int) -> None:
        super().__init__(exchange, binding)
        self._receive = receive
        self._limit = max_message_bytes
        self._frames = Frames(max_message_bytes)
        self._asked = False  # whether an event was asked for that has not come
        self._arrival: asyncio.Future[None]  # done when it comes
        self._waiting = False  # whether somebody waits for it
        self._pauses = Pauses()
        self._ended = False
        self._lost = False  # whether the client went away

    def probe(self) -> None:
        if not self._asked and (self._ended or self._frames.size_bytes < _READ_AHEAD_BYTES):
            self._ask()

    def end(self) -> None:
        """The call is over: whoever still reads, in a task or a thread that outlives it, is told so."""
        self.call = None
        if self._streaming and self._waiting and self._asked and not self._arrival.done():
            self._arrival.set_result(None)

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
        beside = self.call.beside if self.call is not None and self._given else None
        while True:
            if beside is not None and (pieces := frames.take_pieces(bulk.LEAST_BYTES)) is not None:
                return self._parse_beside(pieces, beside)
            if (payload := frames.take()) is not None:
                break
            if self._ended:
                payload = frames.finish()
                if payload is None:
                    return END
                break
            await self._fill()
        if frames.compressed:
            payload = await decompress(payload, request_encoding(self.exchange.headers), self._limit)
        return self._parse(payload)

    def _parse_beside(self, pieces: list[bytes | memoryview], beside: list[bytes]) -> Any:
        """The message, with large bytes of it beside it where that can be."""
        cut = bulk.cut_out(pieces, self._first.DESCRIPTOR)
        if cut is None:
            return self._parse(b"".join(pieces))
        message = self._parse(cut[0])
        beside.append(cut[1])
        return message

    async def _expect_end(self) -> None:
        while not self._ended and not self._frames.size_bytes:
            await self._fill()
        if self._frames.size_bytes:
            raise too_many_messages()

    async def _fill(self) -> None:
        """Waits for the next event, which `_deliver` has taken in by then."""
        if self.exchange.disconnected or self.exchange.done:
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

    def _ask(self, pause_seconds: float = 0.0) -> None:
        """Asks for the next event, after a pause; `_arrive` is called with it.

        What `receive` answers is not waited for itself: a wait may be cancelled, and pyvoy stumbles over a future
        that is.
        """
        self._asked = True
        self._arrival = self.exchange.loop.create_future()
        if pause_seconds:
            self.exchange.loop.call_later(pause_seconds, self._ask_now, context=NO_CONTEXT)
        else:
            self._ask_now()

    def _ask_now(self) -> None:
        if not self.exchange.done:
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
            self._ask(self._pauses.after(len(body)) if self._frames.missing_bytes > _LONG_BYTES else 0.0)
