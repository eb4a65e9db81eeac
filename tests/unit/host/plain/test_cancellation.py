"""Calls that grpc.aio cancels, because their client went away."""

from __future__ import annotations

import asyncio
from typing import Any

import grpc

from portico_server.host.adapter import GrpcApplication
from portico_server.host.adapter.context import Context
from portico_server.host.plain.exchange import PlainExchange
from portico_server.platform.call import Call, Handler
from portico_server.platform.errors import to_api_error
from portico_server.platform.methods import Method

METHOD = Method("/test.Service/Method", False, False)


async def test_nobody_is_told_of_the_end_in_whatever_step_the_call_was() -> None:
    waits = asyncio.Event()

    async def wait(call: Call, proceed: Handler) -> None:
        waits.set()
        await asyncio.Event().wait()

    async def unreached(request: bytes, context: Any) -> bytes:
        raise AssertionError

    app = GrpcApplication(
        pipeline=wait,
        methods={METHOD.path: METHOD},
        errors=lambda error: to_api_error(error, {}),
        max_message_bytes=1000,
        first_message_seconds=10,
    )
    app.add_registered_method_handlers("test.Service", {"Method": grpc.unary_unary_rpc_method_handler(unreached)})
    binding = app.binding_of(METHOD.path, ())
    assert binding is not None

    async def serve() -> Any:
        unread: Any = None  # neither requests nor responses come into it
        context = Context(PlainExchange(METHOD.path, [], asyncio.get_running_loop()), unread, unread, None)
        call = Call(METHOD, context, {}, unread, 0, 0)
        return await app.serve(call, binding, context)

    serving = asyncio.create_task(serve())
    await waits.wait()
    serving.cancel()
    assert await serving is None
