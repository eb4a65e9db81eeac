"""The messages that a client sends, whichever host they come through: the first one kept, later ones checked."""

from __future__ import annotations

import abc
import asyncio
from typing import Any

import grpc
from google.protobuf.message import DecodeError

from portico_server.host.adapter import bulk, connect
from portico_server.host.adapter.binding import Binding
from portico_server.host.adapter.deadline import exceeded
from portico_server.host.adapter.exchange import Exchange
from portico_server.platform.call import Call
from portico_server.platform.errors import ApiError

_UNREAD: Any = object()  # the first message, until it is read
END: Any = grpc.aio.EOF
"""What `next` answers at the end of the stream."""


class Messages(abc.ABC):
    """The request messages of one call, one after another."""

    __slots__ = (
        "_checked",
        "_deserialize",
        "_first",
        "_given",
        "_path",
        "_streaming",
        "awaited_since",
        "call",
        "exchange",
    )

    def __init__(self, exchange: Exchange, binding: Binding) -> None:
        self.exchange = exchange
        self._deserialize = binding.deserialize
        self._path = binding.method.path
        self._streaming = binding.request_streaming
        self._first = _UNREAD
        self._checked: Any = None  # a message that comes again and again, and is not checked again
        self._given = False  # whether the first message went to the servicer
        self.call: Call | None = None
        """The call that these are for, as long as it is served."""
        self.awaited_since: float | None = exchange.started
        """Since when the first message is awaited (`time.monotonic`); None once it is there, or may be late."""
        if self._streaming and binding.method.public:
            self.awaited_since = None  # nothing is decided on it

    @abc.abstractmethod
    async def _read(self) -> Any:
        """The next message, parsed, or END."""

    @abc.abstractmethod
    async def _expect_end(self) -> None:
        """Waits until the client closed its side, which of a unary request follows its one message."""

    @abc.abstractmethod
    def probe(self) -> None:
        """Looks whether the client is still there, where nothing else would tell."""

    async def first(self) -> Any:
        """The first message, parsed; the same each time.

        Raises ApiError where there is none or, in a unary request, a second one, or where the call's time is up.
        """
        if self._first is _UNREAD:
            if self.exchange.overdue:
                raise exceeded()
            try:
                message = await self._read()
                if message is END:
                    raise _no_message(self._streaming)
                if not self._streaming:
                    await self._expect_end()
            except asyncio.CancelledError as error:
                raise self.exchange.cancellation(error) from None
            except ApiError as error:
                raise _with_bound_of_data(error, self._path) from error
            self.awaited_since = None
            self._first = message
        return self._first

    async def next(self) -> Any:
        """The next message for the servicer, or END. Later ones than the first pass the call's `checks`."""
        given, self._given = self._given, True
        if not given:
            if self._first is not _UNREAD:
                return self._first
            self.awaited_since = None
        try:
            message = await self._read()
        except ApiError as error:
            raise _with_bound_of_data(error, self._path) from error
        if not given:
            self._first = message
        elif message is not END and message is not self._checked and self.call is not None:
            for check in self.call.checks:
                check(message)
        return message

    def __aiter__(self) -> Messages:
        return self

    async def __anext__(self) -> Any:
        message = await self.next()
        if message is END:
            raise StopAsyncIteration
        return message

    def _parse(self, payload: bytes) -> Any:
        if self._deserialize is None:
            return payload
        try:
            return self._deserialize(payload)
        except DecodeError as error:
            raise _malformed(self.exchange.transcoded) from error


def too_many_messages() -> ApiError:
    """The error about a second message where there may be one."""
    return ApiError(
        grpc.StatusCode.UNIMPLEMENTED, "TOO_MANY_MESSAGES", "the method takes one request message; more came"
    )


def _with_bound_of_data(error: ApiError, path: str) -> ApiError:
    """The same; of a message that is too large, in which bytes of a body come, with the bound that it meets first:
    whoever keeps within the other one alone would be refused again."""
    if error.reason != "MESSAGE_TOO_LARGE" or int(error.metadata["max_message_bytes"]) <= bulk.MOST_BYTES:
        return error
    request = connect.request_type(path)
    field = bulk.body_field(request.DESCRIPTOR) if request is not None else ""
    if not field:
        return error
    return ApiError(
        error.code,
        error.reason,
        f"a request message is too large: one brings at most {bulk.MOST_BYTES} bytes of `{field}`; send what is more in"
        " further messages",
        metadata={**error.metadata, "max_data_bytes": str(bulk.MOST_BYTES)},
    )


def _malformed(transcoded: bool) -> ApiError:
    if transcoded:  # the transcoder writes protobuf, but takes text from paths and queries as it is
        return ApiError(
            grpc.StatusCode.INVALID_ARGUMENT, "TEXT_MALFORMED", "the path or the query is not percent-encoded UTF-8"
        )
    return ApiError(
        grpc.StatusCode.INTERNAL, "MESSAGE_MALFORMED", "a request message is not the protobuf that it should be"
    )


def _no_message(streaming: bool) -> ApiError:
    if streaming:
        return ApiError(
            grpc.StatusCode.INVALID_ARGUMENT,
            "FIRST_MESSAGE_MISSING",
            "the stream ended without a message; the first one says what the call is about",
        )
    return ApiError(
        grpc.StatusCode.UNIMPLEMENTED,
        "NO_MESSAGE",
        "the method takes one request message; the request ended without it",
    )
