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
from typing import Any, NamedTuple

import grpc
from google.rpc import status_pb2
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

from portico_server.gateway.reflection import add_reflection
from portico_server.host.adapter import GrpcApplication
from portico_server.platform.call import Call, Handler
from portico_server.platform.errors import ApiError, FieldViolation, to_api_error
from portico_server.platform.methods import FOREIGN, Method, methods_of
from tests.testing_product import product

STYLES = "portico.testing.Styles"
BLOCKING_HEALTH = "portico.testing.BlockingHealth"


class AbortStatus(NamedTuple):
    """A `grpc.Status`, as `grpc_status.rpc_status.to_status` makes them."""

    code: grpc.StatusCode
    details: str
    trailing_metadata: tuple[tuple[str, bytes], ...]


class Styles:
    """Handlers that are written otherwise than the testing product's; messages are plain bytes."""

    def __init__(self) -> None:
        self._outlived = b""
        self._done = 0
        self._written = 0

    async def WrittenStream(self, request: bytes, context: Any) -> None:
        for number in range(int(request)):
            await context.write(b"%d" % number)
            self._written += 1

    async def WrittenInATurn(self, request: bytes, context: Any) -> bytes:
        """How much `WrittenStream` writes between two turns of the event loop, at most, in so many turns."""
        most = 0
        for _ in range(int(request)):
            before = self._written
            await asyncio.sleep(0)
            most = max(most, self._written - before)
        return b"%d" % most

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

    async def AbortWithStatus(self, request: bytes, context: Any) -> None:
        details = status_pb2.Status(code=grpc.StatusCode.ABORTED.value[0], message="again").SerializeToString()
        await context.abort_with_status(
            AbortStatus(grpc.StatusCode.ABORTED, "again", (("grpc-status-details-bin", details),))
        )

    async def ManyViolations(self, request: bytes, context: Any) -> None:
        raise ApiError(
            grpc.StatusCode.INVALID_ARGUMENT,
            "VALIDATION",
            "all of it is wrong",
            violations=[FieldViolation(f"field_{number}", "is wrong") for number in range(10_000)],
        )

    async def Outlive(self, request: bytes, context: Any) -> bytes:
        """`begin`: leaves a task that writes after the call; `ask`: what happened to it."""
        if request == b"begin":
            over = asyncio.Event()
            context.add_done_callback(lambda _: over.set())
            self._outliving = asyncio.create_task(self._write_late(context, over))
            return b""
        return self._outlived

    async def _write_late(self, context: Any, over: asyncio.Event) -> None:
        await over.wait()
        try:
            await context.write(b"late")
        except asyncio.CancelledError as error:
            self._outlived = type(error).__name__.encode()

    async def WrongMetadata(self, request: bytes, context: Any) -> bytes:
        context.set_trailing_metadata([(request.decode(), "value")])
        return b""

    async def DoneCallbacks(self, request: bytes, context: Any) -> bytes:
        """How many calls of this method are done."""
        context.add_done_callback(self._count_done)
        return b"%d" % self._done

    def _count_done(self, context: Any) -> None:
        self._done += 1

    async def Process(self, request: bytes, context: Any) -> bytes:
        """What the tests look at from outside: calls in flight, objects alive, resident bytes."""
        gc.collect()
        resident = _resident_bytes()
        return f"{product.in_flight} {len(gc.get_objects())} {resident}".encode()


def _resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def _handlers(styles: Styles) -> dict[str, grpc.RpcMethodHandler]:
    unary = ("Blocking", "Context", "SetCode", "AbortWithStatus", "ManyViolations", "Outlive", "WrongMetadata")
    return {
        **{
            name: grpc.unary_unary_rpc_method_handler(getattr(styles, name))
            for name in (*unary, "WrittenInATurn", "DoneCallbacks", "Process")
        },
        "WrittenStream": grpc.unary_stream_rpc_method_handler(styles.WrittenStream),
        "ReadAndWritten": grpc.stream_stream_rpc_method_handler(styles.ReadAndWritten),
        "ReadWhole": grpc.stream_unary_rpc_method_handler(styles.ReadWhole),
        "Stall": grpc.stream_unary_rpc_method_handler(styles.Stall),
        "InitialMetadataFirst": grpc.unary_stream_rpc_method_handler(styles.InitialMetadataFirst),
        "BlockingBidi": grpc.stream_stream_rpc_method_handler(styles.BlockingBidi),
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
