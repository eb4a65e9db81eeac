"""What calls raise: one class for each canonical code, so that `except portico.errors.NotFound` reads as it should.

`reason` is the stable, machine-readable cause (`BUCKET_NOT_FOUND`); `message` is for people. Codes: google.rpc.Code.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FieldViolation:
    """One thing wrong with one field of the request: its path (`bucket.name`), what is wrong, and the rule's id."""

    field: str
    description: str
    rule: str = ""


class PorticoError(Exception):
    """Base of all errors of this SDK.

    Attributes:
        code: the canonical code's name: `NOT_FOUND`.
        reason: the stable cause, UPPER_SNAKE_CASE: `BUCKET_NOT_FOUND`. Empty if the answer came from no Portico
            service.
        message: what was wrong and what to do.
        metadata: the reason's parameters (`resource`, `permission`, …).
        violations: what was wrong with which field of the request.
        ray_id: finds the call in `portico trace`, the logs and the events. Empty if the call did not reach a platform.
        retry_after_seconds: when the same call may succeed, if the platform said so.
    """

    code = "UNKNOWN"

    def __init__(
        self,
        message: str,
        *,
        reason: str = "",
        metadata: Mapping[str, str] | None = None,
        violations: Sequence[FieldViolation] = (),
        ray_id: str = "",
        retry_after_seconds: float | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.reason = reason
        self.metadata = dict(metadata or {})
        self.violations = tuple(violations)
        self.ray_id = ray_id
        self.retry_after_seconds = retry_after_seconds

    def __str__(self) -> str:
        cause = f"{self.code} ({self.reason})" if self.reason else self.code
        return f"{cause}: {self.message}" + (f" [ray {self.ray_id}]" if self.ray_id else "")


class Cancelled(PorticoError):
    """The call was cancelled."""

    code = "CANCELLED"


class InvalidArgument(PorticoError):
    """The request is wrong, whatever the state; `violations` say where."""

    code = "INVALID_ARGUMENT"


class DeadlineExceeded(PorticoError):
    """The time for the call was over. Whether it took effect is not known."""

    code = "DEADLINE_EXCEEDED"


class NotFound(PorticoError):
    """What the request names is not there."""

    code = "NOT_FOUND"


class AlreadyExists(PorticoError):
    """What should be created is there already."""

    code = "ALREADY_EXISTS"


class PermissionDenied(PorticoError):
    """The caller is known and may not do this; `metadata` has `permission` and `resource`."""

    code = "PERMISSION_DENIED"


class ResourceExhausted(PorticoError):
    """A limit, a quota or the disk is used up."""

    code = "RESOURCE_EXHAUSTED"


class FailedPrecondition(PorticoError):
    """The state does not allow it: a condition does not hold, a bucket is not empty."""

    code = "FAILED_PRECONDITION"


class Aborted(PorticoError):
    """Somebody else changed it meanwhile: read it again and decide anew."""

    code = "ABORTED"


class OutOfRange(PorticoError):
    """The range is not in the object."""

    code = "OUT_OF_RANGE"


class Unimplemented(PorticoError):
    """The platform has no such method; it may be older than this SDK or not run the product."""

    code = "UNIMPLEMENTED"


class Internal(PorticoError):
    """Something went wrong inside the platform; the ray id finds it in its logs."""

    code = "INTERNAL"


class Unavailable(PorticoError):
    """The platform cannot be reached or is overloaded."""

    code = "UNAVAILABLE"


class DataLoss(PorticoError):
    """Bytes arrived that are not those that were stored (`CHECKSUM_MISMATCH`, `SIZE_MISMATCH`)."""

    code = "DATA_LOSS"


class Unauthenticated(PorticoError):
    """No token, or not a good one; `reason` says which."""

    code = "UNAUTHENTICATED"


class ProfileError(PorticoError):
    """The profile is missing or cannot be used; the message says what to do. Nothing was sent."""

    code = "FAILED_PRECONDITION"


CLASSES: Mapping[str, type[PorticoError]] = {
    kind.code: kind for kind in PorticoError.__subclasses__() if kind is not ProfileError
}
"""The class of each code; a code that has none is raised as PorticoError."""
