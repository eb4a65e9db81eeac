"""One connection to a store: HTTP/1.1, one request at a time."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import ssl
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass

import h11

from portico_server.platform.blobs.s3.signing import EMPTY_SHA256

CONNECT_SECONDS = 5.0
SILENT_SECONDS = 30.0
"""So long a store may take none of what is sent, or send nothing of what is due."""
_LAST_WORDS_SECONDS = 1.0
_READ_BYTES = 256 * 1024
_BUFFERED_BYTES = 512 * 1024
"""What comes faster than it is read waits here, then in the store."""
_MAX_HEAD_BYTES = 64 * 1024

Headers = Sequence[tuple[bytes, bytes]]


class Broken(Exception):
    """The connection failed. `answering`: some of the answer had come."""

    def __init__(self, message: str, *, answering: bool = False) -> None:
        super().__init__(message)
        self.answering = answering


class Busy(Broken):
    """There was no connection to be had; that says nothing of the store."""


@dataclass(frozen=True, slots=True)
class Body:
    """What is sent with a request; `chunks` begins it anew, for another try."""

    size_bytes: int
    sha256: str
    chunks: Callable[[], AsyncGenerator[bytes, None]]


def body_of(content: bytes) -> Body:
    """Of a few bytes."""

    async def chunks() -> AsyncGenerator[bytes, None]:
        if content:
            yield content

    return Body(len(content), hashlib.sha256(content).hexdigest() if content else EMPTY_SHA256, chunks)


class Connection:
    """An open one. Whoever is cut off within a request closes it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._protocol = h11.Connection(h11.CLIENT, max_incomplete_event_size=_MAX_HEAD_BYTES)
        self.used = False
        self.idle_since = 0.0

    @classmethod
    async def open(cls, host: str, port: int, tls: ssl.SSLContext | None) -> Connection:
        """Raises Broken."""
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                reader, writer = await asyncio.open_connection(
                    host, port, ssl=tls, limit=_BUFFERED_BYTES, server_hostname=host if tls else None
                )
        except ssl.SSLCertVerificationError as error:
            raise Broken(f"its certificate is not believed: {error.verify_message}") from error
        except TimeoutError:
            raise Broken(f"no connection to {host}:{port} within {CONNECT_SECONDS:.0f} seconds") from None
        except OSError as error:
            raise Broken(f"no connection to {host}:{port}: {error.strerror or error}") from error
        return cls(reader, writer)

    @property
    def is_reusable(self) -> bool:
        """Whether it takes another request, as far as one can know."""
        done = self._protocol.our_state is h11.IDLE and self._protocol.their_state is h11.IDLE
        return done and not self._reader.at_eof() and not self._writer.is_closing()

    async def exchange(
        self, verb: str, target: str, headers: Headers, body: Body | None, answer_seconds: float
    ) -> h11.Response:
        """Sends a request and answers the head of its response, within that time of the end of the request. What the
        store answers before it has all of the body is the answer, too. Raises Broken."""
        self.used = True
        head = asyncio.ensure_future(self._head())
        try:
            await self._send(verb, target, headers, body, head)
            async with asyncio.timeout(answer_seconds):
                return await head
        except TimeoutError:
            raise Broken(f"it answered nothing for {answer_seconds:.0f} seconds") from None
        except (OSError, h11.ProtocolError, EOFError) as error:
            raise Broken(_words(error)) from error
        finally:
            head.cancel()
            await asyncio.gather(head, return_exceptions=True)

    async def body(self) -> AsyncGenerator[bytes, None]:
        """The response's body as it comes. Behind its end the connection takes another request. Raises Broken."""
        try:
            while True:
                event = await self._event(SILENT_SECONDS)
                if isinstance(event, h11.Data):
                    yield bytes(event.data)
                elif isinstance(event, h11.EndOfMessage):
                    break
        except TimeoutError:
            raise Broken(f"it sent nothing for {SILENT_SECONDS:.0f} seconds", answering=True) from None
        except (OSError, h11.ProtocolError, EOFError) as error:
            raise Broken(_words(error), answering=True) from error
        if self._protocol.our_state is h11.DONE and self._protocol.their_state is h11.DONE:
            self._protocol.start_next_cycle()
            self.idle_since = time.monotonic()

    def close(self) -> None:
        self._writer.close()

    async def wait_closed(self) -> None:
        with contextlib.suppress(OSError, asyncio.TimeoutError):
            await self._writer.wait_closed()

    async def _send(
        self, verb: str, target: str, headers: Headers, body: Body | None, head: asyncio.Future[h11.Response]
    ) -> None:
        """Until all is sent, or the answer is there."""
        self._write(h11.Request(method=verb, target=target, headers=list(headers)))
        if body is not None:
            async with aclosing(body.chunks()) as chunks:
                async for chunk in chunks:
                    self._write(h11.Data(data=chunk))
                    await self._drained(head)
                    if head.done():
                        return
        self._write(h11.EndOfMessage())
        await self._drained(head)

    def _write(self, event: h11.Event) -> None:
        data = self._protocol.send(event)
        if data:
            self._writer.write(data)

    async def _drained(self, head: asyncio.Future[h11.Response]) -> None:
        draining: asyncio.Future[None] = asyncio.ensure_future(self._writer.drain())
        try:
            await asyncio.wait((draining, head), timeout=SILENT_SECONDS, return_when=asyncio.FIRST_COMPLETED)
            if head.done():
                return
            if not draining.done():
                raise TimeoutError
            if (error := draining.exception()) is not None:
                await asyncio.wait([head], timeout=_LAST_WORDS_SECONDS)  # it may say why before it hangs up
                if not head.done():
                    raise error
        finally:
            draining.cancel()
            await asyncio.gather(draining, return_exceptions=True)

    async def _head(self) -> h11.Response:
        while True:
            event = await self._event(None)
            if isinstance(event, h11.Response):
                return event
            if not isinstance(event, h11.InformationalResponse):
                raise EOFError("it closed the connection without an answer")

    async def _event(self, silent_seconds: float | None) -> h11.Event:
        while (event := self._protocol.next_event()) is h11.NEED_DATA:
            async with asyncio.timeout(silent_seconds):
                data = await self._reader.read(_READ_BYTES)
            self._protocol.receive_data(data)
        if event is h11.PAUSED:
            raise EOFError("it sent more than the answer")
        assert not isinstance(event, type)
        return event


def _words(error: Exception) -> str:
    if isinstance(error, OSError):
        return f"the connection broke off: {error.strerror or type(error).__name__}"
    return str(error) or "it closed the connection"
