"""A product for tests of the host and the pipeline: echoes, streams and fails on demand.

Named in the setting `extra_products` as `tests.testing_product.product`, with the checkout on PYTHONPATH.

Metadata of a request that it follows: `x-testing-compression: gzip` compresses the responses, but for those whose
numbers stand in `x-testing-uncompressed: 1,3`; `x-testing-report: 1` answers, as trailing metadata, how many bytes came
over the wire.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import grpc

import portico

portico.__path__.append(str(Path(__file__).parent / "gen" / "portico"))

from portico.testing.v1 import testing_pb2 as pb  # noqa: E402
from portico.testing.v1 import testing_pb2_grpc as rpc  # noqa: E402

from portico_server.platform.call import current  # noqa: E402
from portico_server.platform.product import Platform, Product, Running  # noqa: E402

DESCRIPTORS = Path(__file__).parent / "gen" / "portico" / "testing.binpb"
"""The descriptor set of the contract, for REST; a value of the setting `extra_descriptors`."""

_CODES = {code.value[0]: code for code in grpc.StatusCode}
_COMPRESSIONS = {"gzip": grpc.Compression.Gzip, "deflate": grpc.Compression.Deflate}

in_flight = 0
"""How many calls are being served; a client that went away must not be counted for long."""


class TestingService(rpc.TestingServiceServicer):
    """What the contract says."""

    async def Unary(self, request: pb.UnaryRequest, context: Any) -> pb.UnaryResponse:
        with counted():
            metadata = _follow(context)
            if request.delay_millis:
                await asyncio.sleep(request.delay_millis / 1000)
            if request.echo_metadata:
                await _echo(context, metadata)
            if request.crash:
                raise RuntimeError("a secret of the inside")
            await _end(context, request.status)
            return pb.UnaryResponse(text=request.text, payload=bytes(request.response_bytes))

    async def ClientStream(
        self, requests: AsyncIterator[pb.ClientStreamRequest], context: Any
    ) -> pb.ClientStreamResponse:
        with counted():
            response = pb.ClientStreamResponse()
            async for request in requests:
                response.payload_bytes += len(request.payload)
                response.messages += 1
            _follow(context)
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

    async def Empty(self, request: pb.EmptyRequest, context: Any) -> pb.EmptyResponse:
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
            context.set_trailing_metadata([("x-testing-received-bytes", str(current.get().received_bytes))])
    return metadata


async def _echo(context: Any, metadata: list[tuple[str, Any]]) -> None:
    await context.send_initial_metadata([entry for entry in metadata if entry[0] == "x-testing-initial"])
    context.set_trailing_metadata([entry for entry in metadata if entry[0] == "x-testing-trailing-bin"])


def _uncompressed(metadata: list[tuple[str, Any]]) -> set[int]:
    return {int(part) for key, value in metadata if key == "x-testing-uncompressed" for part in value.split(",")}


async def _end(context: Any, status: pb.Status) -> None:
    if status.code:
        await context.abort(_CODES[status.code], status.message)


@asynccontextmanager
async def _run(platform: Platform) -> AsyncIterator[Running]:
    yield Running(servicers=[(rpc.add_TestingServiceServicer_to_server, TestingService())])


PRODUCT = Product(name="testing", contracts=[pb.DESCRIPTOR], run=_run)
