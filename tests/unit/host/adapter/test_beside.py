"""Large bytes of streamed messages, handed over beside them, to servicers that know of it; outside nobody sees it."""

from __future__ import annotations

import asyncio
import itertools
import zlib
from collections.abc import AsyncIterator, Callable
from typing import Any

import grpc
import pytest
from google.api import httpbody_pb2

from portico.objects.v1 import objects_pb2
from portico_server.host.adapter import GrpcApplication
from portico_server.host.adapter.frames import Frames
from portico_server.platform.call import Call, Handler, current
from portico_server.platform.errors import to_api_error
from portico_server.platform.methods import Method
from tests.unit.host.adapter.fake_asgi import FakeServer
from tests.unit.host.adapter.test_application import frame, served

LARGE = bytes(range(256)) * 512
LIMIT = 1 << 20

Request = objects_pb2.PutObjectRequest
Response = objects_pb2.GetObjectResponse


def application(handler: grpc.RpcMethodHandler, check: Callable[[Any], None]) -> tuple[GrpcApplication, str]:
    path = "/test.Service/Method"
    method = Method(path, handler.request_streaming, handler.response_streaming)

    async def pipeline(call: Call, proceed: Handler) -> None:
        call.checks.append(check)
        await proceed(call)

    app = GrpcApplication(
        pipeline=pipeline,
        methods={path: method},
        errors=lambda error: to_api_error(error, {}),
        max_message_bytes=LIMIT,
        first_message_seconds=30,
    )
    app.add_registered_method_handlers("test.Service", {"Method": handler})
    return app, path


@pytest.mark.parametrize("takes", [True, False])
async def test_large_bytes_of_requests_come_beside_them_to_who_made_a_list_for_them(takes: bool) -> None:
    seen: list[tuple[bytes, list[bytes]]] = []
    checked: list[int] = []

    async def serve(requests: AsyncIterator[Any], context: Any) -> bytes:
        async for request in requests:
            call = current.get()
            seen.append((request.data.data, call.beside or []))
            call.beside = [] if takes else None
        return b""

    handler = grpc.stream_unary_rpc_method_handler(serve, Request.FromString)
    app, path = application(handler, lambda message: checked.append(len(message.data.data)))
    messages = [Request(data=httpbody_pb2.HttpBody(data=data)) for data in (LARGE, LARGE, b"little", LARGE)]
    body = b"".join(frame(message.SerializeToString()) for message in messages)
    server = await served(app, path, *(body[at : at + 50_000] for at in range(0, len(body), 50_000)))
    assert server.trailers == {b"grpc-status": b"0"}
    later = [(b"", [LARGE]), (b"little", []), (b"", [LARGE])] if takes else [(LARGE, []), (b"little", []), (LARGE, [])]
    assert seen == [(LARGE, []), *later]
    assert checked == [len(data) for data, _ in later]


@pytest.mark.parametrize("compression", [grpc.Compression.NoCompression, grpc.Compression.Gzip])
async def test_responses_with_bytes_beside_them_are_sent_as_if_they_were_within(compression: grpc.Compression) -> None:
    async def serve(request: bytes, context: Any) -> AsyncIterator[Any]:
        context.set_compression(compression)
        beside = current.get().beside
        assert beside == []
        for size_bytes in (len(LARGE), 5, len(LARGE)):
            beside.append(LARGE[:size_bytes])
            yield Response(length_bytes=size_bytes, data=httpbody_pb2.HttpBody(content_type="text/x"))
        yield Response(length_bytes=7, data=httpbody_pb2.HttpBody(data=b"within"))

    handler = grpc.unary_stream_rpc_method_handler(serve, None, Response.SerializeToString)
    app, path = application(handler, lambda message: None)
    server = await served(app, path, frame(b""), headers=((b"grpc-accept-encoding", b"gzip"),))
    assert server.trailers == {b"grpc-status": b"0"}
    found, frames = [], Frames(LIMIT)
    frames.feed(server.body)
    while (payload := frames.take()) is not None:
        assert frames.compressed == (compression is grpc.Compression.Gzip)
        found.append(Response.FromString(zlib.decompress(payload, 31) if frames.compressed else payload))
    sizes = (len(LARGE), 5, len(LARGE))
    beside = [httpbody_pb2.HttpBody(content_type="text/x", data=LARGE[:size_bytes]) for size_bytes in sizes]
    assert [response.data for response in found] == [*beside, httpbody_pb2.HttpBody(data=b"within")]
    assert [response.length_bytes for response in found] == [*sizes, 7]


async def test_a_stream_of_both_has_nothing_beside() -> None:
    async def serve(requests: AsyncIterator[Any], context: Any) -> AsyncIterator[bytes]:
        assert current.get().beside is None
        async for request in requests:
            yield request.data.data

    handler = grpc.stream_stream_rpc_method_handler(serve, Request.FromString)
    app, path = application(handler, lambda message: None)
    body = frame(Request(data=httpbody_pb2.HttpBody(data=LARGE)).SerializeToString())
    server = await served(app, path, body * 2)
    assert server.body == frame(LARGE) * 2


class Told(FakeServer):
    """Notes how much of the request was asked for, and when."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.asked: list[float] = []

    def receive(self) -> asyncio.Future[Any]:
        self.asked.append(asyncio.get_running_loop().time())
        return super().receive()


async def test_between_parts_of_a_large_message_there_are_pauses() -> None:
    async def serve(requests: AsyncIterator[bytes], context: Any) -> bytes:
        async for _ in requests:
            pass
        return b""

    async def pauses(*body: bytes) -> int:
        server = Told(path, body)
        await asyncio.create_task(app(server.scope, server.receive, server.send))
        assert server.trailers == {b"grpc-status": b"0"}
        return sum(later - asked >= 0.0009 for asked, later in itertools.pairwise(server.asked))

    app, path = application(grpc.stream_unary_rpc_method_handler(serve), lambda message: None)
    large = frame(bytes(512 * 1024))
    parts = [large[at : at + 16 * 1024] for at in range(0, len(large), 16 * 1024)]
    assert await pauses(*parts) >= 20  # not while less than 128 KiB are missing
