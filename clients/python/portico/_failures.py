"""Turns gRPC's errors into this SDK's: code, `google.rpc` details and ray id. Works for the sync and the asyncio
ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from google.protobuf.message import DecodeError, Message
from google.rpc import error_details_pb2, status_pb2

from portico.errors import CLASSES, FieldViolation, PorticoError, ProfileError, Unauthenticated

DETAILS = "grpc-status-details-bin"
RAY = "x-ray-id"


def error_of(failure: Any) -> PorticoError:
    """The typed error of a `grpc.RpcError` that is also a call (it has `code`, `details` and both metadata)."""
    if (refused := _door_error(failure)) is not None:
        return refused
    metadata = [*(failure.initial_metadata() or ()), *(failure.trailing_metadata() or ())]
    code = failure.code().name
    return error_in(_status(metadata), code, failure.details() or code, ray_of(metadata))


def error_in(status: status_pb2.Status, code: str, message: str = "", ray_id: str = "") -> PorticoError:
    """The typed error of a status with details; `message` and `ray_id`: what counts where they say nothing of it."""
    kind = CLASSES.get(code, PorticoError)
    info = error_details_pb2.ErrorInfo()
    bad_request = error_details_pb2.BadRequest()
    retry = error_details_pb2.RetryInfo()
    found = [_unpack(status, message) for message in (info, bad_request, retry)]
    parameters = dict(info.metadata)
    error = kind(
        status.message or message,
        reason=info.reason,
        ray_id=parameters.pop("ray_id", "") or ray_id,
        metadata=parameters,
        violations=[FieldViolation(item.field, item.description, item.reason) for item in bad_request.field_violations],
        retry_after_seconds=retry.retry_delay.ToNanoseconds() / 1e9 if found[2] else None,
    )
    if kind is PorticoError:
        error.code = code
    return error


_DOOR_ERRORS: tuple[tuple[str, Callable[[], PorticoError]], ...] = (
    (
        "TSI_DATA_CORRUPTED",  # an alert of TLS in the place of data
        lambda: Unauthenticated("the platform does not accept the client certificate", reason="CERTIFICATE_REFUSED"),
    ),
    (
        "CERTIFICATE_VERIFY_FAILED",
        lambda: ProfileError("the platform's certificate is not of the profile's authority", reason="PLATFORM_UNKNOWN"),
    ),
    (
        "Failed to create security handshaker",
        lambda: ProfileError(
            "ca.pem, client.pem or client.key cannot be used: not PEM, or the key is another certificate's",
            reason="PROFILE_UNREADABLE",
        ),
    ),
)
"""What gRPC only tells in words, and as a platform that cannot be reached: calls that the TLS handshake ended."""


def _door_error(failure: Any) -> PorticoError | None:
    if failure.code().name not in ("UNAVAILABLE", "UNKNOWN"):
        return None
    told = failure.details() or ""
    return next((make() for words, make in _DOOR_ERRORS if words in told), None)


def ray_of(metadata: Any) -> str:
    """The ray id in headers or trailers, empty if there is none."""
    return next((value for key, value in metadata or () if key == RAY), "")


def _status(metadata: list[tuple[str, Any]]) -> status_pb2.Status:
    raw = next((value for key, value in metadata if key == DETAILS), b"")
    try:
        return status_pb2.Status.FromString(raw)
    except DecodeError:
        return status_pb2.Status()


def _unpack(status: status_pb2.Status, message: Message) -> bool:
    """Fills the message from the detail of its type; False if there is none."""
    return any(detail.Is(message.DESCRIPTOR) and detail.Unpack(message) for detail in status.details)
