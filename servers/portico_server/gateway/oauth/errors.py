"""Errors as OAuth 2.0 tells them (RFC 6749, 5.2): JSON with `error` and `error_description`."""

from __future__ import annotations

import json
import math

import grpc

from portico_server.platform.errors import ApiError
from portico_server.platform.http_face import HttpResponse

NO_STORE = {"cache-control": "no-store", "pragma": "no-cache"}
"""For whatever has to do with tokens (RFC 6749, 5.1)."""

CHALLENGE = {"www-authenticate": 'Basic realm="portico", charset="UTF-8"'}

_CODES = {
    "invalid_client": grpc.StatusCode.UNAUTHENTICATED,
    "unauthorized_client": grpc.StatusCode.PERMISSION_DENIED,
    "invalid_grant": grpc.StatusCode.FAILED_PRECONDITION,
}
_TOLD = {
    grpc.StatusCode.UNAUTHENTICATED: (401, "invalid_client"),
    grpc.StatusCode.RESOURCE_EXHAUSTED: (429, "temporarily_unavailable"),
    grpc.StatusCode.UNAVAILABLE: (503, "temporarily_unavailable"),
    grpc.StatusCode.INVALID_ARGUMENT: (400, "invalid_request"),
    grpc.StatusCode.CANCELLED: (400, "invalid_request"),
}
"""Of what the pipeline refuses; all else is a `server_error`."""


class OAuthError(ApiError):
    """An error of the protocol. `error` is its code there, the reason in events and logs the same in capitals."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(_CODES.get(error, grpc.StatusCode.INVALID_ARGUMENT), error.upper(), description)
        self.error = error


def refusal(error: ApiError) -> HttpResponse:
    """The answer to a request that was refused."""
    if isinstance(error, OAuthError):
        status, code = (401 if error.error == "invalid_client" else 400), error.error
    else:
        status, code = _TOLD.get(error.code, (500, "server_error"))
    # RFC 6749, 5.2: neither quotation marks nor backslashes.
    description = error.message.replace('"', "'").replace("\\", "/").encode("ascii", "replace").decode()
    content = json.dumps({"error": code, "error_description": description}).encode()
    headers = {"content-type": "application/json", **NO_STORE, **(CHALLENGE if status == 401 else {})}
    if error.retry_after_seconds is not None:
        headers["retry-after"] = str(max(1, math.ceil(error.retry_after_seconds)))
    return HttpResponse(status, content, headers)
