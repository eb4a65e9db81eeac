"""Requests that are wrong, in part on purpose: each is told what is wrong, and none hurts another."""

from __future__ import annotations

import gzip
import json
import queue
import random
import zlib

import grpc
import pytest
from google.rpc import status_pb2
from pyqwest import FullResponse

from tests.interop.conftest import NAME, Host
from tests.interop.inside import process
from tests.interop.wire import framed, frames
from tests.testing_product.product import pb, rpc

SERVICE = "/portico.testing.v1.TestingService"
UNARY, CLIENT_STREAM = f"{SERVICE}/Unary", f"{SERVICE}/ClientStream"
MAX_MESSAGE_BYTES = 4 * 1024 * 1024  # of the bare host
GOOD = pb.UnaryRequest(name=NAME, text="good").SerializeToString()
SEED = 20261123


def status(response: FullResponse) -> grpc.StatusCode:
    number = int(response.headers.get("grpc-status") or response.trailers["grpc-status"])
    return next(code for code in grpc.StatusCode if code.value[0] == number)


def details_of(call: grpc.Call) -> status_pb2.Status:
    return status_pb2.Status.FromString(dict(call.trailing_metadata())["grpc-status-details-bin"])


def message(response: FullResponse) -> str:
    return str(response.headers.get("grpc-message"))


def test_random_garbage_never_hurts_another_stream(bare: Host, channel: grpc.Channel) -> None:
    choose = random.Random(SEED)
    requests: queue.SimpleQueue[pb.BidiStreamRequest | None] = queue.SimpleQueue()
    steady = rpc.TestingServiceStub(channel).BidiStream(iter(requests.get, None))
    paths = [UNARY, CLIENT_STREAM, f"{SERVICE}/ServerStream", f"{SERVICE}/BidiStream", f"{SERVICE}/Empty"]
    for number in range(1200):
        body = choose.randbytes(choose.randrange(0, 200))
        if choose.random() < 0.5:
            body = framed(body) + choose.randbytes(choose.choice([0, 0, 3]))
        response = bare.grpc_post(choose.choice(paths), body)
        assert response.status == 200
        assert status(response) in set(grpc.StatusCode)
        if number % 100 == 0:
            requests.put(pb.BidiStreamRequest(name=NAME, sizes_bytes=[number]))
            assert len(next(steady).payload) == number
    requests.put(None)
    assert list(steady) == []
    assert steady.code() is grpc.StatusCode.OK
    assert process(channel).in_flight == 0


def test_a_message_over_the_limit_is_refused_before_it_is_read(embedded: Host) -> None:
    claimed = (0).to_bytes(1, "big") + (MAX_MESSAGE_BYTES + 1).to_bytes(4, "big")
    response = embedded.grpc_post(UNARY, claimed)
    assert status(response) is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert str(MAX_MESSAGE_BYTES) in message(response)


def test_a_message_over_the_limit_is_refused_with_details(bare: Host, stub: rpc.TestingServiceStub) -> None:
    with pytest.raises(grpc.RpcError) as failure:
        stub.Unary(pb.UnaryRequest(name=NAME, payload=bytes(MAX_MESSAGE_BYTES)))
    assert failure.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert "MESSAGE_TOO_LARGE" in str(details_of(failure.value))


def test_a_message_at_the_limit_is_read(stub: rpc.TestingServiceStub) -> None:
    overhead = len(pb.ClientStreamRequest(name=NAME, payload=bytes(MAX_MESSAGE_BYTES)).SerializeToString())
    size = 2 * MAX_MESSAGE_BYTES - overhead
    request = pb.ClientStreamRequest(name=NAME, payload=bytes(size))
    assert len(request.SerializeToString()) == MAX_MESSAGE_BYTES
    assert stub.ClientStream(iter([request])).payload_bytes == size


@pytest.mark.parametrize(("encoding", "compress"), [("gzip", gzip.compress), ("deflate", zlib.compress)])
@pytest.mark.parametrize("size", [MAX_MESSAGE_BYTES + 1, 200 * 1024 * 1024])
def test_a_decompression_bomb_is_refused(bare: Host, channel: grpc.Channel, encoding: str, compress, size: int) -> None:
    before = process(channel).resident_bytes
    response = bare.grpc_post(UNARY, framed(compress(bytes(size)), flag=1), grpc_encoding=encoding)
    assert status(response) is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert process(channel).resident_bytes - before < 64 * 1024 * 1024


@pytest.mark.parametrize(
    ("body", "headers", "expected"),
    [
        pytest.param(framed(gzip.compress(GOOD), flag=1), {}, grpc.StatusCode.INTERNAL, id="compressed, no encoding"),
        pytest.param(framed(GOOD, flag=1), {"grpc_encoding": "gzip"}, grpc.StatusCode.INTERNAL, id="not compressed"),
        pytest.param(
            framed(gzip.compress(GOOD)[:-9], flag=1), {"grpc_encoding": "gzip"}, grpc.StatusCode.INTERNAL, id="cut gzip"
        ),
        pytest.param(framed(b"\xff\xff\xff"), {}, grpc.StatusCode.INTERNAL, id="not protobuf"),
        pytest.param(b"", {}, grpc.StatusCode.UNIMPLEMENTED, id="no message"),
        pytest.param(framed(GOOD) * 2, {}, grpc.StatusCode.UNIMPLEMENTED, id="two messages"),
        pytest.param(framed(GOOD), {"grpc_timeout": "soon"}, grpc.StatusCode.INVALID_ARGUMENT, id="timeout"),
        pytest.param(
            framed(GOOD), {"grpc_timeout": "123456789S"}, grpc.StatusCode.INVALID_ARGUMENT, id="timeout digits"
        ),
        pytest.param(framed(GOOD), {"grpc_timeout": "0n"}, grpc.StatusCode.DEADLINE_EXCEEDED, id="no time"),
    ],
)
def test_a_wrong_unary_request_is_told_what_is_wrong(
    bare: Host, body: bytes, headers: dict[str, str], expected: grpc.StatusCode
) -> None:
    _is_told(bare, body, headers, expected)


@pytest.mark.parametrize(
    ("body", "headers", "expected"),
    [
        pytest.param(
            framed(GOOD, flag=1), {"grpc_encoding": "snappy"}, grpc.StatusCode.UNIMPLEMENTED, id="unknown encoding"
        ),
        pytest.param(framed(GOOD, flag=7), {}, grpc.StatusCode.INTERNAL, id="flag"),
        pytest.param(framed(GOOD)[:-1], {}, grpc.StatusCode.INTERNAL, id="cut message"),
        pytest.param(framed(GOOD)[:3], {}, grpc.StatusCode.INTERNAL, id="cut header"),
        pytest.param(framed(GOOD) + b"\0", {}, grpc.StatusCode.UNIMPLEMENTED, id="a byte more"),
        pytest.param(framed(GOOD), {"k_bin": "%%"}, grpc.StatusCode.INVALID_ARGUMENT, id="binary metadata"),
    ],
)
def test_a_wrong_frame_is_told_what_is_wrong(
    embedded: Host, body: bytes, headers: dict[str, str], expected: grpc.StatusCode
) -> None:
    """Behind the plain host gRPC's core reads the frames, and is more lenient: see test_plain."""
    _is_told(embedded, body, headers, expected)


def _is_told(host: Host, body: bytes, headers: dict[str, str], expected: grpc.StatusCode) -> None:
    response = host.grpc_post(UNARY, body, **headers)
    assert status(response) is expected
    assert response.content == b""
    assert message(response)


def test_an_unknown_encoding_is_answered_with_those_that_are_spoken(embedded: Host) -> None:
    response = embedded.grpc_post(UNARY, framed(GOOD, flag=1), grpc_encoding="snappy")
    assert response.headers["grpc-accept-encoding"] == "identity,deflate,gzip"


def test_a_late_wrong_message_ends_its_stream(bare: Host) -> None:
    first = pb.BidiStreamRequest(name=NAME, sizes_bytes=[10]).SerializeToString()
    response = bare.grpc_post(f"{SERVICE}/BidiStream", framed(first) + framed(b"\xff\xff\xff"))
    assert [len(pb.BidiStreamResponse.FromString(part).payload) for _, part in frames(response.content)] == [10]
    assert status(response) is grpc.StatusCode.INTERNAL


def test_a_stream_must_say_in_time_what_it_is_about(stub: rpc.TestingServiceStub) -> None:
    requests: queue.SimpleQueue[pb.ClientStreamRequest | None] = queue.SimpleQueue()
    call = stub.ClientStream.future(iter(requests.get, None))
    assert call.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    assert "FIRST_MESSAGE_MISSING" in str(details_of(call))
    requests.put(None)


def test_a_stream_without_a_message_is_refused_where_it_needs_one(stub: rpc.TestingServiceStub) -> None:
    with pytest.raises(grpc.RpcError) as failure:
        stub.ClientStream(iter(()))
    assert failure.value.code() is grpc.StatusCode.INVALID_ARGUMENT


@pytest.mark.parametrize(
    ("method", "path", "content_type", "expected"),
    [
        ("POST", UNARY, "application/xml", 415),
        ("POST", UNARY, "application/connect+proto", 415),
        ("POST", UNARY, "", 415),
        ("GET", UNARY, "application/json", 405),
        ("PUT", UNARY, "application/json", 405),
        ("GET", "/", "text/html", 404),
        ("POST", "/a/b", "application/json", 404),
    ],
)
def test_what_is_not_grpc_gets_a_plain_http_answer(
    bare: Host, method: str, path: str, content_type: str, expected: int
) -> None:
    response = bare.http(method, path, b"{}" if method != "GET" else None, {"content-type": content_type})
    assert response.status == expected
    assert set(json.loads(response.content)) == {"code", "message", "details"}
    assert ("POST" in (response.headers.get("allow") or "")) == (expected == 405)


@pytest.mark.parametrize(("method", "content_type"), [("POST", "application/grpc+json"), ("GET", "application/grpc")])
def test_what_only_looks_like_grpc_is_refused(bare: Host, method: str, content_type: str) -> None:
    response = bare.http(method, UNARY, b"{}" if method == "POST" else None, {"content-type": content_type})
    assert response.status == (415 if method == "POST" else 405)


def test_a_long_list_of_violations_is_cut_to_what_clients_take(bare: Host) -> None:
    response = bare.grpc_post("/portico.testing.Styles/ManyViolations", framed(b""))
    assert status(response) is grpc.StatusCode.INVALID_ARGUMENT
    assert len(str(response.headers["grpc-status-details-bin"])) < 8192


def test_a_long_unknown_path_is_not_echoed_whole(bare: Host) -> None:
    response = bare.grpc_post("/" + "x" * 5000, framed(b""))
    assert status(response) is grpc.StatusCode.UNIMPLEMENTED
    assert len(message(response)) < 500


def test_details_of_an_error_are_a_google_rpc_status(stub: rpc.TestingServiceStub) -> None:
    with pytest.raises(grpc.RpcError) as failure:
        stub.Unary(pb.UnaryRequest(name=NAME, crash=True))
    details = details_of(failure.value)
    assert details.code == grpc.StatusCode.INTERNAL.value[0]
    assert "secret" not in str(details)
