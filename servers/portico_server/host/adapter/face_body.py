"""The body of a request that a face answers: its parts as they come, and the watch over a client that leaves or stalls.

It comes as fast as it is read: Envoy holds back what nobody asks for.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import grpc

from portico_server.host.adapter.exchange import Cut, Event, Exchange, Receive
from portico_server.host.adapter.pauses import Pauses
from portico_server.host.adapter.requests import DISCARDED_BYTES, DISCARDING_SECONDS
from portico_server.platform.call import Call
from portico_server.platform.errors import ApiError

STALLED_SECONDS = 30.0
"""How long the client may send nothing of a body that is awaited."""
STRANGERS_SECONDS = 10.0
STRANGERS_BYTES_PER_SECOND = 64 * 1024
"""As long as nobody is known to call, the body must come within this time, and more for what has come."""
_LONG_BYTES = 96 * 1024
"""Behind so many there are pauses between the parts."""


class FaceBody:
    """One request's body, which the application's watch looks after."""

    __slots__ = (
        "_ahead",
        "_arrival",
        "_began",
        "_given",
        "_receive",
        "_waits_since",
        "awaited_since",
        "bodiless",
        "call",
        "ended",
        "exchange",
        "received_bytes",
    )

    def __init__(self, exchange: Exchange, receive: Receive, *, bodiless: bool) -> None:
        """`bodiless`: the head of the request says that it has none."""
        self.exchange = exchange
        self.bodiless = bodiless
        self.call: Call | None = None
        """The request's last call."""
        self.awaited_since: float | None = None
        self.ended = False
        self.received_bytes = 0
        self._receive = receive
        self._ahead: Event | None = None  # what a probe has brought and nobody has read
        self._arrival: asyncio.Future[None] | None = None  # done when what a probe has asked for is there
        self._waits_since: float | None = None
        self._began = time.monotonic()
        self._given = False

    async def parts(self) -> AsyncIterator[bytes]:
        """See `FaceRequest.body`."""
        if self._given:
            raise RuntimeError("a request's body can be read once")
        self._given = True
        pauses = Pauses()
        while not self.ended:
            part = [await self._next()]
            if size_bytes := len(part[0]):
                yield part.pop()  # held by its reader alone, who may wait for the disk
                if self.received_bytes > _LONG_BYTES and not self.ended and (seconds := pauses.after(size_bytes)):
                    await asyncio.sleep(seconds)

    @property
    def over(self) -> bool:
        """Whether there is nothing left of it to read, or nobody to read it from."""
        return self.ended or self.bodiless or self.exchange.cut is not None

    async def discard(self) -> None:
        """Reads what is left and throws it away, no more and no longer than the bounds say; why, `Requests.discard`
        tells."""
        if self.over:
            return
        left, end = DISCARDED_BYTES, time.monotonic() + DISCARDING_SECONDS
        while left > 0 and not (self.ended or self.exchange.disconnected):
            if self._ahead is None:
                arrival = self._ask()
                await asyncio.wait((arrival,), timeout=max(0.0, end - time.monotonic()))
                if not arrival.done():
                    return
            left -= len(self._take(self._ahead)) if self._ahead is not None else 0

    def probe(self) -> None:
        now = time.monotonic()
        if self._waits_since is None:
            if (self.ended or self.bodiless) and self._ahead is None and self._arrival is None:
                self._ask()  # all that can come is that the client has left
        elif now - self._waits_since > STALLED_SECONDS or (
            (self.call is None or self.call.principal is None)
            and now - self._began > STRANGERS_SECONDS + self.received_bytes / STRANGERS_BYTES_PER_SECOND
        ):
            self.exchange.refuse(_stalled())

    async def _next(self) -> bytes:
        if self.exchange.disconnected:
            raise _left()
        self._waits_since = time.monotonic()
        try:
            event: Event | None
            if self._ahead is not None:
                event = self._ahead
            elif self._arrival is not None:
                await self._arrival
                event = self._ahead
            else:
                # May be cancelled, at which pyvoy must not stumble: `Exchange.cancel` sees to that.
                awaited = self.exchange.awaited = self._receive()
                try:
                    event = await awaited
                finally:
                    self.exchange.awaited = None
        except asyncio.CancelledError as error:
            raise self.exchange.cancellation(error) from None
        finally:
            self._waits_since = None
        part = self._take(event) if event is not None else b""  # else it was taken when it came
        if self.exchange.disconnected:
            raise _left()
        return part

    def _take(self, event: Event) -> bytes:
        self._ahead = None
        if event["type"] == "http.disconnect":
            self.exchange.cancel(Cut.DISCONNECTED)
            return b""
        part: bytes = event.get("body", b"")
        self.ended = not event.get("more_body", False)
        self.received_bytes += len(part)
        if self.call is not None:
            self.call.received_bytes += len(part)
        return part

    def _ask(self) -> asyncio.Future[None]:
        """Asks for the next event without waiting for it."""
        if self._arrival is None:
            self._arrival = self.exchange.loop.create_future()
            asyncio.ensure_future(self._receive()).add_done_callback(self._arrive)
        return self._arrival

    def _arrive(self, answer: asyncio.Future[Event]) -> None:
        arrival, self._arrival = self._arrival, None
        self._ahead = answer.result()
        if not self._ahead.get("body"):  # its end, or that of the client
            self._take(self._ahead)
        if arrival is not None and not arrival.done():
            arrival.set_result(None)


def _left() -> ApiError:
    return ApiError(grpc.StatusCode.CANCELLED, "CLIENT_LEFT", "the client left before its request was whole")


def _stalled() -> ApiError:
    return ApiError(
        grpc.StatusCode.DEADLINE_EXCEEDED, "BODY_STALLED", "the request's body did not come in time: send it at once"
    )
