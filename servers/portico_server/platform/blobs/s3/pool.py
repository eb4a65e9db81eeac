"""Connections to a store that are kept for the next request."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from portico_server.platform.blobs.s3.connection import Busy, Connection

MAX_CONNECTIONS = 128
"""At once, of a process; each download that goes on has one. Further requests wait."""
_MAX_IDLE = 16
_IDLE_SECONDS = 15.0
"""Less than most servers keep a connection on which nothing happens."""
_WAIT_SECONDS = 10.0


class Pool:
    """Of one store."""

    def __init__(self, host: str, port: int, tls: ssl.SSLContext | None) -> None:
        self._address = host, port
        self._tls = tls
        self._idle: list[Connection] = []
        self._slots = asyncio.Semaphore(MAX_CONNECTIONS)

    @asynccontextmanager
    async def connection(self, *, fresh: bool = False) -> AsyncIterator[Connection]:
        """One that is the caller's alone; closed behind an error, or where its response was not read to the end.
        `fresh`: none that had been used before. Raises Broken."""
        try:
            async with asyncio.timeout(_WAIT_SECONDS):
                await self._slots.acquire()
        except TimeoutError:
            raise Busy(f"all {MAX_CONNECTIONS} connections to it are busy") from None
        try:
            found = (None if fresh else self._take()) or await Connection.open(*self._address, self._tls)
            try:
                yield found
            finally:
                self._give_back(found)
        finally:
            self._slots.release()

    async def close(self) -> None:
        idle, self._idle = self._idle, []
        for one in idle:
            one.close()
        for one in idle:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(one.wait_closed(), 1.0)

    def _take(self) -> Connection | None:
        while self._idle:
            found = self._idle.pop()
            if found.is_reusable and time.monotonic() - found.idle_since < _IDLE_SECONDS:
                return found
            found.close()
        return None

    def _give_back(self, connection: Connection) -> None:
        if connection.is_reusable and len(self._idle) < _MAX_IDLE:
            self._idle.append(connection)
        else:
            connection.close()
