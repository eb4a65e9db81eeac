"""Envoy's administration, over its Unix socket."""

from __future__ import annotations

import asyncio
from pathlib import Path

from portico_server.host.run_folder import ADMIN_SOCKET
from portico_server.host.supervisor import local_http

_TIMEOUT_SECONDS = 5.0
_ACTIVE_REQUESTS = "http.api.downstream_rq_active"


class AdminError(Exception):
    """Envoy did not answer, or refused."""


def request(run: Path, method: str, path: str) -> str:
    """The answer's body. Raises AdminError."""
    try:
        return local_http.request(run, ADMIN_SOCKET, method, path, timeout_seconds=_TIMEOUT_SECONDS)
    except local_http.LocalError as error:
        raise AdminError(str(error)) from error


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
