"""What is told of whatever goes wrong inside: an error that says what the caller may know, logged once."""

from __future__ import annotations

import asyncio

import grpc
import structlog

from portico_server.gateway.errors import ErrorMapper, is_unexpected
from portico_server.platform.call import Call
from portico_server.platform.errors import ApiError

_log = structlog.get_logger(__name__)


def recovered(call: Call, error: BaseException, errors: ErrorMapper) -> BaseException:
    """The ApiError to raise in place of an exception; those that steer, cancellation and `context.abort`, stay."""
    steers = isinstance(error, (ApiError, asyncio.CancelledError, grpc.aio.AbortError))
    if steers or not isinstance(error, Exception):
        return error
    told = errors(error)
    if is_unexpected(error, told):
        _log.error("unexpected_error", ray_id=call.ray_id, method=call.method.path, exc_info=error)
    return told
