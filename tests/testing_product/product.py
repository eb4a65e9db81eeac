"""A product for tests of the host and the pipeline: echoes, streams and fails on demand.

Named in the setting `extra_products` as `tests.testing_product.product`, with the checkout on PYTHONPATH.

Metadata of a request that it follows: `x-testing-compression: gzip` compresses the responses, but for those whose
numbers stand in `x-testing-uncompressed: 1,3`; `x-testing-report: 1` answers, as trailing metadata, how many bytes came
over the wire, whose call it is, which process served it, and what the product has seen so far. `x-testing-alter: 1`
changes the request that came, `x-testing-keep: 1` keeps the response for a later call that asks for it by
`x-testing-kept: 1`, `x-testing-stall: 1` stops reading after the first message of a stream, and
`x-testing-unavailable-at: PID` fails the call in the process of that id. `x-testing-relay: caller` answers as text
which buckets the objects product lists for the caller, `own` which it lists for this product itself.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import grpc

import portico

portico.__path__.append(str(Path(__file__).parent / "gen" / "portico"))

from portico.testing.v1 import testing_pb2 as pb  # noqa: E402
from portico.testing.v1 import testing_pb2_grpc as rpc  # noqa: E402

from portico.objects.v1 import buckets_pb2, buckets_pb2_grpc  # noqa: E402
from portico_server.platform.call import current  # noqa: E402
from portico_server.platform.mesh import UNCONNECTED, Mesh, told  # noqa: E402
from portico_server.platform.product import Platform, Product, Running  # noqa: E402

DESCRIPTORS = Path(__file__).parent / "gen" / "portico" / "testing.binpb"
"""The descriptor set of the contract, for REST; a value of the setting `extra_descriptors`."""

_CODES = {code.value[0]: code for code in grpc.StatusCode}
_COMPRESSIONS = {"gzip": grpc.Compression.Gzip, "deflate": grpc.Compression.Deflate}

in_flight = 0
"""How many calls are being served; a client that went away must not be counted for long."""

yielded = 0
"""How many messages of response streams the host has taken."""


class TestingService(rpc.TestingServiceServicer):
    """What the contract says."""

    def __init__(self, mesh: Mesh = UNCONNECTED) -> None:
        self._kept = pb.UnaryResponse()
        self._mesh = mesh

    async def Unary(self, request: pb.UnaryRequest, context: Any) -> pb.UnaryResponse:
        with counted():
            metadata = _follow(context)
            await _fail_here(context, metadata)
            if request.delay_millis:
                await asyncio.sleep(request.delay_millis / 1000)
            if request.echo_metadata:
                await _echo(context, metadata)
            if request.crash:
                raise RuntimeError("a secret of the inside")
            await _end(context, request.status)
            if ("x-testing-alter", "1") in metadata:
                request.text += " altered"
            for channel in (value for key, value in metadata if key == "x-testing-relay"):
                request.text = await self._buckets(channel)
            response = pb.UnaryResponse(text=request.text, payload=bytes(request.response_bytes))
            if ("x-testing-keep", "1") in metadata:
                self._kept = response
            return self._kept if ("x-testing-kept", "1") in metadata else response

    async def _buckets(self, channel: str) -> str:
        stub: Any = buckets_pb2_grpc.BucketServiceStub(
            self._mesh.own_channel if channel == "own" else self._mesh.channel
        )
        try:
            answer = await stub.ListBuckets(buckets_pb2.ListBucketsRequest(parent="accounts/default"))
        except grpc.aio.AioRpcError as error:
            raise told(error) from error
        return ",".join(bucket.name for bucket in answer.buckets)

    async def ClientStream(
        self, requests: AsyncIterator[pb.ClientStreamRequest], context: Any
    ) -> pb.ClientStreamResponse:
        with counted():
            response = pb.ClientStreamResponse()
            stalls = ("x-testing-stall", "1") in context.invocation_metadata()
            async for request in requests:
                if stalls:
                    await asyncio.sleep(3600)
                response.payload_bytes += len(request.payload)
                response.messages += 1
            metadata = _follow(context)
            for channel in (value for key, value in metadata if key == "x-testing-relay"):
                await self._buckets(channel)
            return response

    async def ServerStream(
        self, request: pb.ServerStreamRequest, context: Any
    ) -> AsyncIterator[pb.ServerStreamResponse]:
        with counted():
            uncompressed = _uncompressed(_follow(context))
            for number, size in enumerate(request.sizes_bytes, start=1):
                if request.delay_millis:
                    await asyncio.sleep(request.delay_millis / 1000)
                if number in uncompressed:
                    context.disable_next_message_compression()
                yield pb.ServerStreamResponse(payload=bytes(size))
                _count_yielded()
            await _end(context, request.status)

    async def BidiStream(
        self, requests: AsyncIterator[pb.BidiStreamRequest], context: Any
    ) -> AsyncIterator[pb.BidiStreamResponse]:
        with counted():
            metadata = _follow(context)
            if any(key.startswith("x-testing-") for key, _ in metadata):
                await _echo(context, metadata)
            async for request in requests:
                for size in request.sizes_bytes:
                    yield pb.BidiStreamResponse(payload=bytes(size))
                await _end(context, request.status)

    async def Open(self, request: pb.OpenRequest, context: Any) -> pb.OpenResponse:
        call = current.get()
        if call.anonymous and request.name.endswith("/closed"):
            assert call.denial is not None
            raise call.denial()
        return pb.OpenResponse(anonymous=call.anonymous)

    async def Empty(self, request: pb.EmptyRequest, context: Any) -> pb.EmptyResponse:
        await _fail_here(context, _follow(context))
        return pb.EmptyResponse()


@contextmanager
def counted() -> Iterator[None]:
    """Counts the call that stands in the `with` as in flight."""
    global in_flight
    in_flight += 1
    try:
        yield
    finally:
        in_flight -= 1


def _follow(context: Any) -> list[tuple[str, Any]]:
    """Does what the metadata asks for, and gives it."""
    metadata = list(context.invocation_metadata())
    for key, value in metadata:
        if key == "x-testing-compression":
            context.set_compression(_COMPRESSIONS[value])
        elif key == "x-testing-report":
            context.set_trailing_metadata(_report(context, metadata))
    return metadata


def _report(context: Any, metadata: list[tuple[str, Any]]) -> list[tuple[str, str]]:
    call = current.get()
    remaining = context.time_remaining()
    facts = {
        "received-bytes": call.received_bytes,
        "principal": call.principal.name if call.principal else "",
        "token-id": call.principal.token_id if call.principal else "",
        "acting": call.acting,
        "certificate": f"{call.origin.fingerprint} {call.origin.uri} {call.origin.serial}",
        "trace": f"{call.trace.trace_id}-{call.trace.parent_span_id}-{call.trace.sampled}",
        "remaining-seconds": "" if remaining is None else remaining,
        "metadata": ",".join(key for key, _ in metadata),
        "in-flight": in_flight,
        "process": os.getpid(),
        "yielded": yielded,
    }
    return [(f"x-testing-{name}", str(fact)) for name, fact in facts.items()]


def _count_yielded() -> None:
    global yielded
    yielded += 1


async def _echo(context: Any, metadata: list[tuple[str, Any]]) -> None:
    await context.send_initial_metadata([entry for entry in metadata if entry[0] == "x-testing-initial"])
    context.set_trailing_metadata([entry for entry in metadata if entry[0] == "x-testing-trailing-bin"])


def _uncompressed(metadata: list[tuple[str, Any]]) -> set[int]:
    return {int(part) for key, value in metadata if key == "x-testing-uncompressed" for part in value.split(",")}


async def _fail_here(context: Any, metadata: list[tuple[str, Any]]) -> None:
    if ("x-testing-unavailable-at", str(os.getpid())) in metadata:
        await context.abort(grpc.StatusCode.UNAVAILABLE, "as told")


async def _end(context: Any, status: pb.Status) -> None:
    if status.code:
        await context.abort(_CODES[status.code], status.message)


class StrictService(rpc.StrictServiceServicer):
    """What the contract says."""

    async def Echo(self, request: pb.EchoRequest, context: Any) -> pb.EchoResponse:
        return pb.EchoResponse(text=request.text)


@asynccontextmanager
async def _run(platform: Platform) -> AsyncIterator[Running]:
    yield Running(
        servicers=[
            (rpc.add_TestingServiceServicer_to_server, TestingService(platform.mesh)),
            (rpc.add_StrictServiceServicer_to_server, StrictService()),
        ]
    )


PRODUCT = Product(name="testing", contracts=[pb.DESCRIPTOR], run=_run)
