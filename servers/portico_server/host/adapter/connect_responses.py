"""What a Connect call is answered: a unary one as an HTTP response, a stream as frames with one more for its end."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Iterable
from typing import Any

import grpc
from google.protobuf import json_format
from google.protobuf.message import DecodeError, Message
from google.rpc import status_pb2

from portico_server.host.adapter import frames, metadata
from portico_server.host.adapter.compression import ACCEPTED
from portico_server.host.adapter.connect import Dialect
from portico_server.host.adapter.exchange import Exchange, Send
from portico_server.host.adapter.responses import Responses
from portico_server.host.adapter.status import Outcome

_INLINE_BYTES = 8 * 1024  # of protobuf, whose JSON takes about half a millisecond; more goes to a thread
_END_STREAM = 2

_CODES: dict[grpc.StatusCode, tuple[str, int]] = {
    grpc.StatusCode.CANCELLED: ("canceled", 499),
    grpc.StatusCode.UNKNOWN: ("unknown", 500),
    grpc.StatusCode.INVALID_ARGUMENT: ("invalid_argument", 400),
    grpc.StatusCode.DEADLINE_EXCEEDED: ("deadline_exceeded", 504),
    grpc.StatusCode.NOT_FOUND: ("not_found", 404),
    grpc.StatusCode.ALREADY_EXISTS: ("already_exists", 409),
    grpc.StatusCode.PERMISSION_DENIED: ("permission_denied", 403),
    grpc.StatusCode.RESOURCE_EXHAUSTED: ("resource_exhausted", 429),
    grpc.StatusCode.FAILED_PRECONDITION: ("failed_precondition", 400),
    grpc.StatusCode.ABORTED: ("aborted", 409),
    grpc.StatusCode.OUT_OF_RANGE: ("out_of_range", 400),
    grpc.StatusCode.UNIMPLEMENTED: ("unimplemented", 501),
    grpc.StatusCode.INTERNAL: ("internal", 500),
    grpc.StatusCode.UNAVAILABLE: ("unavailable", 503),
    grpc.StatusCode.DATA_LOSS: ("data_loss", 500),
    grpc.StatusCode.UNAUTHENTICATED: ("unauthenticated", 401),
}
"""Connect's name and HTTP status of each code."""


class ConnectResponses(Responses):
    """As `Responses`; the messages come to it as they are (`binding.serialize` is not used)."""

    __slots__ = ("_dialect",)

    def __init__(self, exchange: Exchange, send: Send, dialect: Dialect) -> None:
        super().__init__(exchange, send)
        self._dialect = dialect

    async def start(self) -> None:
        """A unary call's headers wait for its end: its status is in them."""
        if self._dialect.streaming:
            await super().start()

    def compress_with(self, compression: grpc.Compression) -> None:
        if self._dialect.streaming:
            super().compress_with(compression)

    async def write(self, payload: Any) -> None:
        await super().write(await self._encoded(payload))

    async def put(self, payload: Any) -> None:
        await super().put(payload if isinstance(payload, bytes) else await self._encoded(payload))

    def finish(self, outcome: Outcome, *, streaming: bool) -> None:
        if not self._dialect.streaming:
            self._answer(outcome)
            return
        if not self.started:
            self._begin(trailers=False)
        end: dict[str, Any] = {} if outcome.ok else {"error": error_json(outcome)}
        if trailers := metadata.encode(outcome.metadata):
            end["metadata"] = _values_by_name(trailers)
        body = json.dumps(end, ensure_ascii=False).encode()
        self._parts += (frames.header(_END_STREAM, len(body)), body)
        *before, last = self._bodies()
        for each in before:
            self._emit(each)
        self._send({"type": "http.response.body", "body": last, "more_body": False})

    def _answer(self, outcome: Outcome) -> None:
        """The whole response of a unary call."""
        self.started = True
        headers = [*self._initial, *self._of_the_call()]
        headers += [(b"trailer-" + name, value) for name, value in metadata.encode(outcome.metadata)]
        if outcome.ok:
            status, content_type, body = 200, self._dialect.content_type, b"".join(self._parts[1:])  # without its frame
        else:
            status, content_type = _CODES[outcome.code][1], b"application/json"
            body = json.dumps(error_json(outcome), ensure_ascii=False).encode()
        headers.append((b"content-type", content_type))
        headers.append((b"content-length", str(len(body)).encode()))
        self._send({"type": "http.response.start", "status": status, "headers": headers, "trailers": False})
        self._send({"type": "http.response.body", "body": body})

    def _begin(self, *, trailers: bool, end: metadata.Headers | tuple[()] = ()) -> None:
        self.started = True
        headers = [(b"content-type", self._dialect.content_type), (b"connect-accept-encoding", ACCEPTED)]
        headers += [*self._initial, *self._of_the_call()]
        if self._encoding:
            headers.append((b"connect-content-encoding", self._encoding))
        self._send({"type": "http.response.start", "status": 200, "headers": headers, "trailers": False})

    def _of_the_call(self) -> metadata.Headers:
        return metadata.encode(self.call.response_headers) if self.call is not None else []

    async def _encoded(self, message: Message) -> bytes:
        if self._dialect.codec == "proto":
            return message.SerializeToString()
        if message.ByteSize() > _INLINE_BYTES:
            return await asyncio.to_thread(_to_json, message)
        return _to_json(message)


def error_json(outcome: Outcome) -> dict[str, Any]:
    """Connect's error: the code's name, the message, and the details, each with its JSON for people to read."""
    error: dict[str, Any] = {"code": _CODES[outcome.code][0]}
    if outcome.message:
        error["message"] = outcome.message
    if outcome.details:
        error["details"] = list(_details(status_pb2.Status.FromString(outcome.details)))
    return error


def _details(status: status_pb2.Status) -> Iterable[dict[str, Any]]:
    for detail in status.details:
        shown: dict[str, Any] = {
            "type": detail.type_url.rpartition("/")[2],
            "value": base64.b64encode(detail.value).rstrip(b"=").decode(),
        }
        try:
            shown["debug"] = json_format.MessageToDict(detail)
            del shown["debug"]["@type"]
        except (TypeError, DecodeError):  # a type that is not known here
            pass
        yield shown


def _to_json(message: Message) -> bytes:
    return json_format.MessageToJson(message, indent=None, ensure_ascii=False).encode()


def _values_by_name(headers: metadata.Headers) -> dict[str, list[str]]:
    values: dict[str, list[str]] = {}
    for name, value in headers:
        values.setdefault(name.decode(), []).append(value.decode())
    return values
