"""What is sent back at a face's door: headers and the parts of a body, as ASGI's events, as fast as Envoy takes them.

Why what `send` answers is watched and not awaited, `responses` says.
"""

from __future__ import annotations

import asyncio
import re
from collections import deque
from collections.abc import Sequence
from itertools import chain
from typing import Any

from portico_server.host.adapter.exchange import ClientDisconnected, Cut, Exchange, Send

IN_FLIGHT_BYTES = 512 * 1024
"""The next part of a body is asked for while Envoy has less than so much still to take."""

_UNSENDABLE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")

Headers = list[tuple[bytes, bytes]]


def encoded(headers: Sequence[tuple[str, str]]) -> Headers:
    """As they are sent. Raises ValueError where one would break out of its line."""
    text = "".join(chain.from_iterable(headers))
    if not (text.isascii() and text.isprintable()) and _UNSENDABLE.search(text):  # the search is slow, and seldom due
        names = ", ".join(repr(name) for name, value in headers if _UNSENDABLE.search(name + value))
        raise ValueError(f"control characters stand in the headers {names}")
    return [(name.lower().encode(), value.encode()) for name, value in headers]


class Sender:
    """The response of one request."""

    __slots__ = ("_exchange", "_in_flight", "_in_flight_bytes", "_send", "_waiter")

    def __init__(self, exchange: Exchange, send: Send) -> None:
        self._exchange = exchange
        self._send = send
        self._in_flight: deque[int] = deque()  # sizes of the parts that Envoy has not taken yet
        self._in_flight_bytes = 0
        self._waiter: asyncio.Future[None] | None = None

    def begin(self, status: int, headers: Headers) -> None:
        self._send({"type": "http.response.start", "status": status, "headers": headers})

    def end(self, last: bytes) -> None:
        """The last part, of whatever size."""
        self._send({"type": "http.response.body", "body": last, "more_body": False})

    def put(self, part: bytes) -> None:
        """Sends a part. Its bytes are copied: who sends it lets go of it before awaiting `room`. Raises
        ClientDisconnected."""
        if self._exchange.disconnected:
            raise ClientDisconnected
        if not part:
            return
        receipt: Any = self._send({"type": "http.response.body", "body": part, "more_body": True})
        if not asyncio.isfuture(receipt):  # a client that was lost before
            self._lost()
            raise ClientDisconnected
        self._in_flight.append(len(part))
        self._in_flight_bytes += len(part)
        receipt.add_done_callback(self._received)

    async def room(self) -> None:
        """Waits while the client is behind. Raises ClientDisconnected."""
        while self._in_flight_bytes >= IN_FLIGHT_BYTES:
            waiter = self._waiter = self._exchange.loop.create_future()
            try:
                await waiter
            finally:
                self._waiter = None

    def _received(self, receipt: asyncio.Future[None]) -> None:
        if receipt.exception() is not None:
            self._lost()
            return
        self._in_flight_bytes -= self._in_flight.popleft()
        if self._waiter is not None and not self._waiter.done() and self._in_flight_bytes < IN_FLIGHT_BYTES:
            self._waiter.set_result(None)

    def _lost(self) -> None:
        self._exchange.cancel(Cut.DISCONNECTED)
        if self._waiter is not None:
            self._waiter.cancel()
