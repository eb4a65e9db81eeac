"""The request messages as the called side reads them."""

from __future__ import annotations

from typing import Any

from portico_server.host.adapter.binding import Binding
from portico_server.host.adapter.exchange import Exchange
from portico_server.host.adapter.frames import too_large
from portico_server.host.adapter.messages import END, Messages
from portico_server.host.mesh.local.pipe import Pipe
from portico_server.host.mesh.messages import size_bytes


class LocalRequests(Messages):
    """A unary method's one message is given; a stream's come through a pipe."""

    __slots__ = ("_max_message_bytes", "_message", "_pipe")

    def __init__(
        self, exchange: Exchange, binding: Binding, max_message_bytes: int, message: Any, pipe: Pipe | None
    ) -> None:
        super().__init__(exchange, binding)
        self._max_message_bytes = max_message_bytes
        self._message = message
        self._pipe = pipe

    async def _read(self) -> Any:
        message = self._message if self._pipe is None else await self._pipe.get()
        if message is not END and (size := size_bytes(message)) > self._max_message_bytes:
            raise too_large(size, self._max_message_bytes)
        return message

    async def _expect_end(self) -> None:
        """A unary call within the process cannot bring a second message."""

    def probe(self) -> None:
        """A caller within the process that goes away cancels the call itself."""
