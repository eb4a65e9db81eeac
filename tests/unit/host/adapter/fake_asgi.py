"""An ASGI server in memory that behaves as pyvoy does: `send` acts when called, `receive` and `send` answer futures."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

from portico_server.host.adapter.exchange import Event, Scope


class Lost(OSError):
    """What a send to a client that went away fails with."""


class _Done:
    def __await__(self) -> Any:
        return iter(())


class FakeServer:
    """One request. `sent` are the events that the application sent; after `disconnect` sends fail."""

    def __init__(
        self,
        path: str,
        body: Iterable[bytes] = (),
        headers: Iterable[tuple[bytes, bytes]] = (),
        *,
        more_body: bool = False,
    ) -> None:
        self.scope: Scope = {
            "type": "http",
            "method": "POST",
            "path": path,
            "headers": [(b"content-type", b"application/grpc"), (b"te", b"trailers"), *headers],
            "client": ("127.0.0.1", 40000),
            "server": ("127.0.0.1", 8443),
        }
        self.sent: list[Event] = []
        self.held: list[asyncio.Future[None]] | None = None
        self.disconnected = False
        self._body = list(body)
        self._more_body = more_body or not self._body
        self._waiting: asyncio.Future[Event] | None = None

    def receive(self) -> asyncio.Future[Event]:
        future: asyncio.Future[Event] = asyncio.get_running_loop().create_future()
        if self.disconnected:
            future.set_result({"type": "http.disconnect"})
        elif self._body or not self._more_body:
            body = self._body.pop(0) if self._body else b""
            future.set_result(self._event(body, more_body=bool(self._body) or self._more_body))
        else:
            self._waiting = future
        return future

    def arrive(self, body: bytes, *, more_body: bool = True) -> None:
        """Gives the application what it waits for; like pyvoy, by calling `set_result`."""
        assert self._waiting is not None
        waiting, self._waiting, self._more_body = self._waiting, None, more_body
        waiting.set_result(self._event(body, more_body=more_body))

    @staticmethod
    def _event(body: bytes, *, more_body: bool) -> Event:
        return {"type": "http.request", "body": body, "more_body": more_body}

    def send(self, event: Event) -> Any:
        if self.disconnected and not event.get("more_body"):
            return _Done()
        self.sent.append(event)
        if not event.get("more_body"):
            return _Done()
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if self.disconnected:
            future.set_exception(Lost())
        elif self.held is not None:
            self.held.append(future)
        else:
            future.set_result(None)
        return future

    def disconnect(self) -> None:
        self.disconnected = True
        if self._waiting is not None:
            self._waiting.set_result({"type": "http.disconnect"})
            self._waiting = None
        for future in self.held or []:
            future.set_exception(Lost())

    @property
    def headers(self) -> dict[bytes, bytes]:
        return dict(self.sent[0]["headers"])

    @property
    def trailers(self) -> dict[bytes, bytes]:
        return dict(self.sent[-1]["headers"])

    @property
    def body(self) -> bytes:
        return b"".join(event.get("body", b"") for event in self.sent)
