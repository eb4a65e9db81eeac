"""How a method is served: its handler as a servicer registered it, run on one call of each of the four kinds."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable
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
Run = Callable[[Call, Context], Awaitable[None]]
"""Runs it on one call."""


def bind(method: Method, handler: grpc.RpcMethodHandler) -> Binding:
    """Makes a registered handler ready to serve; one that is not async runs in a thread."""
    serve: Serve = handler.unary_unary or handler.unary_stream or handler.stream_unary or handler.stream_stream
    if not (inspect.iscoroutinefunction(serve) or inspect.isasyncgenfunction(serve)):
        serve = blocking.in_thread(
            serve, request_streaming=handler.request_streaming, response_streaming=handler.response_streaming
        )
    if not handler.response_streaming:
        run = _single_response(serve, request_streaming=handler.request_streaming)
    elif inspect.isasyncgenfunction(serve):
        run = _generated_responses(serve, request_streaming=handler.request_streaming)
    else:
        run = _written_responses(serve, request_streaming=handler.request_streaming)
    return Binding(
        method,
        handler.request_deserializer,
        handler.response_serializer,
        _innermost(method, run),
        response_streaming=handler.response_streaming,
        request_streaming=handler.request_streaming,
    )


def unknown(path: str) -> Binding:
    """What serves a method that nobody serves. Its path, which is the client's own, is kept short."""

    async def run(call: Call, context: Context) -> None:
        raise _not_served(method)

    method = Method(path[:_MAX_PATH_CHARACTERS], False, False, public=True, validated=False)
    return Binding(method, None, None, _innermost(method, run), response_streaming=False, request_streaming=False)


def _innermost(method: Method, run: Run) -> Handler:
    """`run` as the pipeline calls it. A call that was cut short for a reason raises that as an ApiError."""

    async def invoke(call: Call) -> None:
        context: Context = call.context
        try:
            await run(call, context)
        except asyncio.CancelledError as error:
            raise context.exchange.cancellation(error) from None
        except NotImplementedError as error:
            if context.code() is grpc.StatusCode.UNIMPLEMENTED:  # the generated base class, where a method is missing
                raise _not_served(method) from error
            raise
        finally:
            if context.answer_ns:
                call.steps.append(("answer", context.answer_start_ns, context.answer_ns))

    return invoke


def _not_served(method: Method) -> ApiError:
    message = f"{method.path} is not served here; reflection lists what is"
    return ApiError(grpc.StatusCode.UNIMPLEMENTED, "METHOD_UNKNOWN", message)


def _single_response(serve: Serve, *, request_streaming: bool) -> Run:
    async def run(call: Call, context: Context) -> None:
        request = context.requests if request_streaming else await context.requests.first()
        response = await serve(request, context)
        code = context.code()
        if code is None or code is grpc.StatusCode.OK:
            await context.answer(response)

    return run


def _generated_responses(serve: Serve, *, request_streaming: bool) -> Run:
    async def run(call: Call, context: Context) -> None:
        request = context.requests if request_streaming else await context.requests.first()
        responses = serve(request, context)
        try:
            async for response in responses:
                await context.write(response)
        finally:
            await responses.aclose()

    return run


def _written_responses(serve: Serve, *, request_streaming: bool) -> Run:
    async def run(call: Call, context: Context) -> None:
        request = context.requests if request_streaming else await context.requests.first()
        await serve(request, context)

    return run
