"""Where calls to other processes go: to a process of this machine, or to nodes that serve alike."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Sequence
from typing import Any, Protocol

import grpc

from portico_server.host.envoy import floods
from portico_server.host.mesh.remote.connection import OPTIONS, Connection
from portico_server.host.mesh.remote.node_credentials import NodeCredentials
from portico_server.host.mesh.remote.pool import Bounds, Pool, Retired
from portico_server.platform.keyring.assertions import DOOR_ASSERTION, NODE_ASSERTION, at_door, by_certificate
from portico_server.platform.keyring.keyring import LOOPBACK

_NODE_NAME = (("grpc.ssl_target_name_override", LOOPBACK[0]),)
"""Every node's certificate bears this name, and no other server certificate is issued: whoever shows it is a node of
this trust domain, at whatever address it is reached."""

OLD_CONNECTION_SECONDS = 3600.0
"""How long calls may go on over a connection that was made with the certificate of before."""


class Connections(Protocol):
    """Leads to one place."""

    def current(self) -> Connection:
        """The connection to take for a call. Raises OSError, ValueError where there can be none."""
        ...

    async def close(self) -> None: ...


class ToDoor:
    """To a process of this machine, by the socket at `path`, whose connections carry so many calls at once."""

    def __init__(self, process: str, path: str, calls_at_once: int) -> None:
        self._process = process
        self._path = path
        self._retired = Retired()
        self._pool = Pool(self._connect, Bounds(calls_at_once, floods.CALLS_TO_A_PROCESS), self._retired)

    def current(self) -> Connection:
        return self._pool.current()

    async def close(self) -> None:
        await asyncio.gather(self._retired.close(), self._pool.close())

    def _connect(self) -> Connection:
        channel = grpc.aio.insecure_channel(f"unix:{self._path}", (*OPTIONS, ("grpc.default_authority", "portico")))
        return Connection(channel, DOOR_ASSERTION, at_door(self._process))


class ToNodes:
    """To nodes that serve alike, in turn; one that cannot be reached is left out while others can."""

    def __init__(
        self,
        addresses: Sequence[tuple[str, int]],
        credentials: NodeCredentials,
        calls_at_once: int,
    ) -> None:
        self._credentials = credentials
        self._made_with: Any = None
        self._retired = Retired()
        bounds = Bounds(calls_at_once, floods.CALLS_TO_A_NODE)
        self._pools = [Pool(self._connecting(host, port), bounds, self._retired) for host, port in addresses]
        self._turns = itertools.count()

    def current(self) -> Connection:
        self._credentials.refresh()
        if self._credentials.credentials is not self._made_with:
            # Calls in flight go on; new ones are made with the new certificate, and believe others.
            self._made_with = self._credentials.credentials
            for pool in self._pools:
                pool.retire(OLD_CONNECTION_SECONDS)
        turn = next(self._turns)
        for offset in range(len(self._pools)):
            connection = self._pools[(turn + offset) % len(self._pools)].current()
            if connection.channel.get_state() is not grpc.ChannelConnectivity.TRANSIENT_FAILURE:
                return connection
        return self._pools[turn % len(self._pools)].current()

    async def close(self) -> None:
        """Ends what is in flight, over connections of before, too."""
        await asyncio.gather(self._retired.close(), *(pool.close() for pool in self._pools))

    def _connecting(self, host: str, port: int) -> Any:
        target = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

        def connect() -> Connection:
            shown = self._credentials
            channel = grpc.aio.secure_channel(target, shown.credentials, (*OPTIONS, *_NODE_NAME))
            return Connection(channel, NODE_ASSERTION, by_certificate(shown.fingerprint))

        return connect
