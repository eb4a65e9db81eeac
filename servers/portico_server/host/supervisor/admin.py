"""Envoy's administration, over its Unix socket."""

from __future__ import annotations

import asyncio
from pathlib import Path

from portico_server.host import local_http
from portico_server.host.run_folder import ADMIN_SOCKET

_TIMEOUT_SECONDS = 5.0
_ACTIVE_REQUESTS = "http.api.downstream_rq_active"
_ACTIVE_CONNECTIONS = "http.api.downstream_cx_active"


class AdminError(Exception):
    """Envoy did not answer, or refused."""


class AdminClient:
    """Asks the Envoy that runs in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def is_ready(self) -> bool:
        """Whether Envoy has all of its configuration and listens."""
        try:
            await self._ask("GET", "/ready")
        except AdminError:
            return False
        return True

    async def active_requests(self) -> int:
        """How many calls are in flight. Raises AdminError."""
        return await self._gauge(_ACTIVE_REQUESTS)

    async def active_connections(self) -> int:
        """How many clients are connected, with calls in flight or without. Raises AdminError."""
        return await self._gauge(_ACTIVE_CONNECTIONS)

    async def drain(self) -> None:
        """Tells clients to go elsewhere (GOAWAY), and lets calls in flight end. Raises AdminError."""
        await self._ask("POST", "/drain_listeners?graceful")

    async def _gauge(self, name: str) -> int:
        answer = await self._ask("GET", f"/stats?filter=^{name}$")
        return int(answer.rpartition(":")[2] or 0)

    async def _ask(self, method: str, path: str) -> str:
        return await asyncio.to_thread(self._request, method, path)

    def _request(self, method: str, path: str) -> str:
        try:
            return local_http.request(self._folder, ADMIN_SOCKET, method, path, timeout_seconds=_TIMEOUT_SECONDS)
        except local_http.LocalError as error:
            raise AdminError(str(error)) from error
