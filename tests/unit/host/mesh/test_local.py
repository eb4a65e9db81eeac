"""Calls within the process: nobody waits for ever, and a stop knows of them."""

from __future__ import annotations

import asyncio
from typing import Any

import grpc
import pytest

from portico_server.host.adapter.exchange import Cut
from portico_server.host.adapter.serving import Serving
from portico_server.host.mesh.local.server import LocalServer
from portico_server.host.mesh.local.way import LocalWay
from portico_server.host.mesh.outgoing import Outgoing
from portico_server.platform.call import Call, Handler
from portico_server.platform.errors import ApiError, to_api_error
from portico_server.platform.methods import Method

SERVICE = "test.Service"
PATH = f"/{SERVICE}/Method"


async def straight(call: Call, proceed: Handler) -> None:
    await proceed(call)


def serving(errors: Any = lambda error: to_api_error(error, {})) -> Serving:
    method = Method(PATH, False, False, public=True)
    return Serving(
        pipeline=straight, methods={PATH: method}, errors=errors, max_message_bytes=1000, first_message_seconds=10
    )


def serve(host: Serving, behavior: Any) -> None:
    host.add_registered_method_handlers(SERVICE, {"Method": grpc.unary_unary_rpc_method_handler(behavior)})


def call(way: Any) -> Any:
    return way(b"hello", Outgoing(None, "test", None, "", ()))


def way_to(host: Serving) -> Any:
    return LocalWay(LocalServer(host)).method(PATH, "unary_unary", None, None)


async def echo(request: bytes, context: Any) -> bytes:
    return request


async def test_a_call_before_its_product_is_up_does_not_spoil_those_after_it() -> None:
    host = serving()
    way = way_to(host)
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await call(way)
    assert refused.value.code() is grpc.StatusCode.UNIMPLEMENTED
    serve(host, echo)
    assert await call(way) == b"hello"


async def test_whoever_calls_what_fails_as_nobody_expected_is_told() -> None:
    def broken(error: BaseException) -> ApiError:
        raise KeyError("a bug of the host")

    async def fails(request: bytes, context: Any) -> bytes:
        raise ValueError

    host = serving(broken)
    serve(host, fails)
    with pytest.raises(grpc.aio.AioRpcError) as failed:
        await asyncio.wait_for(call(way_to(host)), 30)
    assert failed.value.code() is grpc.StatusCode.INTERNAL
    assert host.calls_in_flight == 0


async def test_a_stop_waits_for_calls_within_the_process_and_tells_their_callers() -> None:
    begun, over = asyncio.Event(), False

    async def lasts(request: bytes, context: Any) -> bytes:
        nonlocal over
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            over = True
        raise AssertionError

    host = serving()
    serve(host, lasts)
    called = call(way_to(host))
    await asyncio.wait_for(begun.wait(), 30)
    assert host.calls_in_flight == 1
    host.watch.cut_all(Cut.STOPPING)
    await asyncio.wait_for(host.watch.empty(), 30)
    assert over
    with pytest.raises(grpc.aio.AioRpcError) as cut:
        await called
    assert cut.value.code() is grpc.StatusCode.UNAVAILABLE
