"""How long a caller is willing to wait: the header `grpc-timeout`. Source: "gRPC over HTTP2", Timeout."""

from __future__ import annotations

import grpc

from portico_server.platform.errors import ApiError

_SECONDS = {b"H": 3600.0, b"M": 60.0, b"S": 1.0, b"m": 1e-3, b"u": 1e-6, b"n": 1e-9}
_MAX_DIGITS = 8


def timeout_seconds(value: bytes) -> float:
    """The time-out that a `grpc-timeout` header gives, in seconds. Raises ApiError for what is none."""
    digits, unit = value[:-1], value[-1:]
    if unit not in _SECONDS or not digits.isdigit() or len(digits) > _MAX_DIGITS:
        raise ApiError(
            grpc.StatusCode.INVALID_ARGUMENT,
            "TIMEOUT_MALFORMED",
            "the header grpc-timeout is malformed: give one to eight digits and one of the units H, M, S, m, u, n",
        )
    return int(digits) * _SECONDS[unit]


def exceeded() -> ApiError:
    """The error of a call whose time is up."""
    return ApiError(
        grpc.StatusCode.DEADLINE_EXCEEDED,
        "DEADLINE_EXCEEDED",
        "the call's deadline passed before it was done; its work was cancelled",
    )
