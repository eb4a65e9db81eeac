"""Envoy's administration, over its Unix socket."""

from __future__ import annotations

import asyncio
import http.client
import os
import socket
from pathlib import Path

from portico_server.host.envoy.bootstrap import ADMIN_SOCKET

_TIMEOUT_SECONDS = 5.0
_ACTIVE_REQUESTS = "http.api.downstream_rq_active"


class AdminError(Exception):
    """Envoy did not answer, or refused."""


def request(run: Path, method: str, path: str) -> str:
    """The answer's body. Raises AdminError."""
    connection = http.client.HTTPConnection("admin", timeout=_TIMEOUT_SECONDS)
    try:
        connection.sock = _connect(run)
        connection.request(method, path)
        response = connection.getresponse()
        body = response.read().decode()
    except (OSError, http.client.HTTPException) as error:
        raise AdminError(f"Envoy's administration does not answer: {error}") from error
    finally:
        connection.close()
    if response.status != http.HTTPStatus.OK:
        raise AdminError(f"Envoy answered {path} with {response.status}: {body.strip()}")
    return body


async def is_ready(run: Path) -> bool:
    """Whether Envoy has all of its configuration and listens."""
    try:
        await asyncio.to_thread(request, run, "GET", "/ready")
    except AdminError:
        return False
    return True


async def active_requests(run: Path) -> int:
    """How many calls are in flight. Raises AdminError."""
    answer = await asyncio.to_thread(request, run, "GET", f"/stats?filter=^{_ACTIVE_REQUESTS}$")
    return int(answer.rpartition(":")[2] or 0)


async def drain(run: Path) -> None:
    """Tells clients to go elsewhere (GOAWAY), and lets calls in flight end. Raises AdminError."""
    await asyncio.to_thread(request, run, "POST", "/drain_listeners?graceful")


def _connect(run: Path) -> socket.socket:
    """Through the folder's descriptor, because a socket's path has 107 bytes at most."""
    folder = os.open(run, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.settimeout(_TIMEOUT_SECONDS)
        connection.connect(f"/proc/self/fd/{folder}/{ADMIN_SOCKET}")
    except OSError:
        connection.close()
        raise
    finally:
        os.close(folder)
    return connection
