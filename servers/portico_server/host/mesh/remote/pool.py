"""As many connections to one address as its calls need.

A connection carries so many calls at once and no more: further ones would wait for those, which may last for ever. And
it carries so many in all before another takes its place, because its other end ends one on which many calls are given
up, and with it everybody's calls (`host/envoy/floods.py`).
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable
from typing import NamedTuple

from portico_server.host.mesh.remote.connection import Connection

_LOOK_SECONDS = 0.5
_PREPARED = 0.8
"""The share of its calls that a connection has carried when the next one is made."""


class Bounds(NamedTuple):
    """What one connection carries."""

    calls_at_once: int
    calls_in_all: int


class Pool:
    """`connect` makes a connection to the address; `retired` takes those that carry no more new calls."""

    def __init__(self, connect: Callable[[], Connection], bounds: Bounds, retired: Retired) -> None:
        self._connect = connect
        self._bounds = bounds
        self._retired = retired
        self._connections: list[Connection] = []

    def current(self) -> Connection:
        """The one to take for a call: the oldest that has room."""
        for connection in self._connections:
            if connection.begun_calls >= self._bounds.calls_in_all:
                self._connections.remove(connection)
                self._retired.take(connection)
                return self.current()
            if connection.has_room(self._bounds.calls_at_once):
                self._prepare_for(connection)
                return connection
        self._connections.append(self._connect())
        return self._connections[-1]

    def _prepare_for(self, connection: Connection) -> None:
        """Makes the next connection before the last one is used up, so that no call waits for it."""
        if connection is self._connections[-1] and connection.begun_calls >= _PREPARED * self._bounds.calls_in_all:
            self._connections.append(self._connect())
            self._connections[-1].channel.get_state(try_to_connect=True)

    def retire(self, within_seconds: float) -> None:
        """Carries no more calls; those in flight are given so long."""
        for connection in self._connections:
            self._retired.take(connection, within_seconds)
        self._connections.clear()

    async def close(self) -> None:
        """Ends what is in flight."""
        await asyncio.gather(*(connection.channel.close() for connection in self._connections))


class Retired:
    """Connections whose last calls go on. Each is closed after them."""

    def __init__(self) -> None:
        self._until: dict[Connection, float] = {}
        self._closer: asyncio.Task[None] | None = None

    def take(self, connection: Connection, within_seconds: float = math.inf) -> None:
        """Closes it after its last call, or when that time is over."""
        self._until[connection] = time.monotonic() + within_seconds
        if self._closer is None or self._closer.done():
            self._closer = asyncio.create_task(self._close_each())

    async def close(self) -> None:
        """Ends what is in flight."""
        if self._closer is not None:
            self._closer.cancel()
            await asyncio.gather(self._closer, return_exceptions=True)
        await asyncio.gather(*(connection.channel.close() for connection in self._until))

    async def _close_each(self) -> None:
        """Not by a channel's own grace: cancelled in that, it could be closed no more."""
        while self._until:
            now = time.monotonic()
            over = [one for one, until in self._until.items() if until <= now or not one.in_flight()]
            for connection in over:
                await connection.channel.close()
                del self._until[connection]
            await asyncio.sleep(_LOOK_SECONDS)
