"""What Envoy itself answers to REST callers (bad JSON, an unknown query parameter, headers too large): JSON of the
shape that every other error has (`google.rpc.Status` with an ErrorInfo), not a line of text. gRPC callers get theirs
as a status.

Such a request is no call: nothing is kept of it, so its answer names no ray.
"""

from __future__ import annotations

from collections.abc import Iterable

from portico_server.host.envoy import face_replies, overload, strangers
from portico_server.host.envoy.answers import Answer, by_json, by_status
from portico_server.host.envoy.body_limit import STRANGERS_BYTES
from portico_server.host.envoy.message import Message
from portico_server.host.envoy.rbac import PLAIN_PATH

_FOUND = "%LOCAL_REPLY_BODY%"  # what Envoy has to say: the transcoder names the field, others repeat the status

_NO_HOST = Answer(3, "REQUEST_MALFORMED", "the request does not say whom it is for: send the header Host")
_FRAGMENT = Answer(3, "REQUEST_MALFORMED", "the path has a #: write it as %%23")  # a format, in which %% is a %
"""Of these Envoy says nothing."""
_NOT_THERE = Answer(14, "UNAVAILABLE", "the server is not there now: try again", retry_seconds=1)
"""The process that serves the product is down or too busy; the supervisor starts again what is down."""
_STRANGERS_BODY = Answer(
    3,
    "REQUEST_TOO_LARGE",
    f"the body is larger than {STRANGERS_BYTES // 1024} KiB, which is all that is taken of callers with neither a "
    "client certificate nor a JWT that is good",
)
_ANSWERS = {
    400: Answer(3, "REQUEST_MALFORMED", f"the request cannot be read: {_FOUND}"),
    403: Answer(7, "UPGRADE_REFUSED", "this address speaks HTTP/1.1 and HTTP/2 and upgrades to nothing else"),
    404: Answer(5, "PATH_UNKNOWN", "nothing answers at this path"),
    405: Answer(12, "METHOD_NOT_ALLOWED", "this path takes only the methods that the header Allow names"),
    408: Answer(4, "REQUEST_TOO_SLOW", "the request did not come in time: send it at once"),
    413: Answer(3, "REQUEST_TOO_LARGE", "the body is larger than the setting max_message_bytes lets it be"),
    415: Answer(3, "CONTENT_TYPE_UNKNOWN", "the content type is not known here: send application/json"),
    426: Answer(3, "PROTOCOL_UNKNOWN", "this address speaks HTTP/1.1 and HTTP/2"),
    431: Answer(3, "HEADERS_TOO_LARGE", "the headers are too large, or too many: send less"),
    500: Answer(13, "INTERNAL", "the server failed"),
    501: Answer(12, "TRANSFER_ENCODING_UNKNOWN", "the one transfer encoding that is known here is chunked"),
    502: _NOT_THERE,
    503: _NOT_THERE,
    504: Answer(4, "DEADLINE_EXCEEDED", "the answer did not come in time"),
}
_OTHER_FAILURE = Answer(13, "INTERNAL", "the server failed")
_OTHER_REFUSAL = Answer(3, "REQUEST_REFUSED", "the request was refused")


def local_replies(face_ports: Iterable[int] = ()) -> Message:
    """The connection manager's `local_reply_config`. The first mapper that fits counts. `face_ports`: of doors where
    another protocol is spoken."""
    # Of what is no HTTP at all there is no header, not even the method.
    nameless = (_header(":method", present_match=True), _header(":authority", present_match=True, invert_match=True))
    no_host = _mapper(_NO_HOST, _status("EQ", 400), *nameless)
    fragment = _mapper(_FRAGMENT, _status("EQ", 400), _header(":path", string_match={"contains": "#"}))
    plain = {"safe_regex": {"regex": PLAIN_PATH + r"(\?.*)?"}}
    no_text = _mapper(_ANSWERS[404], _status("EQ", 403), _header(":path", string_match=plain, invert_match=True))
    unknown = (_header(name, present_match=True, invert_match=True) for name in strangers.IDENTITIES)
    of_stranger = _mapper(_STRANGERS_BODY, _status("EQ", 413), *unknown)
    known = [_mapper(answer, _status("EQ", status)) for status, answer in _ANSWERS.items()]
    others = [_mapper(_OTHER_FAILURE, _status("GE", 500)), _mapper(_OTHER_REFUSAL, _status("GE", 400))]
    return {
        "mappers": [
            *face_replies.mappers(face_ports),
            *overload.local_replies(_rest()),
            _grpc_mapper(_NOT_THERE, 503),
            no_host,
            fragment,
            of_stranger,
            {**no_text, "status_code": 404},
            *known,
            *others,
        ]
    }


def _grpc_mapper(answer: Answer, http_status: int) -> Message:
    return {"filter": {"and_filter": {"filters": [_status("EQ", http_status), _grpc()]}}, **by_status(answer)}


def _mapper(answer: Answer, *filters: Message) -> Message:
    return {"filter": {"and_filter": {"filters": [*filters, _rest()]}}, **by_json(answer)}


def _status(comparison: str, http_status: int) -> Message:
    value = {"default_value": http_status, "runtime_key": "unused"}
    return {"status_code_filter": {"comparison": {"op": comparison, "value": value}}}


def _rest() -> Message:
    """Whether no gRPC client asked. A transcoded request looks like gRPC by then; the transcoder's own header tells
    it."""
    grpc_type = {"string_match": {"prefix": "application/grpc"}}
    other = _header("content-type", **grpc_type, invert_match=True, treat_missing_header_as_empty=True)
    return {"or_filter": {"filters": [other, _header("x-envoy-original-path", present_match=True)]}}


def _grpc() -> Message:
    """The contrary of `_rest`."""
    grpc_type = {"string_match": {"prefix": "application/grpc"}}
    untouched = _header("x-envoy-original-path", present_match=True, invert_match=True)
    return {"and_filter": {"filters": [_header("content-type", **grpc_type), untouched]}}


def _header(name: str, **match: object) -> Message:
    return {"header_filter": {"header": {"name": name, **match}}}
