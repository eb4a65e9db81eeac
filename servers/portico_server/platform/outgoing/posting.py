"""HTTP/1.1 POSTs with bounded answers, several over one connection where the other side keeps it open.

Of an answer its status counts and when to come again; its body is read away, within bounds. Redirects are not followed.
"""

from __future__ import annotations

import asyncio
import contextlib
import email.utils
import time
from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import NamedTuple

import h11

from portico_server.platform.outgoing.connecting import Connection, Connector, Unreachable
from portico_server.platform.outgoing.destinations import Destination

WHOLE_SECONDS = 15.0
"""For a POST and the head of its answer, the connection included."""
_BODY_SECONDS = 1.0
"""For the body of an answer; what takes longer ends with its connection."""
_MAX_HEAD_BYTES = 16 * 1024
_MAX_BODY_BYTES = 64 * 1024
_MOST_INTERIM_ANSWERS = 8
_READ_BYTES = 16 * 1024
_FURTHEST_SECONDS = 24 * 3600.0
"""That a Retry-After can ask for."""

Header = tuple[str, str]


class NotAnswered(Exception):
    """There was no answer; the message says why. It may have arrived all the same."""


class Answer(NamedTuple):
    """`retry_after_seconds`: after how long to come again, as the answer says; 0: it says nothing."""

    status: int
    retry_after_seconds: float = 0.0


class Conversation:
    """POSTs to one destination, one after another. An async context manager: leaving it ends the connection."""

    def __init__(self, connector: Connector, to: Destination) -> None:
        self._connector = connector
        self._to = to
        self._connection: Connection | None = None
        self._parser = h11.Connection(h11.CLIENT, max_incomplete_event_size=_MAX_HEAD_BYTES)

    async def __aenter__(self) -> Conversation:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    async def post(self, headers: Sequence[Header], body: bytes) -> Answer:
        """Raises Unreachable, NotAnswered."""
        try:
            async with asyncio.timeout(WHOLE_SECONDS):
                answer = await self._once_or_anew(headers, body)
        except TimeoutError:
            self._end()
            raise NotAnswered(f"no answer within {WHOLE_SECONDS:g} s") from None
        except BaseException:
            self._end()
            raise
        await self._read_away()
        return answer

    async def _once_or_anew(self, headers: Sequence[Header], body: bytes) -> Answer:
        """A connection that was kept open may have been ended meanwhile: then once more, over a new one."""
        if self._connection is not None:
            with contextlib.suppress(NotAnswered):
                return await self._exchange(self._connection, headers, body)
            self._end()
        self._connection = await self._connector.connect(self._to)
        self._parser = h11.Connection(h11.CLIENT, max_incomplete_event_size=_MAX_HEAD_BYTES)
        return await self._exchange(self._connection, headers, body)

    async def _exchange(self, connection: Connection, headers: Sequence[Header], body: bytes) -> Answer:
        _, writer = connection
        own = [("host", self._to.authority), ("content-length", str(len(body))), *headers]
        request = h11.Request(method="POST", target=self._to.target, headers=own)
        events: list[h11.Event] = [request, h11.Data(data=body), h11.EndOfMessage()]
        try:
            writer.write(b"".join(self._parser.send(event) or b"" for event in events))
            await writer.drain()
            return await self._head(connection)
        except h11.ProtocolError:
            raise NotAnswered("what came is no answer of HTTP/1.1") from None
        except OSError as error:
            raise NotAnswered(f"no answer: {error.strerror or 'the connection ended'}") from None

    async def _head(self, connection: Connection) -> Answer:
        for _ in range(_MOST_INTERIM_ANSWERS):
            event = await self._event(connection)
            if isinstance(event, h11.Response):
                return Answer(event.status_code, _retry_after(event.headers))
            if not isinstance(event, h11.InformationalResponse) or event.status_code == 101:
                break
        raise NotAnswered("what came is no answer of HTTP/1.1")

    async def _read_away(self) -> None:
        """The answer's body, so that the connection can be used again; else it ends."""
        read_bytes = 0
        try:
            async with asyncio.timeout(_BODY_SECONDS):
                while read_bytes <= _MAX_BODY_BYTES and self._connection is not None:
                    event = await self._event(self._connection)
                    if isinstance(event, h11.Data):
                        read_bytes += len(event.data)
                        continue
                    if isinstance(event, h11.EndOfMessage) and self._parser.their_state is h11.DONE:
                        self._parser.start_next_cycle()
                        return
                    break
        except (TimeoutError, OSError, h11.ProtocolError, NotAnswered):
            pass
        self._end()

    async def _event(self, connection: Connection) -> object:
        reader, _ = connection
        while (event := self._parser.next_event()) is h11.NEED_DATA:
            data = await reader.read(_READ_BYTES)
            if not data and self._parser.their_state is h11.SEND_RESPONSE:
                raise NotAnswered("the connection ended before an answer")
            self._parser.receive_data(data)
        return event

    def _end(self) -> None:
        """At once: a TLS connection that is closed in order waits for the other side."""
        if self._connection is not None:
            self._connection[1].transport.abort()
            self._connection = None


def _retry_after(headers: Iterable[tuple[bytes, bytes]]) -> float:
    """Seconds, or a date (RFC 9110, 10.2.3); what is neither counts for nothing."""
    for name, value in headers:
        if name == b"retry-after":
            return min(max(_seconds(value.decode("ascii", "replace").strip()), 0.0), _FURTHEST_SECONDS)
    return 0.0


def _seconds(text: str) -> float:
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        return email.utils.parsedate_to_datetime(text).timestamp() - time.time()
    except (ValueError, TypeError, OverflowError, OSError):
        return 0.0


__all__ = ["Answer", "Conversation", "NotAnswered", "Unreachable"]
