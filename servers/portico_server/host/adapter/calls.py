"""How a method is served: its handler as a servicer registered it, run on one call of each of the four kinds."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from time import perf_counter_ns
from typing import Any

import grpc

from portico_server.host.adapter import blocking
from portico_server.host.adapter.binding import Binding
from portico_server.host.adapter.context import Context
from portico_server.platform.call import Call, Handler
from portico_server.platform.errors import ApiError
from portico_server.platform.methods import Method

_MAX_PATH_CHARACTERS = 200

Serve = Callable[[Any, Any], Any]
"""A servicer's method: (request or iterator of requests, context)."""


def bind(method: Method, handler: grpc.RpcMethodHandler) -> Binding:
    """Makes a registered handler ready to serve; one that is not async runs in a thread."""
    serve: Serve = handler.unary_unary or handler.unary_stream or handler.stream_unary or handler.stream_stream
    if not (inspect.iscoroutinefunction(serve) or inspect.isasyncgenfunction(serve)):
        serve = blocking.in_thread(
            serve, request_streaming=handler.request_streaming, response_streaming=handler.response_streaming
        )
    if not handler.response_streaming:
        invoke = _single_response(serve, request_streaming=handler.request_streaming)
    elif inspect.isasyncgenfunction(serve):
        invoke = _generated_responses(serve, request_streaming=handler.request_streaming)
    else:
        invoke = _written_responses(serve, request_streaming=handler.request_streaming)
    return Binding(
        method,
        handler.request_deserializer,
        handler.response_serializer,
        invoke,
        response_streaming=handler.response_streaming,
        request_streaming=handler.request_streaming,
    )


def unknown(path: str) -> Binding:
    """What serves a method that nobody serves. Its path, which is the client's own, is kept short."""

    async def invoke(call: Call) -> None:
        raise _not_served(method)

    method = Method(path[:_MAX_PATH_CHARACTERS], False, False, public=True, validated=False)
    return Binding(method, None, None, invoke, response_streaming=False, request_streaming=False)


def _not_served(method: Method) -> ApiError:
    message = f"{method.path} is not served here; reflection lists what is"
    return ApiError(grpc.StatusCode.UNIMPLEMENTED, "METHOD_UNKNOWN", message)


# The innermost handlers, one of each kind: each call is one coroutine less than if they shared an outer one.


def _single_response(serve: Serve, *, request_streaming: bool) -> Handler:
    async def invoke(call: Call) -> None:
        start_ns = perf_counter_ns()
        context: Context = call.context
        try:
            request = context.requests if request_streaming else await context.requests.first()
            response = await serve(request, context)
            code = context.code()
            if code is None or code is grpc.StatusCode.OK:
                await context.answer(response)
        except asyncio.CancelledError as error:
            raise context.exchange.cancellation(error) from None
        except NotImplementedError:
            _refuse_if_missing(call, context)
            raise
        finally:
            _note_times(call, context, start_ns)

    return invoke


def _generated_responses(serve: Serve, *, request_streaming: bool) -> Handler:
    async def invoke(call: Call) -> None:
        start_ns = perf_counter_ns()
        context: Context = call.context
        try:
            request = context.requests if request_streaming else await context.requests.first()
            responses = serve(request, context)
            try:
                async for response in responses:
                    writing = context.write(response)
                    del response  # not held while the client is slow
                    await writing
            finally:
                await responses.aclose()
        except asyncio.CancelledError as error:
            raise context.exchange.cancellation(error) from None
        except NotImplementedError:
            _refuse_if_missing(call, context)
            raise
        finally:
            _note_times(call, context, start_ns)

    return invoke


def _written_responses(serve: Serve, *, request_streaming: bool) -> Handler:
    async def invoke(call: Call) -> None:
        start_ns = perf_counter_ns()
        context: Context = call.context
        try:
            request = context.requests if request_streaming else await context.requests.first()
            await serve(request, context)
        except asyncio.CancelledError as error:
            raise context.exchange.cancellation(error) from None
        except NotImplementedError:
            _refuse_if_missing(call, context)
            raise
        finally:
            _note_times(call, context, start_ns)

    return invoke


def _refuse_if_missing(call: Call, context: Context) -> None:
    """Raises ApiError where the generated base class answered in place of a method that its servicer lacks."""
    if context.code() is grpc.StatusCode.UNIMPLEMENTED:
        raise _not_served(call.method) from None


def _note_times(call: Call, context: Context, start_ns: int) -> None:
    call.steps.append(("handler", start_ns, perf_counter_ns() - start_ns))
    if context.answer_ns:  # within the handler's
        call.steps.append(("answer", context.answer_start_ns, context.answer_ns))
