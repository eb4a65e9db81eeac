"""The messages of a Connect call, in protobuf or in JSON."""

from __future__ import annotations

import asyncio
from typing import Any

import grpc
from google.protobuf import json_format
from google.protobuf.message import DecodeError, Message

from portico_server.host.adapter import connect
from portico_server.host.adapter.binding import Binding
from portico_server.host.adapter.exchange import Exchange, Receive
from portico_server.host.adapter.frames import Frames, too_large
from portico_server.host.adapter.messages import END
from portico_server.host.adapter.requests import Requests
from portico_server.platform.errors import ApiError

_INLINE_BYTES = 16 * 1024  # of JSON, which Python reads at some 20 MB/s; more goes to a thread
_MAX_TOLD = 200


class ConnectRequests(Requests):
    """As `Requests`; what is no message is the caller's fault here, in whatever way."""

    __slots__ = ("_ignore_unknown_fields", "_json", "_query", "_type")

    def __init__(
        self, exchange: Exchange, receive: Receive, binding: Binding, max_message_bytes: int, dialect: connect.Dialect
    ) -> None:
        super().__init__(exchange, receive, binding, max_message_bytes)
        self._type = connect.request_type(binding.method.path)
        self._json = dialect.codec == "json"
        self._ignore_unknown_fields = not binding.method.refuses_unknown_fields
        self._query = dialect.query
        if not dialect.streaming:
            compressed = exchange.headers.get(b"grpc-encoding", b"identity") != b"identity"
            self._frames = WholeBody(max_message_bytes, compressed=compressed)

    async def _read(self) -> Any:
        if self._query is not None:
            query, self._query = self._query, None
            self._frames.feed(connect.message_in(query))
        try:
            payload = await super()._read()
        except ApiError as error:
            if error.code is not grpc.StatusCode.INTERNAL:
                raise
            raise ApiError(grpc.StatusCode.INVALID_ARGUMENT, error.reason, error.message) from error
        if payload is END:
            return END
        if not self._json:
            return self._parse_protobuf(payload)
        if len(payload) > _INLINE_BYTES:
            return await asyncio.to_thread(self._parse_json, payload)
        return self._parse_json(payload)

    def _parse_protobuf(self, payload: bytes) -> Message:
        try:
            message: Message = self._type.FromString(payload)
        except DecodeError as error:
            raise connect.malformed(f"a message is not the protobuf of a {self._type.__name__}") from error
        return message

    def _parse_json(self, payload: bytes) -> Message:
        """Unknown fields are ignored, as Connect wants it and REST has it, unless the service refuses them."""
        message: Message = self._type()
        if not payload:
            return message
        try:
            json_format.Parse(payload, message, ignore_unknown_fields=self._ignore_unknown_fields)
        except (json_format.ParseError, UnicodeDecodeError, RecursionError) as error:
            why = " ".join(str(error).split())[:_MAX_TOLD]
            raise connect.malformed(f"a message is not the JSON of a {self._type.__name__}: {why}") from error
        return message


class WholeBody(Frames):
    """A unary call's message has no frame: it is the body, whole."""

    __slots__ = ("_ended", "_limit", "_parts")

    def __init__(self, limit: int, *, compressed: bool) -> None:
        super().__init__(limit)
        self._limit = limit
        self._parts: list[bytes] = []
        self._ended = False
        self.compressed = compressed

    def feed(self, data: bytes) -> None:
        if self._ended or self.size_bytes > self._limit:  # it is refused already, and not kept
            return
        self._parts.append(data)
        self.size_bytes += len(data)

    def take(self) -> bytes | None:
        if self.size_bytes > self._limit:
            self._parts.clear()
            raise too_large(self.size_bytes, self._limit)
        return None

    def finish(self) -> bytes | None:
        if self._ended:
            return None
        self._ended = True
        self.size_bytes = 0
        if not self._parts or self._parts == [b""]:
            self.compressed = False  # nothing is nothing, whatever the header says
        return b"".join(self._parts)
