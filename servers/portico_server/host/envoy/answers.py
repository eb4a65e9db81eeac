"""How Envoy tells an error by itself: as every other error is told, to REST callers as JSON (`google.rpc.Status` with
an ErrorInfo), to gRPC callers as a status with the same details."""

from __future__ import annotations

import base64
from typing import NamedTuple

from google.rpc import error_details_pb2, status_pb2

from portico_server.host.envoy.message import TYPES, Message

DOMAIN = "portico"


class Answer(NamedTuple):
    """A google.rpc.Code, an ErrorInfo reason, and a sentence; where it helps, after how many seconds to try again."""

    code: int
    reason: str
    message: str
    retry_seconds: int = 0


def by_json(answer: Answer) -> Message:
    """What a mapper of local replies has for REST callers."""
    details = [{"@type": f"{TYPES}google.rpc.ErrorInfo", "reason": answer.reason, "domain": DOMAIN}]
    if answer.retry_seconds:
        details.append({"@type": f"{TYPES}google.rpc.RetryInfo", "retryDelay": f"{answer.retry_seconds}s"})
    body = {"code": answer.code, "message": answer.message, "details": details}
    return {"body_format_override": {"json_format": body, "content_type": "application/json"}}


def by_status(answer: Answer) -> Message:
    """What a mapper has for gRPC callers: the sentence becomes `grpc-message`; the code comes of the HTTP status."""
    status = status_pb2.Status(code=answer.code, message=answer.message)
    status.details.add().Pack(error_details_pb2.ErrorInfo(reason=answer.reason, domain=DOMAIN))
    if answer.retry_seconds:
        status.details.add().Pack(error_details_pb2.RetryInfo(retry_delay={"seconds": answer.retry_seconds}))
    details = base64.b64encode(status.SerializeToString()).rstrip(b"=").decode()  # as binary metadata is sent
    return {
        "headers_to_add": [header("grpc-status-details-bin", details)],
        "body_format_override": {"text_format_source": {"inline_string": answer.message}},
    }


def header(key: str, value: str) -> Message:
    """A header to add, in the place of one that is there."""
    return {"header": {"key": key, "value": value}, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}
