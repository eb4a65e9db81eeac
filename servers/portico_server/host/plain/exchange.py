"""One call in flight, as grpc.aio brings it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from portico_server.host.adapter.exchange import Cut, Exchange
from portico_server.host.adapter.metadata import Headers, to_base64

TIMEOUT = b"x-portico-timeout"
"""The caller's `grpc-timeout`. Envoy hands it over under this name, because grpc.aio would end such a call itself, with
a status that tells neither reason nor ray."""
ACCEPT_ENCODING = b"x-portico-accept-encoding"
"""The caller's `grpc-accept-encoding`, which grpc.aio shows to nobody."""
PEER = b"x-portico-peer"
"""HOST:PORT or [IPv6]:PORT of the client, from Envoy: the socket's other end is Envoy itself."""

_OWN_NAMES = {TIMEOUT: b"grpc-timeout", ACCEPT_ENCODING: b"grpc-accept-encoding"}


class PlainExchange(Exchange):
    """A call whose task grpc.aio cancels where its client went away."""

    __slots__ = ()

    def __init__(self, path: str, headers: Headers, loop: asyncio.AbstractEventLoop) -> None:
        by_name = dict(headers)
        scope = {"path": path, "headers": headers, "client": address_of(by_name.get(PEER))}
        super().__init__(scope, by_name, loop)

    def cancellation(self, error: asyncio.CancelledError) -> BaseException:
        if self.cut is None and self._task is not None and self._task.cancelling():
            self.cut = Cut.DISCONNECTED
        return super().cancellation(error)


def headers_of(metadata: Iterable[tuple[str, str | bytes]]) -> Headers:
    """As they came to Envoy. grpc.aio decodes text as UTF-8 where it can, and binary values from base64."""
    headers = []
    for key, value in metadata:
        name = key.encode("latin-1")
        text = to_base64(value) if isinstance(value, bytes) else value.encode()
        headers.append((_OWN_NAMES.get(name, name), text))
    return headers


def address_of(peer: bytes | None) -> tuple[str, int] | None:
    """The client's address as ASGI has it, from `PEER`."""
    host, _, port = (peer or b"").decode("latin-1").rpartition(":")
    return (host.strip("[]"), int(port)) if port.isdigit() else None
