"""What every candidate serves: the testing contract in as few steps as possible, so that it is the host that counts."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import lru_cache
from typing import Any

from portico.testing.v1 import testing_pb2, testing_pb2_grpc

from portico_server.platform.product import Platform, Product, Running


class EchoService(testing_pb2_grpc.TestingServiceServicer):
    """Echoes a text, streams bytes, counts bytes."""

    async def Unary(self, request: testing_pb2.UnaryRequest, context: Any) -> testing_pb2.UnaryResponse:
        return testing_pb2.UnaryResponse(text=request.text)

    async def ServerStream(
        self, request: testing_pb2.ServerStreamRequest, context: Any
    ) -> AsyncIterator[testing_pb2.ServerStreamResponse]:
        for size_bytes in request.sizes_bytes:
            yield _message(size_bytes)

    async def ClientStream(
        self, requests: AsyncIterator[testing_pb2.ClientStreamRequest], context: Any
    ) -> testing_pb2.ClientStreamResponse:
        response = testing_pb2.ClientStreamResponse()
        async for request in requests:
            response.payload_bytes += len(request.payload)
            response.messages += 1
        return response


@lru_cache(maxsize=4)
def _message(size_bytes: int) -> testing_pb2.ServerStreamResponse:
    return testing_pb2.ServerStreamResponse(payload=bytes(size_bytes))


@asynccontextmanager
async def _run(platform: Platform) -> AsyncIterator[Running]:
    yield Running(servicers=[(testing_pb2_grpc.add_TestingServiceServicer_to_server, EchoService())])


PRODUCT = Product(name="testing", contracts=[testing_pb2.DESCRIPTOR], run=_run)
