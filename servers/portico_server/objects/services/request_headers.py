"""What HTTP clients say in header fields of a request, put into the request's own fields.

Only of calls that came by REST: the metadata of a gRPC call means nothing here. `Range` is not followed, as RFC 9110,
14.2, allows: a transcoded answer cannot be a 206.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any, Protocol

from google.protobuf.timestamp_pb2 import Timestamp

from portico.objects.v1 import objects_pb2, uploads_pb2
from portico_server.objects.errors import EtagMismatch, InvalidField
from portico_server.objects.services.headers import DESCRIBING, TRANSCODED
from portico_server.objects.services.http_dates import parse_http_date
from portico_server.platform import call

_MD5_BYTES = 16
_MAX_BYTES = 1024
"""Of a describing header; see the contract's ObjectMetadata."""
_MAX_ETAGS = 64
_ETAG = re.compile(r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]{0,254}"')


class _Conditional(Protocol):
    """A request with conditions on the object that it names."""

    name: str
    conditions: Any

    def HasField(self, field_name: Any, /) -> bool: ...


def apply_to_read(request: _Conditional) -> None:
    """Adds If-Match, If-None-Match, If-Modified-Since and If-Unmodified-Since to the request's conditions.

    RFC 9110, 13.1. Raises InvalidField for a list of ETags that is none, and where the request itself says otherwise;
    EtagMismatch where If-Match names only weak ETags: it never holds then. A date that is none is passed over.
    """
    served = call.current.get()
    if TRANSCODED not in served.headers:
        return
    _etags(served, request, "if-match", "if_match")
    _etags(served, request, "if-none-match", "if_none_match")
    _date(served, request, "if-modified-since", "if_modified_since")
    _date(served, request, "if-unmodified-since", "if_unmodified_since")


def apply_to_write(request: _Conditional) -> None:
    """As `apply_to_read`, but for If-Modified-Since, which means nothing there (RFC 9110, 13.1.3)."""
    served = call.current.get()
    if TRANSCODED not in served.headers:
        return
    _etags(served, request, "if-match", "if_match")
    _etags(served, request, "if-none-match", "if_none_match")
    _date(served, request, "if-unmodified-since", "if_unmodified_since")


def apply_to_put(request: objects_pb2.PutObjectRequest) -> None:
    """As `apply_to_write`; adds Content-MD5, and what describes the bytes where the request's metadata does not.

    Raises InvalidField also for a Content-MD5 that is none, and for a describing header that cannot be stored.
    """
    served = call.current.get()
    if TRANSCODED not in served.headers:
        return
    apply_to_write(request)
    _content_md5(served, request)
    for header, field in DESCRIBING:
        if header.encode() in served.headers and not getattr(request.metadata, field):
            setattr(request.metadata, field, _describing(served, header, field))


def apply_to_part(request: uploads_pb2.UploadPartRequest) -> None:
    """Adds Content-MD5. Raises InvalidField for one that is none, and where the request itself says otherwise."""
    served = call.current.get()
    if TRANSCODED in served.headers:
        _content_md5(served, request)


def _etags(served: call.Call, request: _Conditional, header: str, field: str) -> None:
    if header.encode() not in served.headers:
        return
    given = _etag_list(", ".join(_values(served, header)), header, field)
    said = list(getattr(request.conditions, field)) if request.HasField("conditions") else []
    if said and {_quoted(etag) for etag in said} != set(given):
        raise _contradiction(header, f"conditions.{field}")
    if field == "if_match":
        given = [etag for etag in given if not etag.startswith("W/")]
        if not given:
            message = "If-Match names weak ETags only, which never match (RFC 9110, 13.1.1); an object's ETag is strong"
            raise EtagMismatch(message, resource=request.name)
    getattr(request.conditions, field)[:] = given


def _etag_list(text: str, header: str, field: str) -> list[str]:
    """RFC 9110, 13.1.1: `*`, or ETags in quotes, with commas between; empty elements are passed over (5.6.1)."""
    if text.strip(" \t") == "*":
        return ["*"]
    found: list[str] = []
    position = 0
    while position < len(text) and len(found) <= _MAX_ETAGS:
        if text[position] in ", \t":
            position += 1
            continue
        match = _ETAG.match(text, position)
        if match is None or text[match.end() :].lstrip(" \t")[:1] not in ("", ","):
            break
        found.append(match[0])
        position = match.end()
    if position < len(text) or not 0 < len(found) <= _MAX_ETAGS:
        message = f'the header {header} must be * or up to {_MAX_ETAGS} ETags in quotes, as "one", "other"'
        raise InvalidField(message, field=f"conditions.{field}")
    return found


def _quoted(etag: str) -> str:
    """An ETag of the request's fields, where quotes may be left out, as the header has it."""
    return etag if etag == "*" or etag.endswith('"') else f'"{etag}"'


def _date(served: call.Call, request: _Conditional, header: str, field: str) -> None:
    if header.encode() not in served.headers:
        return
    values = _values(served, header)
    seconds = parse_http_date(values[0]) if len(values) == 1 else None
    if seconds is None:
        return
    if not request.HasField("conditions") or not request.conditions.HasField(field):
        getattr(request.conditions, field).CopyFrom(Timestamp(seconds=seconds))
    elif getattr(request.conditions, field).seconds != seconds:
        raise _contradiction(header, f"conditions.{field}")


def _content_md5(served: call.Call, request: objects_pb2.PutObjectRequest | uploads_pb2.UploadPartRequest) -> None:
    """RFC 1864."""
    if b"content-md5" not in served.headers:
        return
    try:
        digest = base64.b64decode(served.header(b"content-md5"), validate=True)
    except binascii.Error:
        digest = b""
    if len(digest) != _MD5_BYTES:
        message = f"the header content-md5 must be the base64 of {_MD5_BYTES} bytes (RFC 1864)"
        raise InvalidField(message, field="checksums.md5")
    if request.checksums.md5 and request.checksums.md5 != digest:
        raise _contradiction("content-md5", "checksums.md5")
    request.checksums.md5 = digest


def _describing(served: call.Call, header: str, field: str) -> str:
    value = ", ".join(_values(served, header))
    if len(value) > _MAX_BYTES or not (value.isascii() and value.isprintable()):
        message = f"the header {header} must be at most {_MAX_BYTES} characters of printable ASCII"
        raise InvalidField(message, field=f"metadata.{field}")
    return value


def _values(served: call.Call, header: str) -> list[str]:
    """All of a name: a list may be cut over several header lines (RFC 9110, 5.3)."""
    metadata = served.context.invocation_metadata() or ()
    return [str(value) for name, value in metadata if name == header]


def _contradiction(header: str, field: str) -> InvalidField:
    return InvalidField(f"the header {header} says something else than {field}; give one of them", field=field)
