"""What the plain host does otherwise than the embedded one, and what it has to stand by itself."""

from __future__ import annotations

import grpc
import pytest
from pyqwest import StreamError

from tests.interop.conftest import Host
from tests.interop.test_bad_requests import GOOD, MAX_MESSAGE_BYTES, UNARY, details_of, status
from tests.interop.test_rest import UNARY as REST
from tests.interop.test_rest import post
from tests.interop.wire import framed
from tests.testing_product.product import pb, rpc

SERVICE = "/portico.testing.v1.TestingService"


@pytest.fixture
def host(plain: Host) -> Host:
    return plain


@pytest.mark.parametrize("body", [framed(GOOD)[:-1], framed(GOOD)[:3]], ids=["cut message", "cut header"])
def test_a_request_that_is_cut_off_is_refused_as_one_without_a_message(plain: Host, body: bytes) -> None:
    assert status(plain.grpc_post(UNARY, body)) is grpc.StatusCode.UNIMPLEMENTED


def test_a_message_far_over_the_limit_is_refused_without_being_held(stub: rpc.TestingServiceStub) -> None:
    with pytest.raises(grpc.RpcError) as failure:
        stub.Unary(pb.UnaryRequest(payload=bytes(3 * MAX_MESSAGE_BYTES)))
    assert failure.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


def test_metadata_that_is_malformed_ends_that_call_alone(plain: Host) -> None:
    assert status(plain.grpc_post(UNARY, framed(GOOD), k_bin="%%")) is grpc.StatusCode.INTERNAL
    assert status(plain.grpc_post(UNARY, framed(GOOD), k_bin="AAEC")) is grpc.StatusCode.OK


def test_a_time_out_that_is_malformed_ends_that_call_alone(plain: Host) -> None:
    assert status(plain.grpc_post(UNARY, framed(GOOD), grpc_timeout="soon")) is grpc.StatusCode.INVALID_ARGUMENT
    assert status(plain.grpc_post(UNARY, framed(GOOD), grpc_timeout="10S")) is grpc.StatusCode.OK


def test_a_deadline_is_told_with_its_reason(stub: rpc.TestingServiceStub, plain: Host) -> None:
    request = framed(pb.UnaryRequest(name="accounts/default/tests/x", delay_millis=60_000).SerializeToString())
    response = plain.grpc_post(UNARY, request, grpc_timeout="50m")
    assert status(response) is grpc.StatusCode.DEADLINE_EXCEEDED
    assert "grpc-status-details-bin" in response.headers


def test_a_transcoded_stream_that_breaks_is_reset_after_a_small_message_too(plain: Host) -> None:
    with pytest.raises(StreamError):
        post(plain, f"{REST}:stream", sizes_bytes=[1], status={"code": 5, "message": "after one"})


def test_an_error_is_sent_in_the_headers_alone(plain: Host) -> None:
    response = plain.grpc_post(UNARY, framed(pb.UnaryRequest(name="x", crash=True).SerializeToString()))
    assert response.headers["grpc-status"] == str(grpc.StatusCode.INTERNAL.value[0])
    assert response.content == b""


def test_an_error_tells_its_details(stub: rpc.TestingServiceStub) -> None:
    with pytest.raises(grpc.RpcError) as failure:
        stub.Unary(pb.UnaryRequest(name="x", crash=True))
    assert details_of(failure.value).code == grpc.StatusCode.INTERNAL.value[0]
