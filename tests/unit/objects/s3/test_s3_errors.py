"""Errors as S3 tells them."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

import grpc
import pytest

from portico_server.objects import errors as domain
from portico_server.objects.faces.s3 import errors, refusals
from portico_server.objects.faces.s3.addresses import Address
from portico_server.objects.faces.s3.error_answers import answer
from portico_server.platform.errors import ApiError, FieldViolation, to_api_error

ADDRESS = Address("", "bucket", "a/b")


def told(error: ApiError, verb: str = "GET") -> tuple[int, dict[str, str], dict[str, str]]:
    """Status, headers, and the elements of the body."""
    response = answer(error, verb, ADDRESS, "/bucket/a/b", "ray")
    assert isinstance(response.body, bytes)
    elements = {found.tag: found.text or "" for found in ElementTree.fromstring(response.body)} if response.body else {}
    return response.status, dict(response.headers), elements


def test_each_reason_of_the_contract_has_a_code_of_s3() -> None:
    """But those of queues and webhooks, which S3 cannot read."""
    others = (
        "OBJECT_DAMAGED",
        "QUEUE_NOT_FOUND",
        "NOTIFICATION_NOT_TOLD",
        "NOTIFICATION_NOT_NEXT",
        "WEBHOOK_NOT_FOUND",
    )
    others += ("TOO_MANY_WEBHOOKS", "TOO_MANY_TESTS")
    for _, reason in domain.ERRORS.values():
        found = errors.told(ApiError(grpc.StatusCode.DATA_LOSS, reason, "message"))
        assert found.code != "InternalError" or reason in others, reason


def test_a_missing_object_is_told_with_its_key_and_the_ray() -> None:
    error = to_api_error(domain.ObjectNotFound("there is none", resource="x"), domain.ERRORS)
    status, headers, elements = told(error)
    assert (status, headers["x-amz-request-id"]) == (404, "ray")
    assert elements == {
        "Code": "NoSuchKey",
        "Message": "The specified key does not exist.",
        "Key": "a/b",
        "BucketName": "bucket",
        "Resource": "/bucket/a/b",
        "RequestId": "ray",
        "HostId": "portico",
    }


def test_head_gets_no_body() -> None:
    status, headers, elements = told(to_api_error(domain.ObjectNotFound("none"), domain.ERRORS), "HEAD")
    assert (status, elements, headers["x-amz-request-id"]) == (404, {}, "ray")


@pytest.mark.parametrize(("verb", "status"), [("GET", 304), ("HEAD", 304), ("PUT", 412)])
def test_what_is_unchanged_is_a_304_for_readers(verb: str, status: int) -> None:
    error = to_api_error(domain.NotModified("unchanged", etag="e", modified_seconds="0"), domain.ERRORS)
    found, headers, elements = told(error, verb)
    assert found == status
    assert headers["etag"] == '"e"'
    assert headers["last-modified"] == "Thu, 01 Jan 1970 00:00:00 GMT"
    assert elements.get("Code") == (None if status == 304 else "PreconditionFailed")


def test_a_marker_that_is_named_cannot_be_read() -> None:
    error = to_api_error(domain.ObjectNotFound("a marker", delete_marker="true"), domain.ERRORS)
    status, headers, _ = told(error)
    assert (status, headers["x-amz-delete-marker"], headers["allow"]) == (405, "true", "DELETE")


def test_a_range_behind_the_end_says_how_long_the_object_is() -> None:
    error = to_api_error(domain.InvalidRange("behind", resource="x", size_bytes="7"), domain.ERRORS)
    status, headers, elements = told(error)
    assert (status, headers["content-range"], elements["ActualObjectSize"]) == (416, "bytes */7", "7")


@pytest.mark.parametrize(
    ("reason", "field", "code"),
    [
        ("BAD_DIGEST", "size_bytes", "IncompleteBody"),
        ("BAD_DIGEST", "content_sha256", "XAmzContentSHA256Mismatch"),
        ("BAD_DIGEST", "checksums.md5", "BadDigest"),
        ("VALIDATION_FAILED", "bucket_id", "InvalidBucketName"),
        ("VALIDATION_FAILED", 'tags["<"]', "InvalidTag"),
        ("VALIDATION_FAILED", "prefix", "InvalidArgument"),
    ],
)
def test_a_field_tells_more_exactly_what_was_wrong(reason: str, field: str, code: str) -> None:
    error = ApiError(grpc.StatusCode.INVALID_ARGUMENT, reason, "message", violations=[FieldViolation(field, "message")])
    assert told(error)[2]["Code"] == code


def test_reasons_that_nobody_has_listed_are_told_by_their_code() -> None:
    expected = {
        grpc.StatusCode.UNAVAILABLE: (503, "ServiceUnavailable"),
        grpc.StatusCode.RESOURCE_EXHAUSTED: (503, "SlowDown"),
        grpc.StatusCode.PERMISSION_DENIED: (403, "AccessDenied"),
        grpc.StatusCode.UNKNOWN: (500, "InternalError"),
    }
    for code, (status, name) in expected.items():
        found, _, elements = told(ApiError(code, "SOMETHING", "message"))
        assert (found, elements["Code"]) == (status, name)


def test_what_came_is_told_within_bounds_and_escaped() -> None:
    _, _, elements = told(refusals.invalid_argument("max-keys", "<" * 1000, "no <number>"))
    assert elements["ArgumentName"] == "max-keys"
    assert elements["ArgumentValue"] == "<" * 256
    assert elements["Message"] == "no <number>"


def test_what_is_refused_says_what_to_do() -> None:
    status, _, elements = told(refusals.not_implemented("PutBucketWebsite", "serve pages elsewhere"))
    assert (status, elements["Code"]) == (501, "NotImplemented")
    assert elements["Message"] == "PutBucketWebsite is not implemented here; serve pages elsewhere"
