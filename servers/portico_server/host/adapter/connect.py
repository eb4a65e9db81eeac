"""Connect: RPC over plain HTTP, for browsers and for curl. Whether a request speaks it, and in which dialect.

A unary call is a message in a POST (or, where it changes nothing, in the query of a GET) and a message in the answer; a
stream has frames as gRPC has, and its end is one more of them. Source: the Connect protocol,
https://connectrpc.com/docs/protocol.

Envoy has a filter for it, which is not used: Envoy calls it work in progress, outside of its threat model; it knows no
JSON, no answers above a MiB, and passes the messages and details of errors on in gRPC's encodings.
"""

from __future__ import annotations

import binascii
import functools
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import grpc
from google.protobuf import descriptor_pool, message_factory

from portico_server.host.adapter.binding import Binding
from portico_server.host.adapter.exchange import Scope
from portico_server.platform.errors import ApiError

VERSION = b"connect-protocol-version"
TIMEOUT = b"connect-timeout-ms"

_UNARY, _STREAM = b"application/", b"application/connect+"
_CODECS = {b"proto": "proto", b"json": "json"}
_MAX_TIMEOUT_DIGITS = 10


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a request speaks Connect. `codec` is `proto` or `json`; `query` that of a GET, which holds its message."""

    codec: str
    streaming: bool
    query: bytes | None = None

    @property
    def content_type(self) -> bytes:
        return (_STREAM if self.streaming else _UNARY) + self.codec.encode()


def dialect_of(scope: Scope, headers: Mapping[bytes, bytes], binding: Binding) -> Dialect | None:
    """None where the request does not speak Connect, or not so as the method needs it."""
    if request_type(binding.method.path) is None:
        return None
    streaming = binding.request_streaming or binding.response_streaming
    if scope["method"] == "GET":
        return _by_get(scope["query_string"]) if may_be_got(binding) else None
    content_type = headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
    start = _STREAM if streaming else _UNARY
    codec = _CODECS.get(content_type.removeprefix(start)) if content_type.startswith(start) else None
    if scope["method"] != "POST" or codec is None or headers.get(VERSION, b"1") != b"1":
        return None
    return Dialect(codec, streaming)


def may_be_got(binding: Binding) -> bool:
    """Whether a method can be called by GET: what changes something must not happen because a link was followed."""
    return binding.method.read_only and not (binding.request_streaming or binding.response_streaming)


def verbs_of(scope: Scope, binding: Binding) -> list[str]:
    """The HTTP methods by which a method can be called that was not: GET is one of them for a query that means to."""
    return ["GET", "POST"] if may_be_got(binding) and _says_connect(_values(scope["query_string"])) else ["POST"]


def as_grpc(headers: Mapping[bytes, bytes], dialect: Dialect) -> dict[bytes, bytes]:
    """The headers with gRPC's names in the place of Connect's."""
    prefix = b"connect-" if dialect.streaming else b""
    translated = dict(headers)
    for theirs, ours in ((b"content-encoding", b"grpc-encoding"), (b"accept-encoding", b"grpc-accept-encoding")):
        translated.pop(ours, None)
        if (value := headers.get(prefix + theirs)) is not None:
            translated[ours] = value
    if dialect.query is not None:
        translated[b"grpc-encoding"] = dict(_values(dialect.query)).get(b"compression", b"identity")
    return translated


def message_in(query: bytes) -> bytes:
    """The message in the query of a GET. Raises ApiError."""
    values = dict(_values(query))
    text = values.get(b"message")
    if text is None:
        raise malformed("the query has no message: send it as message=…, with base64=1 if it is base64 (URL-safe)")
    if values.get(b"base64") == b"1":
        try:
            text = binascii.a2b_base64(text.translate(_URL_SAFE) + b"=" * (-len(text) % 4), strict_mode=True)
        except binascii.Error as error:
            raise malformed("the query's message is not base64 (URL-safe)") from error
    return text


def timeout_seconds(milliseconds: bytes) -> float:
    """The time-out of a `connect-timeout-ms` header, in seconds. Raises ApiError for what is none."""
    if not milliseconds.isdigit() or len(milliseconds) > _MAX_TIMEOUT_DIGITS:
        raise ApiError(
            grpc.StatusCode.INVALID_ARGUMENT,
            "TIMEOUT_MALFORMED",
            "the header connect-timeout-ms is malformed: give one to ten digits, a number of milliseconds",
        )
    return int(milliseconds) / 1000


def malformed(message: str) -> ApiError:
    """The error about a request message that is none."""
    return ApiError(grpc.StatusCode.INVALID_ARGUMENT, "MESSAGE_MALFORMED", message)


@functools.lru_cache(maxsize=1024)
def request_type(path: str) -> Any:
    """The class of a method's request messages; None for a method without a contract here."""
    try:
        method = descriptor_pool.Default().FindMethodByName(path[1:].replace("/", "."))
    except KeyError:
        return None
    return message_factory.GetMessageClass(method.input_type)


_URL_SAFE = bytes.maketrans(b"-_", b"+/")


def _by_get(query: bytes) -> Dialect | None:
    values = _values(query)
    codec = _CODECS.get(dict(values).get(b"encoding", b""))
    return Dialect(codec, False, query) if _says_connect(values) and codec is not None else None


def _says_connect(values: list[tuple[bytes, bytes]]) -> bool:
    return dict(values).get(b"connect") == b"v1"


def _values(query: bytes) -> list[tuple[bytes, bytes]]:
    pairs = (part.partition(b"=") for part in query.split(b"&"))
    return [(name, urllib.parse.unquote_to_bytes(value.replace(b"+", b" "))) for name, _, value in pairs]
