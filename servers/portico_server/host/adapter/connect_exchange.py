"""A Connect call in flight."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from portico_server.host.adapter import connect
from portico_server.host.adapter.exchange import Exchange, Scope


class ConnectExchange(Exchange):
    """As `Exchange`; the headers have gRPC's names."""

    __slots__ = ()

    def __init__(
        self,
        scope: Scope,
        headers: Mapping[bytes, bytes],
        loop: asyncio.AbstractEventLoop,
        dialect: connect.Dialect,
    ) -> None:
        super().__init__(scope, connect.as_grpc(headers, dialect), loop)
        self.reads_out = True

    def keep_deadline(self) -> None:
        if (value := self.headers.get(connect.TIMEOUT)) is not None:
            self._end_after(connect.timeout_seconds(value))
