"""Connections to other processes, and what assertions are bound to that are sent over them."""

from __future__ import annotations

import asyncio
import itertools
import time
import weakref
from collections.abc import Sequence
from typing import Any, Protocol

import grpc

from portico_server.host.mesh.remote.node_credentials import NodeCredentials
from portico_server.platform.keyring.assertions import Confirmation, at_door, by_certificate
from portico_server.platform.keyring.keyring import LOOPBACK
from portico_server.platform.mesh import DOOR_ASSERTION, NODE_ASSERTION

_OPTIONS = (
    # What another process of ours sends is bounded by its own contracts and doors.
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
    ("grpc.max_metadata_size", 64 * 1024),
    # A process that is started anew is found again within a second.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 1_000),
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.enable_retries", 0),
    # Each connection is one's own: shared ones would outlive the certificate that they were made with.
    ("grpc.use_local_subchannel_pool", 1),
)
_NODE_NAME = (("grpc.ssl_target_name_override", LOOPBACK[0]),)
"""Every node's certificate bears this name, and no other server certificate is issued: whoever shows it is a node of
this trust domain, at whatever address it is reached."""

OLD_CONNECTION_SECONDS = 3600.0
"""How long calls may go on over a connection that was made with the certificate of before."""
_LOOK_SECONDS = 0.5


class Connection:
    """A channel, and the header and binding of the assertions that go over it."""

    def __init__(self, channel: grpc.aio.Channel, header: str, confirmation: Confirmation) -> None:
        self.channel = channel
        self.header = header
        self.confirmation = confirmation
        self.methods: dict[str, Any] = {}
        """Multicallables by path; their messages are bytes."""
        self.calls: weakref.WeakSet[Any] = weakref.WeakSet()
        """Those that are in flight, among others."""


class Connections(Protocol):
    """Leads to one place."""

    def current(self) -> Connection:
        """The connection to take for a call. Raises OSError, ValueError where there can be none."""
        ...

    async def close(self) -> None: ...


class ToDoor:
    """To a process of this machine, by the socket at `path`."""

    def __init__(self, process: str, path: str) -> None:
        self._process = process
        self._path = path
        self._connection: Connection | None = None

    def current(self) -> Connection:
        if self._connection is None:
            channel = grpc.aio.insecure_channel(
                f"unix:{self._path}", (*_OPTIONS, ("grpc.default_authority", "portico"))
            )
            self._connection = Connection(channel, DOOR_ASSERTION, at_door(self._process))
        return self._connection

    async def close(self) -> None:
        if self._connection is not None:
            await self._connection.channel.close()


class ToNodes:
    """To nodes that serve alike, in turn; one that cannot be reached is left out while others can."""

    def __init__(self, addresses: Sequence[tuple[str, int]], credentials: NodeCredentials) -> None:
        self._addresses = addresses
        self._credentials = credentials
        self._made_with: Any = None
        self._connections: list[Connection] = []
        self._turns = itertools.count()
        self._retired: dict[asyncio.Task[None], Connection] = {}
        """Of certificates of before, each with what closes it after its last call."""

    def current(self) -> Connection:
        self._credentials.refresh()
        if self._credentials.credentials is not self._made_with:
            self._renew()
        turn = next(self._turns)
        for offset in range(len(self._connections)):
            connection = self._connections[(turn + offset) % len(self._connections)]
            if connection.channel.get_state() is not grpc.ChannelConnectivity.TRANSIENT_FAILURE:
                return connection
        return self._connections[turn % len(self._connections)]

    async def close(self) -> None:
        """Ends what is in flight, over connections of before, too."""
        retiring, connections = list(self._retired), [*self._retired.values(), *self._connections]
        for task in retiring:
            task.cancel()
        await asyncio.gather(*retiring, return_exceptions=True)
        await asyncio.gather(*(connection.channel.close() for connection in connections))

    def _renew(self) -> None:
        """Connects with the new certificate, or believing others; calls in flight go on over connections of before."""
        old = self._connections
        self._made_with = self._credentials.credentials
        bound = by_certificate(self._credentials.fingerprint)
        self._connections = [
            Connection(self._channel(host, port), NODE_ASSERTION, bound) for host, port in self._addresses
        ]
        for connection in old:
            task = asyncio.create_task(_retire(connection))
            self._retired[task] = connection
            task.add_done_callback(self._retired.pop)

    def _channel(self, host: str, port: int) -> grpc.aio.Channel:
        target = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        return grpc.aio.secure_channel(target, self._credentials.credentials, (*_OPTIONS, *_NODE_NAME))


async def _retire(connection: Connection) -> None:
    """Closes it after its last call. Not by the channel's own grace: cancelled in that, it could be closed no more."""
    until = time.monotonic() + OLD_CONNECTION_SECONDS
    while time.monotonic() < until and not all(call.done() for call in connection.calls):  # noqa: ASYNC110 - it is rare
        await asyncio.sleep(_LOOK_SECONDS)
    await connection.channel.close()
