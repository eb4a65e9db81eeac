"""Step: whatever goes wrong inside ends as an error that says what the caller may know, and is logged once."""

from __future__ import annotations

import asyncio

import grpc
import structlog

from portico_server.gateway.errors import ErrorMapper, is_unexpected
from portico_server.platform.call import Call, Handler, Step
from portico_server.platform.errors import ApiError

_log = structlog.get_logger(__name__)


def recovery(errors: ErrorMapper) -> Step:
    """Turns every exception into an ApiError, except those that steer: cancellation, and `context.abort`."""

    async def step(call: Call, proceed: Handler) -> None:
        try:
            await proceed(call)
        except (ApiError, asyncio.CancelledError, grpc.aio.AbortError):
            raise
        except Exception as error:
            told = errors(error)
            if is_unexpected(error, told):
                _log.error("unexpected_error", ray_id=call.ray_id, method=call.method.path, exc_info=error)
            raise told from None

    return step
