"""The published gRPC interoperability cases, each by its name, on the testing product's contract.

Source: grpc/grpc, doc/interop-test-descriptions.md; sizes and texts are the ones given there.
"""

from __future__ import annotations

import gzip
import queue

import grpc
import pytest
from grpc_reflection.v1alpha import reflection_pb2_grpc

from tests.interop.conftest import NAME, Host
from tests.interop.wire import framed, frames
from tests.testing_product.product import pb, rpc

REQUEST_SIZES = (27182, 8, 1828, 45904)
RESPONSE_SIZES = (31415, 9, 2653, 58979)
LARGE_REQUEST, LARGE_RESPONSE = 271828, 314159
SERVICE = "/portico.testing.v1.TestingService"
WHITESPACE_AND_UNICODE = "\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n"
INITIAL = ("x-testing-initial", "test_initial_metadata_value")
TRAILING = ("x-testing-trailing-bin", b"\xab\xab\xab")
REPORT = (("x-testing-report", "1"),)

Stub = rpc.TestingServiceStub


@pytest.fixture(params=["embedded", "plain", "platform"])
def host(request: pytest.FixtureRequest) -> Host:
    """Each host alone, and everything around it."""
    return request.getfixturevalue(request.param)


def unary(**fields: object) -> pb.UnaryRequest:
    return pb.UnaryRequest(name=NAME, **fields)


def received_bytes(call: grpc.Call) -> int:
    """How many bytes of request body the server says that it saw."""
    return int(dict(call.trailing_metadata())["x-testing-received-bytes"])


def test_empty_unary(stub: Stub) -> None:
    assert stub.Empty(pb.EmptyRequest()) == pb.EmptyResponse()


def test_large_unary(stub: Stub) -> None:
    response = stub.Unary(unary(payload=bytes(LARGE_REQUEST), response_bytes=LARGE_RESPONSE))
    assert response.payload == bytes(LARGE_RESPONSE)


def test_client_streaming(stub: Stub) -> None:
    response = stub.ClientStream(pb.ClientStreamRequest(name=NAME, payload=bytes(size)) for size in REQUEST_SIZES)
    assert (response.payload_bytes, response.messages) == (sum(REQUEST_SIZES), len(REQUEST_SIZES))


def test_server_streaming(stub: Stub) -> None:
    responses = stub.ServerStream(pb.ServerStreamRequest(name=NAME, sizes_bytes=RESPONSE_SIZES))
    assert [len(response.payload) for response in responses] == list(RESPONSE_SIZES)


def test_ping_pong(stub: Stub) -> None:
    requests: queue.SimpleQueue[pb.BidiStreamRequest | None] = queue.SimpleQueue()
    responses = stub.BidiStream(iter(requests.get, None))
    for ask, answer in zip(REQUEST_SIZES, RESPONSE_SIZES, strict=True):
        requests.put(pb.BidiStreamRequest(name=NAME, payload=bytes(ask), sizes_bytes=[answer]))
        assert len(next(responses).payload) == answer
    requests.put(None)
    assert list(responses) == []
    assert responses.code() is grpc.StatusCode.OK


def test_empty_stream(channel: grpc.Channel) -> None:
    # Streams of the testing product need a first message, on which they are authorized; reflection's is public.
    responses = reflection_pb2_grpc.ServerReflectionStub(channel).ServerReflectionInfo(iter(()))
    assert list(responses) == []
    assert responses.code() is grpc.StatusCode.OK


def test_client_compressed_unary(host: Host, stub: Stub) -> None:
    request = unary(payload=bytes(LARGE_REQUEST), response_bytes=LARGE_RESPONSE)
    sent_bytes = {}
    for compression in (grpc.Compression.Gzip, grpc.Compression.Deflate, grpc.Compression.NoCompression):
        response, call = stub.Unary.with_call(request, compression=compression, metadata=REPORT)
        assert response.payload == bytes(LARGE_RESPONSE)
        sent_bytes[compression] = received_bytes(call)
    if host.plain:  # it sees messages when they are no more compressed
        return
    assert sent_bytes[grpc.Compression.Gzip] < LARGE_REQUEST / 100
    assert sent_bytes[grpc.Compression.Deflate] < LARGE_REQUEST / 100
    assert sent_bytes[grpc.Compression.NoCompression] > LARGE_REQUEST


def test_server_compressed_unary(host: Host, stub: Stub) -> None:
    request = unary(response_bytes=LARGE_RESPONSE)
    response = stub.Unary(request, metadata=(("x-testing-compression", "gzip"),))
    assert response.payload == bytes(LARGE_RESPONSE)
    wire = host.grpc_post(
        f"{SERVICE}/Unary",
        framed(request.SerializeToString()),
        grpc_accept_encoding="gzip,identity",
        x_testing_compression="gzip",
    )
    assert wire.headers["grpc-encoding"] == "gzip"
    [(flag, payload)] = frames(wire.content)
    assert flag == 1
    assert pb.UnaryResponse.FromString(gzip.decompress(payload)).payload == bytes(LARGE_RESPONSE)
    plain = host.grpc_post(f"{SERVICE}/Unary", framed(request.SerializeToString()), x_testing_compression="gzip")
    assert "grpc-encoding" not in plain.headers  # this client accepts none
    assert frames(plain.content)[0][0] == 0


def test_client_compressed_streaming(host: Host, stub: Stub) -> None:
    sizes = (27182, 45904)
    requests = [pb.ClientStreamRequest(name=NAME, payload=bytes(size)) for size in sizes]
    response, call = stub.ClientStream.with_call(iter(requests), compression=grpc.Compression.Gzip, metadata=REPORT)
    assert response.payload_bytes == sum(sizes)
    assert host.plain or received_bytes(call) < sum(sizes) / 100
    first, second = (request.SerializeToString() for request in requests)
    body = framed(gzip.compress(first), flag=1) + framed(second)
    wire = host.grpc_post(f"{SERVICE}/ClientStream", body, grpc_encoding="gzip")
    assert wire.trailers["grpc-status"] == "0"
    assert pb.ClientStreamResponse.FromString(frames(wire.content)[0][1]).payload_bytes == sum(sizes)


def test_server_compressed_streaming(host: Host, stub: Stub) -> None:
    sizes = (31415, 92653)
    request = pb.ServerStreamRequest(name=NAME, sizes_bytes=sizes)
    compress = (("x-testing-compression", "gzip"), ("x-testing-uncompressed", "2"))
    assert [len(response.payload) for response in stub.ServerStream(request, metadata=compress)] == list(sizes)
    wire = host.grpc_post(
        f"{SERVICE}/ServerStream",
        framed(request.SerializeToString()),
        grpc_accept_encoding="gzip",
        x_testing_compression="gzip",
        x_testing_uncompressed="2",
    )
    assert [flag for flag, _ in frames(wire.content)] == [1, 0]


def test_custom_metadata(stub: Stub) -> None:
    _, call = stub.Unary.with_call(unary(echo_metadata=True), metadata=(INITIAL, TRAILING))
    assert INITIAL in call.initial_metadata()
    assert TRAILING in call.trailing_metadata()
    requests = iter([pb.BidiStreamRequest(name=NAME, sizes_bytes=[LARGE_RESPONSE])])
    responses = stub.BidiStream(requests, metadata=(INITIAL, TRAILING))
    assert len(list(responses)) == 1
    assert INITIAL in responses.initial_metadata()
    assert TRAILING in responses.trailing_metadata()


def test_status_code_and_message(stub: Stub) -> None:
    status = pb.Status(code=2, message="test status message")
    with pytest.raises(grpc.RpcError) as failure:
        stub.Unary(unary(status=status))
    assert (failure.value.code(), failure.value.details()) == (grpc.StatusCode.UNKNOWN, "test status message")
    responses = stub.BidiStream(iter([pb.BidiStreamRequest(name=NAME, status=status)]))
    with pytest.raises(grpc.RpcError):
        next(responses)
    assert (responses.code(), responses.details()) == (grpc.StatusCode.UNKNOWN, "test status message")


def test_special_status_message(stub: Stub) -> None:
    with pytest.raises(grpc.RpcError) as failure:
        stub.Unary(unary(status=pb.Status(code=2, message=WHITESPACE_AND_UNICODE)))
    assert (failure.value.code(), failure.value.details()) == (grpc.StatusCode.UNKNOWN, WHITESPACE_AND_UNICODE)


def test_unimplemented_method(stub: Stub) -> None:
    with pytest.raises(grpc.RpcError) as failure:
        stub.Unimplemented(pb.UnimplementedRequest())
    assert failure.value.code() is grpc.StatusCode.UNIMPLEMENTED


def test_unimplemented_service(channel: grpc.Channel) -> None:
    call = channel.unary_unary("/portico.testing.v1.UnimplementedService/Unimplemented")
    with pytest.raises(grpc.RpcError) as failure:
        call(b"")
    assert failure.value.code() is grpc.StatusCode.UNIMPLEMENTED


def test_cancel_after_begin(stub: Stub) -> None:
    requests: queue.SimpleQueue[pb.ClientStreamRequest | None] = queue.SimpleQueue()
    call = stub.ClientStream.future(iter(requests.get, None))
    call.cancel()
    requests.put(None)
    assert call.code() is grpc.StatusCode.CANCELLED


def test_cancel_after_first_response(stub: Stub) -> None:
    requests: queue.SimpleQueue[pb.BidiStreamRequest | None] = queue.SimpleQueue()
    responses = stub.BidiStream(iter(requests.get, None))
    requests.put(pb.BidiStreamRequest(name=NAME, payload=bytes(27182), sizes_bytes=[31415]))
    assert len(next(responses).payload) == 31415
    responses.cancel()
    requests.put(None)
    with pytest.raises(grpc.RpcError):
        next(responses)
    assert responses.code() is grpc.StatusCode.CANCELLED


def test_timeout_on_sleeping_server(stub: Stub) -> None:
    requests: queue.SimpleQueue[pb.BidiStreamRequest | None] = queue.SimpleQueue()
    requests.put(pb.BidiStreamRequest(name=NAME, payload=bytes(27182)))
    responses = stub.BidiStream(iter(requests.get, None), timeout=0.001)
    with pytest.raises(grpc.RpcError):
        next(responses)
    requests.put(None)
    assert responses.code() is grpc.StatusCode.DEADLINE_EXCEEDED
