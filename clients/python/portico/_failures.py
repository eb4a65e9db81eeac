"""Turns gRPC's errors into this SDK's: code, `google.rpc` details and ray id. Works for the sync and the asyncio
ones."""

from __future__ import annotations

from typing import Any

from google.protobuf.message import DecodeError, Message
from google.rpc import error_details_pb2, status_pb2

from portico.errors import CLASSES, FieldViolation, PorticoError

DETAILS = "grpc-status-details-bin"
RAY = "x-ray-id"


def error_of(failure: Any) -> PorticoError:
    """The typed error of a `grpc.RpcError` that is also a call (it has `code`, `details` and both metadata)."""
    metadata = [*(failure.initial_metadata() or ()), *(failure.trailing_metadata() or ())]
    code = failure.code()
    kind = CLASSES.get(code.name, PorticoError)
    status = _status(metadata)
    info = error_details_pb2.ErrorInfo()
    bad_request = error_details_pb2.BadRequest()
    retry = error_details_pb2.RetryInfo()
    found = [_unpack(status, message) for message in (info, bad_request, retry)]
    parameters = dict(info.metadata)
    error = kind(
        status.message or failure.details() or code.name,
        reason=info.reason,
        ray_id=parameters.pop("ray_id", "") or ray_of(metadata),
        metadata=parameters,
        violations=[FieldViolation(item.field, item.description, item.reason) for item in bad_request.field_violations],
        retry_after_seconds=retry.retry_delay.ToNanoseconds() / 1e9 if found[2] else None,
    )
    if kind is PorticoError:
        error.code = code.name
    return error


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
