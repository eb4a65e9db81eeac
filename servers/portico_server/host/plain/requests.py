"""The messages that a client sends, from grpc.aio: whole and decompressed, as gRPC's core has them."""

from __future__ import annotations

import asyncio
from typing import Any

import grpc

from portico_server.host.adapter.binding import Binding
from portico_server.host.adapter.exchange import ClientDisconnected, Exchange
from portico_server.host.adapter.frames import HEADER_BYTES, too_large
from portico_server.host.adapter.messages import END, Messages, too_many_messages
from portico_server.host.adapter.requests import DISCARDED_BYTES, DISCARDING_SECONDS

_SLOWEST_BYTES_PER_SECOND = 128 * 1024
"""A message is seen when it is whole, so that the largest of a slow but steady client must have its time."""


class PlainRequests(Messages):
    """Those of a call that comes by grpc.aio; `grpc_context` is its `grpc.aio.ServicerContext`."""

    __slots__ = ("_ended", "_grpc_context", "_limit", "_reading")

    def __init__(self, exchange: Exchange, grpc_context: Any, binding: Binding, max_message_bytes: int) -> None:
        super().__init__(exchange, binding)
        self._grpc_context = grpc_context
        self._limit = max_message_bytes
        self._reading = False
        self._ended = False
        if self.awaited_since is not None and not self._streaming:
            self.awaited_since += max_message_bytes / _SLOWEST_BYTES_PER_SECOND

    def probe(self) -> None:
        """grpc.aio tells by itself."""

    async def discard(self) -> None:
        """Reads what is left of the request and throws it away; why, the embedded host's requests say."""
        self.awaited_since = None
        left = DISCARDED_BYTES
        try:
            async with asyncio.timeout(DISCARDING_SECONDS):
                while left > 0 and not (self._ended or self._reading):
                    left -= len(await self._payload() or b"")
        except (TimeoutError, grpc.aio.UsageError):
            pass

    async def _read(self) -> Any:
        payload = await self._payload()
        if payload is None:
            return END
        if len(payload) > self._limit:
            raise too_large(len(payload), self._limit)
        return self._parse(payload)

    async def _expect_end(self) -> None:
        if await self._payload() is not None:
            raise too_many_messages()

    async def _payload(self) -> bytes | None:
        """The next message; None at the end."""
        if self.exchange.disconnected:
            raise ClientDisconnected
        if self._ended:
            return None
        if self._reading:
            raise RuntimeError("one request message can be read at a time")
        self._reading = True  # and it stays so where the wait is cancelled: gRPC's core still reads
        payload = await self._grpc_context.read()
        if payload is END and self._streaming:
            # Of a stream that its client has reset gRPC's core tells first that there are no more messages, and then
            # that it is cancelled: half an object was stored. What is read once more comes back behind that.
            await self._grpc_context.read()
        self._reading = False
        if payload is END:
            self._ended = True
            return None
        if self.call is not None:
            self.call.received_bytes += HEADER_BYTES + len(payload)
        return bytes(payload)
