"""What callers are told of an error."""

from __future__ import annotations

import grpc
from google.protobuf.message import Message
from google.rpc import error_details_pb2

from portico_server.platform.errors import ApiError, DomainError, FieldViolation, invalid_argument, to_api_error


class Gone(DomainError):
    """An error of some product's."""


TABLE = {Gone: (grpc.StatusCode.NOT_FOUND, "GONE")}


def details(error: ApiError, ray_id: str = "") -> dict[str, Message]:
    """The status's details by the short name of their type."""
    found: dict[str, Message] = {}
    for packed in error.status(ray_id).details:
        name = packed.TypeName().rpartition(".")[2]
        assert name not in found, "each type of detail at most once (AIP-193)"
        found[name] = getattr(error_details_pb2, name)()
        packed.Unpack(found[name])
    return found


def test_every_error_has_its_reason_and_the_ray_id() -> None:
    error = ApiError(grpc.StatusCode.ABORTED, "ETAG_MISMATCH", "read it again", metadata={"resource": "accounts/a"})
    (info,) = details(error, "ray").values()
    assert info == error_details_pb2.ErrorInfo(
        reason="ETAG_MISMATCH", domain="portico", metadata={"resource": "accounts/a", "ray_id": "ray"}
    )
    assert error.status().code == 10
    assert error.status().message == "read it again"


def test_a_products_error_gets_its_code_and_reason_from_the_table() -> None:
    error = to_api_error(Gone("it is gone; make a new one", field="name", resource="accounts/a"), TABLE)
    assert (error.code, error.reason, error.message) == (
        grpc.StatusCode.NOT_FOUND,
        "GONE",
        "it is gone; make a new one",
    )
    assert error.metadata == {"resource": "accounts/a"}
    assert error.violations == (FieldViolation("name", "it is gone; make a new one", "GONE"),)


def test_what_nobody_expected_tells_nothing_of_the_inside() -> None:
    for unexpected in (KeyError("secret"), Gone("secret"), ExceptionGroup("secret", [ValueError("secret")])):
        error = to_api_error(unexpected, {})
        assert error.code is grpc.StatusCode.INTERNAL
        assert "secret" not in str(error.status("ray"))


def test_an_api_error_stays_what_it_is() -> None:
    error = invalid_argument("name", "is wrong")
    assert to_api_error(error, TABLE) is error


def test_invalid_fields_are_listed() -> None:
    bad = details(invalid_argument("bucket.name", "must be a name", "INVALID_NAME"))["BadRequest"]
    assert isinstance(bad, error_details_pb2.BadRequest)
    (violation,) = bad.field_violations
    assert (violation.field, violation.description, violation.reason) == (
        "bucket.name",
        "must be a name",
        "INVALID_NAME",
    )


def test_a_precondition_names_its_subject() -> None:
    error = ApiError(grpc.StatusCode.FAILED_PRECONDITION, "NOT_EMPTY", "empty it first", metadata={"resource": "x"})
    failure = details(error)["PreconditionFailure"]
    assert isinstance(failure, error_details_pb2.PreconditionFailure)
    assert (failure.violations[0].type, failure.violations[0].subject) == ("NOT_EMPTY", "x")


def test_where_a_retry_helps_its_time_is_told() -> None:
    retry = details(ApiError(grpc.StatusCode.UNAVAILABLE, "BUSY", "later", retry_after_seconds=1.5))["RetryInfo"]
    assert isinstance(retry, error_details_pb2.RetryInfo)
    assert retry.retry_delay.ToMilliseconds() == 1500
