"""What Envoy itself answers at a face's door (`local_replies`), in the protocol that is spoken there: S3's XML.

Such a request is no call: nothing is kept of it, so its answer names no ray.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from portico_server.host.envoy import headers, overload
from portico_server.host.envoy.answers import header
from portico_server.host.envoy.message import Message, extension


class Error(NamedTuple):
    """An error of S3: its code, a sentence, and the HTTP status that goes with it."""

    code: str
    message: str
    http_status: int


_OVERLOADED = Error("SlowDown", "Please reduce your request rate: more come than can be served now.", 503)
_NOT_THERE = Error("ServiceUnavailable", "The server is not there now: please try again.", 503)
_PATH = Error("InvalidURI", "The path is not percent-encoded UTF-8.", 400)
_ERRORS = {
    400: Error("InvalidRequest", "The request cannot be read.", 400),
    403: _PATH,
    408: Error("RequestTimeout", "The request did not come in time.", 400),
    413: Error("EntityTooLarge", "The body is larger than is allowed.", 400),
    426: Error("InvalidRequest", "This address speaks HTTP/1.1 and HTTP/2.", 400),
    431: Error("RequestHeaderSectionTooLarge", "The headers are too large, or too many.", 400),
    501: Error("NotImplemented", "The one transfer encoding that is known here is chunked.", 501),
    502: _NOT_THERE,
    503: _NOT_THERE,
    504: _NOT_THERE,
}
_OTHER_FAILURE = Error("InternalError", "We encountered an internal error. Please try again.", 500)
_OTHER_REFUSAL = Error("InvalidRequest", "The request was refused.", 400)


def mappers(ports: Iterable[int]) -> list[Message]:
    """Mappers for before all others. `ports`: those of the faces' doors; requests that are marked (`faces`) are told
    so, too."""
    at_door = _any([*map(_at_port, ports), _MARKED])
    overloaded = _all(at_door, {"response_flag_filter": {"flags": [overload.FLAG]}})
    after = header("retry-after", str(overload.RETRY_SECONDS))
    known = [_mapper(_all(at_door, _status("EQ", status)), error) for status, error in _ERRORS.items()]
    return [
        {**_mapper(overloaded, _OVERLOADED), "headers_to_add": [after]},
        *known,
        _mapper(_all(at_door, _status("GE", 500)), _OTHER_FAILURE),
        _mapper(_all(at_door, _status("GE", 400)), _OTHER_REFUSAL),
    ]


def _mapper(condition: Message, error: Error) -> Message:
    text = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f"<Error><Code>{error.code}</Code><Message>{error.message}</Message></Error>"
    )
    return {
        "filter": condition,
        "status_code": error.http_status,
        "body_format_override": {"text_format_source": {"inline_string": text}, "content_type": "application/xml"},
    }


def _at_port(port: int) -> Message:
    """Of what is no HTTP at all there is nothing but the connection to look at."""
    return {
        "extension_filter": extension(
            "envoy.access_loggers.extension_filters.cel",
            "extensions.access_loggers.filters.cel.v3.ExpressionFilter",
            expression=f"destination.port == {port}",
        )
    }


_MARKED: Message = {"header_filter": {"header": {"name": headers.DOOR, "present_match": True}}}


def _status(comparison: str, http_status: int) -> Message:
    value = {"default_value": http_status, "runtime_key": "unused"}
    return {"status_code_filter": {"comparison": {"op": comparison, "value": value}}}


def _all(*filters: Message) -> Message:
    return {"and_filter": {"filters": list(filters)}}


def _any(filters: list[Message]) -> Message:
    return {"or_filter": {"filters": filters}} if len(filters) > 1 else filters[0]
