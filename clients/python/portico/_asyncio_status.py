"""How a call of `grpc.aio` ended, also where `grpc.aio` itself does not know any more.

A platform may answer before it has all messages of a request. The one that was on its way then fails, and `grpc.aio`
puts "INTERNAL: Internal error from Core" over the status that has come, or before the one that comes."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

import grpc
import grpc.aio

from portico._failures import error_of
from portico.errors import PorticoError, Unavailable

_SENDING_FAILED = "Internal error from Core"
"""Details of the status that `grpc.aio` makes up when a message cannot be sent."""


class Ending:
    """Watches a call from its start for the first status that is told of it."""

    def __init__(self, call: Any) -> None:
        self._first: grpc.aio.AioRpcError | None = None
        call.add_done_callback(self._keep)

    def error_of(self, last: grpc.aio.AioRpcError) -> PorticoError:
        """The typed error, of the status at last or of the first: whichever came from the platform."""
        told = [status for status in (last, self._first) if status is not None and not _made_up(status)]
        if told:
            return error_of(told[0])
        return Unavailable("the connection broke while a message was sent")

    def _keep(self, call: Any) -> None:
        code = _known(call.code())
        if code not in (None, grpc.StatusCode.OK):
            headers, trailers = _known(call.initial_metadata()), _known(call.trailing_metadata())
            self._first = grpc.aio.AioRpcError(code, headers, trailers, _known(call.details()))


def _made_up(status: grpc.aio.AioRpcError) -> bool:
    return status.code() is grpc.StatusCode.INTERNAL and (status.details() or "").startswith(_SENDING_FAILED)


def _known(value: Coroutine[Any, Any, Any]) -> Any:
    """What `grpc.aio` only tells coroutines, of a call that is over: it is there at once. None if it is not."""
    try:
        value.send(None)
    except StopIteration as answer:
        return answer.value
    value.close()
    return None
