"""The adapter with nothing around it, for Envoy to host: no identity, no authorization, no validation.

Besides the testing product it serves the stock health and reflection servicers, and the other styles in which servicers
are written.
"""

from __future__ import annotations

import asyncio
import gc
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

from portico_server.gateway.reflection import add_reflection
from portico_server.host.adapter import GrpcApplication
from portico_server.platform.call import Call, Handler
from portico_server.platform.errors import to_api_error
from portico_server.platform.methods import FOREIGN, Method, methods_of
from tests.testing_product import product

STYLES = "portico.testing.Styles"
BLOCKING_HEALTH = "portico.testing.BlockingHealth"


class Styles:
    """Handlers that are written otherwise than the testing product's; messages are plain bytes."""

    async def WrittenStream(self, request: bytes, context: Any) -> None:
        for number in range(int(request)):
            await context.write(b"%d" % number)

    async def ReadAndWritten(self, requests: Any, context: Any) -> None:
        while (message := await context.read()) is not grpc.aio.EOF:
            await context.write(message)

    async def ReadWhole(self, requests: Any, context: Any) -> bytes:
        parts = []
        while (message := await context.read()) is not grpc.aio.EOF:
            parts.append(message)
        return b"+".join(parts)

    async def Stall(self, requests: Any, context: Any) -> bytes:
        """Reads one message and then no more."""
        with product.counted():
            await context.read()
            await asyncio.sleep(3600)
        return b""

    async def InitialMetadataFirst(self, request: bytes, context: Any) -> AsyncIterator[bytes]:
        await context.send_initial_metadata([("x-early", "yes")])
        await asyncio.sleep(3600)
        yield b""

    def Blocking(self, request: bytes, context: Any) -> bytes:
        if request == b"abort":
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, "as you said")
        return request.upper()

    def BlockingBidi(self, requests: Iterator[bytes], context: Any) -> Iterator[bytes]:
        for request in requests:
            yield request.upper()

    async def Context(self, request: bytes, context: Any) -> bytes:
        remaining = context.time_remaining()
        facts = [
            context.peer().split(":")[0],
            str(context.cancelled()),
            str(context.done()),
            str(remaining is not None),
        ]
        context.set_trailing_metadata((("x-fact", "one"), ("x-fact-bin", b"\x00\xff")))
        context.set_details("details without an error are not sent")
        return ",".join(facts).encode()

    async def SetCode(self, request: bytes, context: Any) -> bytes:
        context.set_code(grpc.StatusCode.DATA_LOSS)
        context.set_details("set, not aborted")
        return b"unseen"

    async def Process(self, request: bytes, context: Any) -> bytes:
        """What the tests look at from outside: calls in flight, objects alive, resident bytes."""
        gc.collect()
        resident = _resident_bytes()
        return f"{product.in_flight} {len(gc.get_objects())} {resident}".encode()


def _resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def _handlers(styles: Styles) -> dict[str, grpc.RpcMethodHandler]:
    return {
        "WrittenStream": grpc.unary_stream_rpc_method_handler(styles.WrittenStream),
        "ReadAndWritten": grpc.stream_stream_rpc_method_handler(styles.ReadAndWritten),
        "ReadWhole": grpc.stream_unary_rpc_method_handler(styles.ReadWhole),
        "Stall": grpc.stream_unary_rpc_method_handler(styles.Stall),
        "InitialMetadataFirst": grpc.unary_stream_rpc_method_handler(styles.InitialMetadataFirst),
        "Blocking": grpc.unary_unary_rpc_method_handler(styles.Blocking),
        "BlockingBidi": grpc.stream_stream_rpc_method_handler(styles.BlockingBidi),
        "Context": grpc.unary_unary_rpc_method_handler(styles.Context),
        "SetCode": grpc.unary_unary_rpc_method_handler(styles.SetCode),
        "Process": grpc.unary_unary_rpc_method_handler(styles.Process),
    }


def _blocking_health() -> dict[str, grpc.RpcMethodHandler]:
    """The stock health servicer that is not async."""
    servicer = health.HealthServicer()
    messages = {
        "request_deserializer": health_pb2.HealthCheckRequest.FromString,
        "response_serializer": health_pb2.HealthCheckResponse.SerializeToString,
    }
    return {
        "Check": grpc.unary_unary_rpc_method_handler(servicer.Check, **messages),
        "Watch": grpc.unary_stream_rpc_method_handler(servicer.Watch, **messages),
    }


async def _pipeline(call: Call, proceed: Handler) -> None:
    if not call.method.public:
        await call.first_message()
    await proceed(call)


def _application() -> GrpcApplication:
    methods = {**FOREIGN, **methods_of(product.PRODUCT.services)}
    generic = {STYLES: _handlers(Styles()), BLOCKING_HEALTH: _blocking_health()}
    for service, handlers in generic.items():
        for name, handler in handlers.items():
            path = f"/{service}/{name}"
            methods[path] = Method(path, handler.request_streaming, handler.response_streaming, public=True)
    app = GrpcApplication(
        pipeline=_pipeline,
        methods=methods,
        errors=lambda error: to_api_error(error, {}),
        max_message_bytes=4 * 1024 * 1024,
        first_message_seconds=0.5,
    )
    product.rpc.add_TestingServiceServicer_to_server(product.TestingService(), app)
    health_pb2_grpc.add_HealthServicer_to_server(health.aio.HealthServicer(), app)
    app.add_generic_rpc_handlers([grpc.method_handlers_generic_handler(*entry) for entry in generic.items()])
    add_reflection(app, [service.full_name for service in product.PRODUCT.services])
    return app


app = _application()
