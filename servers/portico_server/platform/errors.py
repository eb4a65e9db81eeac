"""Errors as callers see them: a canonical code, a reason, a message that says what to do, and `google.rpc` details.

A product raises its own exceptions, subclasses of `DomainError`, and one table in its `errors.py` maps each to a code
and a reason. The platform and the gateway raise `ApiError`. `to_api_error` turns both, what a database raises, and
anything unexpected, into an `ApiError`.
Source of the rules: AIP-193.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import grpc
from google.protobuf import any_pb2, duration_pb2
from google.rpc import error_details_pb2, status_pb2

from portico_server.platform.database.interface import StorageFailed
from portico_server.platform.database_errors import DATABASE_ERRORS
from portico_server.platform.disk_errors import meaning_of

DOMAIN = "portico"


@dataclass(frozen=True, slots=True)
class FieldViolation:
    """One thing wrong with one field of the request: its path (`bucket.name`), what is wrong, and the rule's id."""

    field: str
    description: str
    reason: str = ""


class ApiError(Exception):
    """An error with everything that a caller is told.

    `reason` is UPPER_SNAKE_CASE and, with the domain, a contract; `metadata` are its parameters. `retry_after_seconds`
    is set where the same call may succeed later. `quota_subject`, where a quota was exceeded, is whose.
    """

    def __init__(
        self,
        code: grpc.StatusCode,
        reason: str,
        message: str,
        *,
        metadata: Mapping[str, str] | None = None,
        violations: Sequence[FieldViolation] = (),
        retry_after_seconds: float | None = None,
        quota_subject: str = "",
    ) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.message = message
        self.metadata = dict(metadata or {})
        self.violations = tuple(violations)
        self.retry_after_seconds = retry_after_seconds
        self.quota_subject = quota_subject

    def status(self, ray_id: str = "") -> status_pb2.Status:
        """The `google.rpc.Status` to send: ErrorInfo always, others where they apply."""
        info = error_details_pb2.ErrorInfo(reason=self.reason, domain=DOMAIN, metadata=self.metadata)
        if ray_id:
            info.metadata["ray_id"] = ray_id
        details: list[any_pb2.Any] = [_packed(info)]
        if self.violations:
            bad = error_details_pb2.BadRequest()
            for violation in self.violations:
                bad.field_violations.add(
                    field=violation.field, description=violation.description, reason=violation.reason
                )
            details.append(_packed(bad))
        if self.code is grpc.StatusCode.FAILED_PRECONDITION:
            failure = error_details_pb2.PreconditionFailure()
            failure.violations.add(
                type=self.reason, subject=self.metadata.get("resource", ""), description=self.message
            )
            details.append(_packed(failure))
        if self.quota_subject:
            exceeded = error_details_pb2.QuotaFailure()
            exceeded.violations.add(subject=self.quota_subject, description=self.message)
            details.append(_packed(exceeded))
        if self.retry_after_seconds is not None:
            delay = duration_pb2.Duration()
            delay.FromNanoseconds(int(self.retry_after_seconds * 1e9))
            details.append(_packed(error_details_pb2.RetryInfo(retry_delay=delay)))
        return status_pb2.Status(code=self.code.value[0], message=self.message, details=details)


class DomainError(Exception):
    """Base of every product's own exceptions. `message` is for the caller: what was wrong and what to do.

    `metadata` are the reason's parameters (`resource`: the name of what it is about); `field`, where one field of the
    request is at fault, its path.
    """

    def __init__(self, message: str, *, field: str = "", **metadata: str) -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        self.metadata = metadata


ErrorTable = Mapping[type[DomainError], tuple[grpc.StatusCode, str]]
"""A product's exceptions, each with its code and reason."""


def to_api_error(error: BaseException, table: ErrorTable) -> ApiError:
    """What to tell the caller of any exception. What nobody expected is INTERNAL and says nothing of the inside."""
    if isinstance(error, ApiError):
        return error
    if isinstance(error, DomainError) and type(error) in table:
        code, reason = table[type(error)]
        violations = [FieldViolation(error.field, error.message, reason)] if error.field else []
        return ApiError(code, reason, error.message, metadata=error.metadata, violations=violations)
    told = DATABASE_ERRORS.get(_refusal(error) if isinstance(error, OSError) else type(error))
    if told is not None:
        return ApiError(told.code, told.reason, told.message, retry_after_seconds=told.retry_after_seconds)
    return ApiError(
        grpc.StatusCode.INTERNAL,
        "INTERNAL",
        "something went wrong inside; the ray id in the error's details finds it in the logs",
    )


def _refusal(error: OSError) -> type[BaseException]:
    """What a disk means that has refused before anything was written; of one that fails nobody knows."""
    kind = meaning_of(error.errno)
    return type(error) if kind is None or kind is StorageFailed else kind


def invalid_argument(field: str, description: str, reason: str = "INVALID_FIELD") -> ApiError:
    """INVALID_ARGUMENT about one field."""
    return ApiError(
        grpc.StatusCode.INVALID_ARGUMENT,
        reason,
        f"{field}: {description}",
        violations=[FieldViolation(field, description, reason)],
    )


def _packed(
    message: error_details_pb2.ErrorInfo
    | error_details_pb2.BadRequest
    | error_details_pb2.PreconditionFailure
    | error_details_pb2.QuotaFailure
    | error_details_pb2.RetryInfo,
) -> any_pb2.Any:
    packed = any_pb2.Any()
    packed.Pack(message)
    return packed
