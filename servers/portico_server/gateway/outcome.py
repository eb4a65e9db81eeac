"""How a call ended, as request events, spans and metrics count it."""

from __future__ import annotations

import asyncio
from typing import Any, NamedTuple

import grpc

from portico_server.gateway.errors import ErrorMapper
from portico_server.platform.call import Call

OK = 0


class Outcome(NamedTuple):
    """`code` is a `google.rpc.Code`; `reason` the error's, empty where there is none."""

    code: int
    reason: str


_FINE = Outcome(OK, "")
_BY_NUMBER = {code.value[0]: code for code in grpc.StatusCode}


def outcome_of(call: Call, error: BaseException | None, errors: ErrorMapper) -> Outcome:
    """The outcome of a call that has returned, or that ended with this exception."""
    if error is None or isinstance(error, grpc.aio.AbortError):
        code = _number(call.context.code())
        return _FINE if code == OK and error is None else Outcome(code or grpc.StatusCode.UNKNOWN.value[0], "")
    if isinstance(error, asyncio.CancelledError):
        remaining = call.context.time_remaining()
        late = remaining is not None and remaining <= 0
        ended = grpc.StatusCode.DEADLINE_EXCEEDED if late else grpc.StatusCode.CANCELLED
        return Outcome(ended.value[0], ended.name)
    told = errors(error)
    return Outcome(told.code.value[0], told.reason)


def code_name(code: int) -> str:
    """`NOT_FOUND` for 5."""
    return _BY_NUMBER[code].name if code in _BY_NUMBER else str(code)


def _number(code: Any) -> int:
    """What a servicer set, which grpcio takes as a StatusCode, a number or nothing."""
    if isinstance(code, grpc.StatusCode):
        return int(code.value[0])
    return code if isinstance(code, int) else OK
