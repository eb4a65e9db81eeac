"""The front's control socket: what the supervisor and a scraper on this machine may ask of it, as plain HTTP/1.1.

    curl --unix-socket DATA/run/front/control.sock http://front/metrics

Prometheus cannot read a Unix socket; the setting `metrics_listen` offers the metrics of all processes on a loopback
port too, by the supervisor.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path

Route = Callable[[], Awaitable[str]]
Routes = Mapping[tuple[str, str], Route]
"""(method, path) to what answers it with text."""

ALIVE = "/alive"
"""What the supervisor asks for, to see that the event loop turns."""
DRAINING = "/draining"
"""What the supervisor tells a process that it is about to end: calls in flight may, others should go elsewhere."""
METRICS = "/metrics"
FLUSH = "/telemetry/flush"
"""Has the process write its request events and spans, for whoever looks them up in another process."""

_log = logging.getLogger(__name__)

_HEAD_BYTES = 8 * 1024
_READ_SECONDS = 5.0
_ASK_SECONDS = 1.0


@contextlib.asynccontextmanager
async def control_socket(path: Path, routes: Routes) -> AsyncIterator[None]:
    """Serves the routes, and ALIVE, on a Unix socket of mode 0600 (its folder is the run directory, 0700)."""
    listening = listen(path)
    handler = _handler({**routes, ("GET", ALIVE): _alive})
    try:
        async with _closing(await asyncio.start_unix_server(handler, sock=listening)):
            yield
    finally:
        path.unlink(missing_ok=True)


async def ask(path: str, method: str, route: str) -> str:
    """What another process of the platform answers at its control socket; `path` is from the working directory, short.
    Raises OSError, or TimeoutError."""
    async with asyncio.timeout(_ASK_SECONDS):
        reader, writer = await asyncio.open_unix_connection(path)
        try:
            writer.write(f"{method} {route} HTTP/1.1\r\n\r\n".encode())
            return (await reader.read()).decode(errors="replace").partition("\r\n\r\n")[2]
        finally:
            writer.close()


def listen(path: Path) -> socket.socket:
    """A socket of mode 0600 at that path, in the place of an earlier one. Bound by the folder's descriptor, because
    a socket's path has 107 bytes at most."""
    path.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listening.bind(f"/proc/self/fd/{folder}/{path.name}")
    except OSError:
        listening.close()
        raise
    finally:
        os.close(folder)
    path.chmod(0o600)
    return listening


@contextlib.asynccontextmanager
async def loopback_port(host: str, port: int, routes: Routes) -> AsyncIterator[None]:
    """Serves the routes on a port of this machine."""
    server = await asyncio.start_server(_handler(routes), host=host, port=port)
    async with _closing(server):
        yield


@contextlib.asynccontextmanager
async def _closing(server: asyncio.Server) -> AsyncIterator[None]:
    try:
        yield
    finally:
        server.close()


async def _alive() -> str:
    return "alive\n"


def _handler(routes: Routes) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, TimeoutError):
                async with asyncio.timeout(_READ_SECONDS):
                    head = await reader.readuntil(b"\r\n\r\n")
                status, body = await _answer(routes, head[:_HEAD_BYTES])
                payload = body.encode()
                writer.write(
                    f"HTTP/1.1 {status}\r\ncontent-type: text/plain; version=0.0.4; charset=utf-8\r\n"
                    f"content-length: {len(payload)}\r\nconnection: close\r\n\r\n".encode()
                )
                writer.write(payload)
                await writer.drain()
        finally:
            writer.close()

    return handle


async def _answer(routes: Routes, head: bytes) -> tuple[str, str]:
    method, _, rest = head.partition(b"\r\n")[0].decode("latin-1").partition(" ")
    path = rest.partition(" ")[0].partition("?")[0]
    route = routes.get((method, path))
    if route is None:
        known = ", ".join(f"{m} {p}" for m, p in routes)
        return "404 Not Found", f"no {method} {path} here; there are {known}\n"
    try:
        return "200 OK", await route()
    except Exception:
        _log.exception("%s %s failed", method, path)
        return "500 Internal Server Error", f"{method} {path} failed; the log says why\n"
