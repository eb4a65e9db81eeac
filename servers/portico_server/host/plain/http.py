"""What is no gRPC call (Connect, pages, requests to refuse), at a Unix socket: HTTP/1.1 for an ASGI application.

Inside Envoy pyvoy does this; here h11 reads and writes the protocol, and the one client is the Envoy in front. The
application is the very same, so this keeps what it relies on: `receive` and `send` act when they are called and answer
futures, that of `send` done when there is room for more.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import urllib.parse
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import h11

from portico_server.host.adapter.exchange import Event, Receive, Scope, Send
from portico_server.host.plain.exchange import PEER, address_of

Application = Callable[[Scope, Receive, Send], Awaitable[None]]

_MAX_HEADERS_BYTES = 256 * 1024  # Envoy bounds what a client may send, and adds to it
_MAX_AHEAD_BYTES = 64 * 1024  # of a request's body; so much is taken from Envoy before the application asks for it

_log = logging.getLogger(__name__)


@contextlib.asynccontextmanager
async def serving_http(application: Application, socket: str) -> AsyncIterator[None]:
    """Serves at the socket, a path of 107 bytes at most, as long as the context lasts. Its folder must be this user's
    alone."""
    connections: set[_Connection] = set()
    path = Path(socket)
    path.unlink(missing_ok=True)  # noqa: ASYNC240 - nobody waits yet
    server = await asyncio.get_running_loop().create_unix_server(lambda: _Connection(application, connections), socket)
    try:
        yield
    finally:
        server.close()
        for connection in [*connections]:
            connection.abort()
        path.unlink(missing_ok=True)  # noqa: ASYNC240 - nor any more


class _Arrival(asyncio.Future[Event]):
    """An event that is waited for. (asyncio's own class has no room for what `Exchange.cancel` leaves on it.)"""


class _Connection(asyncio.Protocol):
    """One connection: a request at a time."""

    def __init__(self, application: Application, connections: set[_Connection]) -> None:
        self._application = application
        self._connections = connections
        self._parser = h11.Connection(h11.SERVER, max_incomplete_event_size=_MAX_HEADERS_BYTES)
        self._transport: Any = None
        self._request: _Request | None = None
        self._blocked: deque[asyncio.Future[None]] = deque()  # what was written without room for it
        self._full = False

    def abort(self) -> None:
        self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._connections.add(self)

    def data_received(self, data: bytes) -> None:
        self._parser.receive_data(data)
        self._advance()

    def connection_lost(self, exc: Exception | None) -> None:
        self._connections.discard(self)
        if self._request is not None:
            self._request.lose()
        self.resume_writing()

    def pause_writing(self) -> None:
        self._full = True

    def resume_writing(self) -> None:
        self._full = False
        while self._blocked:
            written = self._blocked.popleft()
            if not written.done():
                written.set_result(None)

    def pause_reading(self, *, pause: bool) -> None:
        if not self._transport.is_closing():
            (self._transport.pause_reading if pause else self._transport.resume_reading)()

    def write(self, event: h11.Event) -> asyncio.Future[None]:
        """Writes at once; what it answers is done when there is room for more."""
        written: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if self._transport.is_closing():
            written.set_exception(ConnectionResetError("the client went away"))
            written.exception()  # nobody need ask for it
            return written
        self._transport.write(self._parser.send(event))
        if self._full:
            self._blocked.append(written)
        else:
            written.set_result(None)
        return written

    def answered(self) -> None:
        """The response is whole. Of a request that is not, nobody wants the rest."""
        self._request = None
        if self._parser.our_state is h11.DONE and self._parser.their_state is h11.DONE:
            self._parser.start_next_cycle()
            self.pause_reading(pause=False)
            self._advance()
        else:
            self._transport.close()

    def _advance(self) -> None:
        """Takes in what has come."""
        try:
            while True:
                event = self._parser.next_event()
                if isinstance(event, h11.Request):
                    self._request = _Request(self, self._application, event)
                elif isinstance(event, h11.Data | h11.EndOfMessage) and self._request is not None:
                    self._request.arrive(event)
                else:  # for the time being there is no more, or there never will be
                    return
        except h11.RemoteProtocolError:
            self.abort()


class _Request:
    """A request and its response, in ASGI's events."""

    def __init__(self, connection: _Connection, application: Application, request: h11.Request) -> None:
        self._connection = connection
        self._scope = _scope_of(request)
        self._arrived: deque[Event] = deque()
        self._ahead_bytes = 0
        self._awaited: _Arrival | None = None
        self._lost = self._done = False
        self._task = asyncio.get_running_loop().create_task(self._serve(application))

    def arrive(self, event: h11.Data | h11.EndOfMessage) -> None:
        """More of the body, or its end."""
        body = bytes(event.data) if isinstance(event, h11.Data) else b""
        self._deliver({"type": "http.request", "body": body, "more_body": isinstance(event, h11.Data)})

    def lose(self) -> None:
        """The client went away."""
        self._lost = True
        self._deliver({"type": "http.disconnect"})

    def receive(self) -> asyncio.Future[Event]:
        arrival = _Arrival()
        if self._arrived:
            event = self._arrived.popleft()
            self._count(-len(event.get("body", b"")))
            arrival.set_result(event)
        elif self._lost or self._done:
            arrival.set_result({"type": "http.disconnect"})
        else:
            self._awaited = arrival
        return arrival

    def send(self, event: Event) -> asyncio.Future[None]:
        if event["type"] == "http.response.start":
            return self._connection.write(h11.Response(status_code=event["status"], headers=event["headers"]))
        written = self._connection.write(h11.Data(data=event.get("body", b"")))
        if not (event.get("more_body") or self._lost):
            written = self._connection.write(h11.EndOfMessage())
            self._done = True
            self._connection.answered()
        return written

    def _deliver(self, event: Event) -> None:
        awaited, self._awaited = self._awaited, None
        if awaited is not None and not awaited.cancelled():
            awaited.set_result(event)
        else:
            self._arrived.append(event)
            self._count(len(event.get("body", b"")))

    def _count(self, size_bytes: int) -> None:
        """Stops reading while the application is behind."""
        was_behind = self._ahead_bytes > _MAX_AHEAD_BYTES
        self._ahead_bytes += size_bytes
        if (is_behind := self._ahead_bytes > _MAX_AHEAD_BYTES) != was_behind and not self._done:
            self._connection.pause_reading(pause=is_behind)

    async def _serve(self, application: Application) -> None:
        try:
            await application(self._scope, self.receive, self.send)
        except Exception:
            if not self._lost:
                _log.exception("%s failed", self._scope["path"])
        finally:
            if not (self._done or self._lost):  # half an answer must not be taken for a whole one
                self._connection.abort()


def _scope_of(request: h11.Request) -> Scope:
    path, _, query = request.target.partition(b"?")
    headers = list(request.headers)
    return {
        "type": "http",
        "http_version": "1.1",
        "method": request.method.decode(),
        "path": urllib.parse.unquote(path.decode("latin-1")),
        "raw_path": path,
        "query_string": query,
        "headers": headers,
        "client": address_of(dict(headers).get(PEER)),
    }
