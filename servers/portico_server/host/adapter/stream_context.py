"""The context of a gRPC call with a stream of responses, whose large bytes may come beside them (`Call.beside`)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from portico_server.host.adapter import bulk
from portico_server.host.adapter.context import Context
from portico_server.host.adapter.exchange import Exchange
from portico_server.host.adapter.messages import Messages
from portico_server.host.adapter.responses import Responses


class StreamContext(Context):
    """One call, as its servicer sees it."""

    __slots__ = ("_responses", "beside")

    def __init__(
        self, exchange: Exchange, requests: Messages, responses: Responses, serialize: Callable[[Any], bytes] | None
    ) -> None:
        super().__init__(exchange, requests, responses, serialize)
        self._responses = responses
        self.beside: list[bytes] = []

    def _writing(self, message: Any) -> Awaitable[None]:
        if not self.beside:
            return super()._writing(message)
        return self._responses.write_large(bulk.framed(message, len(self.beside[0])), self.beside.pop())
