"""How a call ended, as headers: `grpc-status`, `grpc-message`, `grpc-status-details-bin`.

Source: "gRPC over HTTP2", Responses.
"""

from __future__ import annotations

import urllib.parse
from dataclasses import dataclass

import grpc

from portico_server.host.adapter.metadata import Headers, Metadata, encode, to_base64
from portico_server.platform.errors import ApiError

# All printable ASCII but '%': what need not be percent-encoded in `grpc-message`.
_PLAIN = "".join(chr(code) for code in range(0x20, 0x7F) if chr(code) != "%")
# Clients take 8 KiB of metadata by default (grpcio's soft limit); beyond it they report that instead of our error.
_MAX_MESSAGE_BYTES = 2048
_MAX_DETAILS_BYTES = 4096
DETAILS = "grpc-status-details-bin"
_CODES = {code: str(code.value[0]).encode() for code in grpc.StatusCode}


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a call ended, and the trailing metadata to send with it. `details` is a serialized `google.rpc.Status`."""

    code: grpc.StatusCode
    message: str = ""
    details: bytes = b""
    metadata: Metadata = ()

    @property
    def ok(self) -> bool:
        return self.code is grpc.StatusCode.OK

    def headers(self) -> Headers:
        """The trailers, or the end of the headers where nothing else is sent. Raises ValueError for wrong metadata."""
        headers = [(b"grpc-status", _CODES[self.code])]
        if self.message:
            headers.append((b"grpc-message", percent_encode(self.message)))
        if self.details:
            headers.append((DETAILS.encode(), to_base64(self.details)))
        return headers + encode(self.metadata) if self.metadata else headers


OK = Outcome(grpc.StatusCode.OK)


def outcome_of(error: ApiError, ray_id: str, metadata: Metadata = ()) -> Outcome:
    """What to tell of an error; its list of violations is cut where it is longer than clients take."""
    while len(details := error.status(ray_id).SerializeToString()) > _MAX_DETAILS_BYTES:
        error = _shorter(error)
    return Outcome(error.code, error.message, details, metadata)


def percent_encode(message: str) -> bytes:
    """The value of `grpc-message`: UTF-8, percent-encoded where it is not printable ASCII, of bounded length."""
    message = bounded(message)
    if message.isascii() and message.isprintable() and "%" not in message:
        return message.encode("ascii")
    return _quoted(message).encode("ascii")


def bounded(message: str) -> str:
    """The message, or as much of its beginning as may be sent."""
    message = message[:_MAX_MESSAGE_BYTES]
    if message.isascii() and message.isprintable() and "%" not in message:
        return message
    while len(_quoted(message)) > _MAX_MESSAGE_BYTES:
        message = message[: len(message) // 2]
    return message


def _quoted(message: str) -> str:
    return urllib.parse.quote(message, safe=_PLAIN, errors="replace")


def _shorter(error: ApiError) -> ApiError:
    """The same error with half of what makes it long."""
    if error.violations:
        violations = error.violations[: len(error.violations) // 2]
        shorter = ApiError(error.code, error.reason, error.message, metadata=error.metadata, violations=violations)
    elif error.metadata:
        shorter = ApiError(error.code, error.reason, error.message)
    else:
        shorter = ApiError(error.code, error.reason[:63], error.message[: len(error.message) // 2])
    shorter.retry_after_seconds = error.retry_after_seconds
    return shorter
