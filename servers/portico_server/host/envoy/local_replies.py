"""What Envoy itself answers to REST callers (bad JSON, an unknown query parameter, headers too large): JSON of the
shape that every other error has (`google.rpc.Status` with an ErrorInfo), not a line of text. gRPC callers get theirs
as a status.
"""

from __future__ import annotations

from typing import NamedTuple

from portico_server.host.envoy.message import TYPES, Message


class _Answer(NamedTuple):
    """How an HTTP status is told: a google.rpc.Code and an ErrorInfo reason."""

    code: int
    reason: str


_ANSWERS = {
    400: _Answer(3, "REQUEST_MALFORMED"),
    404: _Answer(5, "PATH_UNKNOWN"),
    408: _Answer(4, "REQUEST_TOO_SLOW"),
    413: _Answer(3, "REQUEST_TOO_LARGE"),
    415: _Answer(3, "CONTENT_TYPE_UNKNOWN"),
    426: _Answer(3, "PROTOCOL_UNKNOWN"),
    431: _Answer(3, "HEADERS_TOO_LARGE"),
    500: _Answer(13, "INTERNAL"),
    502: _Answer(14, "UNAVAILABLE"),
    503: _Answer(14, "UNAVAILABLE"),
    504: _Answer(4, "DEADLINE_EXCEEDED"),
}
_DOMAIN = "portico"


def local_replies() -> Message:
    """The connection manager's `local_reply_config`."""
    return {"mappers": [_mapper(status, answer) for status, answer in _ANSWERS.items()]}


def _mapper(http_status: int, answer: _Answer) -> Message:
    this_status = {"comparison": {"op": "EQ", "value": {"default_value": http_status, "runtime_key": "unused"}}}
    # A transcoded request looks like gRPC by then; the transcoder's own header tells it.
    rest = {"or_filter": {"filters": [_header("content-type", "application/grpc", absent=True), _transcoded()]}}
    error = {
        "@type": f"{TYPES}google.rpc.ErrorInfo",
        "reason": answer.reason,
        "domain": _DOMAIN,
        "metadata": {"detail": "%RESPONSE_CODE_DETAILS%"},
    }
    body = {"code": answer.code, "message": "%LOCAL_REPLY_BODY%", "details": [error]}
    return {
        "filter": {"and_filter": {"filters": [{"status_code_filter": this_status}, rest]}},
        "body_format_override": {"json_format": body, "content_type": "application/json"},
    }


def _header(name: str, prefix: str, *, absent: bool) -> Message:
    """Whether the request has a header that begins so, or, with `absent`, has none such."""
    match = {"name": name, "string_match": {"prefix": prefix}, "invert_match": absent}
    return {"header_filter": {"header": {**match, "treat_missing_header_as_empty": absent}}}


def _transcoded() -> Message:
    return {"header_filter": {"header": {"name": "x-envoy-original-path", "present_match": True}}}
