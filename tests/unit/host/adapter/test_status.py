"""How the end of a call looks on the wire."""

from __future__ import annotations

import base64
import urllib.parse

import grpc
import pytest
from google.rpc import error_details_pb2, status_pb2
from hypothesis import given
from hypothesis import strategies as st

from portico_server.host.adapter.status import OK, outcome_of, percent_encode
from portico_server.platform.errors import ApiError, FieldViolation


def details_of(error: ApiError) -> status_pb2.Status:
    value = dict(outcome_of(error, "ray").headers())[b"grpc-status-details-bin"]
    return status_pb2.Status.FromString(base64.b64decode(value + b"=="))


def test_success_is_a_zero_and_nothing_else() -> None:
    assert OK.headers() == [(b"grpc-status", b"0")]


def test_an_error_is_told_with_code_message_and_details() -> None:
    error = ApiError(grpc.StatusCode.NOT_FOUND, "BUCKET_NOT_FOUND", "there is no such bucket")
    headers = dict(outcome_of(error, "ray").headers())
    assert headers[b"grpc-status"] == b"5"
    assert headers[b"grpc-message"] == b"there is no such bucket"
    info = error_details_pb2.ErrorInfo()
    assert details_of(error).details[0].Unpack(info)
    assert (info.reason, info.metadata["ray_id"]) == ("BUCKET_NOT_FOUND", "ray")


@given(st.text(max_size=100))
def test_a_message_survives_percent_encoding(message: str) -> None:
    encoded = percent_encode(message)
    assert all(0x20 <= byte <= 0x7E for byte in encoded)
    assert urllib.parse.unquote(encoded.decode()) == message.encode(errors="replace").decode()


@pytest.mark.parametrize("message", ["x" * 100_000, "\N{SMILING FACE WITH HORNS}" * 100_000])
def test_a_long_message_is_cut(message: str) -> None:
    assert 100 < len(percent_encode(message)) <= 2048


def test_many_violations_are_cut_to_what_clients_take() -> None:
    violations = [FieldViolation(f"field_{number}", "wrong") for number in range(1000)]
    error = ApiError(grpc.StatusCode.INVALID_ARGUMENT, "VALIDATION", "m", violations=violations, retry_after_seconds=2)
    details = details_of(error)
    assert details.ByteSize() <= 4096
    bad_request = error_details_pb2.BadRequest()
    assert details.details[1].Unpack(bad_request)
    assert [violation.field for violation in bad_request.field_violations][:2] == ["field_0", "field_1"]
    assert details.details[-1].Is(error_details_pb2.RetryInfo.DESCRIPTOR)


@pytest.mark.parametrize(
    "error",
    [
        ApiError(grpc.StatusCode.INTERNAL, "R", "m" * 100_000),
        ApiError(grpc.StatusCode.INTERNAL, "R", "m", metadata={"k": "v" * 100_000}),
        ApiError(grpc.StatusCode.FAILED_PRECONDITION, "R" * 100_000, "m"),
    ],
)
def test_no_error_is_longer_than_clients_take(error: ApiError) -> None:
    assert details_of(error).ByteSize() <= 4096
