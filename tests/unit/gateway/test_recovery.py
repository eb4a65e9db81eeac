"""What is told of an exception."""

from __future__ import annotations

import asyncio
import errno

import grpc
import pytest
from structlog.testing import capture_logs

from portico_server.gateway.errors import error_mapper
from portico_server.gateway.recovery import recovered as told_of
from portico_server.platform.database import (
    Contended,
    GuardFailed,
    OutcomeUnknown,
    StorageFailed,
    StorageFull,
    StorageReadOnly,
)
from portico_server.platform.errors import ApiError, DomainError
from tests.unit.gateway.fakes import new_call


class BucketNotEmpty(DomainError):
    pass


class Unmapped(DomainError):
    pass


TABLE = {BucketNotEmpty: (grpc.StatusCode.FAILED_PRECONDITION, "BUCKET_NOT_EMPTY")}
ERRORS = error_mapper([TABLE])


def recovered(error: BaseException) -> ApiError:
    call = new_call()
    call.ray_id = "r" * 32
    told = told_of(call, error, ERRORS)
    assert isinstance(told, ApiError)
    return told


def test_an_unexpected_exception_becomes_internal_and_says_nothing_of_the_inside() -> None:
    told = recovered(RuntimeError("password=hunter2 in /srv/secret.py"))

    assert (told.code, told.reason) == (grpc.StatusCode.INTERNAL, "INTERNAL")
    assert "hunter2" not in str(told.status())


def test_an_unexpected_exception_is_logged_once_with_ray_id_and_traceback() -> None:
    error = RuntimeError("boom")

    with capture_logs() as logs:
        recovered(error)

    (line,) = logs
    assert line["ray_id"] == "r" * 32
    assert line["exc_info"] is error
    assert line["method"] == "/portico.testing.v1.TestingService/Unary"


def test_a_products_exception_becomes_what_its_table_says_and_is_not_logged() -> None:
    with capture_logs() as logs:
        told = recovered(BucketNotEmpty("delete its objects first", resource="accounts/a/buckets/b"))

    assert (told.code, told.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "BUCKET_NOT_EMPTY")
    assert told.metadata == {"resource": "accounts/a/buckets/b"}
    assert not logs


def test_a_products_exception_that_no_table_maps_is_unexpected() -> None:
    with capture_logs() as logs:
        assert recovered(Unmapped("secret")).code is grpc.StatusCode.INTERNAL
    assert len(logs) == 1


@pytest.mark.parametrize(
    ("error", "code", "retried"),
    [
        (Contended("locked"), grpc.StatusCode.ABORTED, True),
        (OutcomeUnknown("lost"), grpc.StatusCode.UNKNOWN, False),
        (StorageFull("full"), grpc.StatusCode.RESOURCE_EXHAUSTED, False),
        (StorageFailed("broken"), grpc.StatusCode.UNAVAILABLE, False),
        (StorageReadOnly("aborted"), grpc.StatusCode.UNAVAILABLE, False),
        (OSError(errno.EROFS, "of a file beside"), grpc.StatusCode.UNAVAILABLE, False),
        (OSError(errno.ENOSPC, "of a file beside"), grpc.StatusCode.RESOURCE_EXHAUSTED, False),
        (OSError(errno.EIO, "nobody knows what was written"), grpc.StatusCode.INTERNAL, False),
    ],
)
def test_what_a_database_raises_is_told_without_a_products_help(
    error: Exception, code: grpc.StatusCode, retried: bool
) -> None:
    told = recovered(error)

    assert told.code is code
    assert (told.retry_after_seconds is not None) is retried


def test_a_guard_that_nobody_judged_is_a_fault_of_ours() -> None:
    assert recovered(GuardFailed("guard", 0)).code is grpc.StatusCode.INTERNAL


def test_an_error_that_is_ready_to_be_told_passes_unchanged() -> None:
    error = ApiError(grpc.StatusCode.INTERNAL, "OURS", "told")

    with capture_logs() as logs:
        assert recovered(error) is error
    assert not logs


@pytest.mark.parametrize("error", [asyncio.CancelledError(), grpc.aio.AbortError(), KeyboardInterrupt()])
def test_cancellation_and_abort_pass(error: BaseException) -> None:
    assert told_of(new_call(), error, ERRORS) is error


def test_two_products_may_not_map_the_same_exception() -> None:
    with pytest.raises(ValueError, match="BucketNotEmpty"):
        error_mapper([TABLE, TABLE])
