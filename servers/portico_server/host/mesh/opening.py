"""Puts the mesh together: each product's channels, over the ways that there are."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from portico_server.host.envoy import windows
from portico_server.host.mesh.channel import MeshChannel, Way
from portico_server.host.mesh.local.server import LocalServer
from portico_server.host.mesh.local.way import LocalWay
from portico_server.host.mesh.outgoing import Sender
from portico_server.host.mesh.remote.connections import Connections, ToDoor, ToNodes
from portico_server.host.mesh.remote.node_credentials import NodeCredentials
from portico_server.host.mesh.remote.way import RemoteWay, Signer
from portico_server.platform.keyring.assertions import AssertionKey
from portico_server.platform.mesh import Mesh, own_principal
from portico_server.platform.placement import Here, Nodes, Place, Placement, Process


class Meshes:
    """The products' meshes in one process."""

    def __init__(
        self,
        local: LocalServer,
        placement: Placement,
        key: AssertionKey,
        door_of: Callable[[str], str],
        credentials: NodeCredentials,
        calls_at_once: int,
    ) -> None:
        self._placement = placement
        self._calls_at_once = calls_at_once
        self._door_of = door_of
        self._credentials = credentials
        self._signer = Signer(key)
        self._local = LocalWay(local)
        self._ways: dict[Place, Way] = {}
        self._connections: list[Connections] = []

    def of(self, product: str) -> Mesh:
        """The channels of a product."""
        own = Sender(product, own_principal(product))
        return Mesh(MeshChannel(Sender(product), self._to_service), MeshChannel(own, self._to_service))

    def to_process_of(self, product: str, caller: str) -> MeshChannel:
        """A channel on the current caller's behalf to the process that serves this product, for services that every
        process has of its own; `caller` is who calls."""
        return MeshChannel(Sender(caller), lambda _: self._to(self._placement.of_product(product)))

    async def close(self) -> None:
        await asyncio.gather(*(connections.close() for connections in self._connections))

    def _to_service(self, service: str) -> Way:
        return self._to(self._placement.of_service(service))

    def _to(self, place: Place) -> Way:
        if isinstance(place, Here):
            return self._local
        if place not in self._ways:
            connections = self._connect(place)
            self._connections.append(connections)
            self._ways[place] = RemoteWay(connections, self._signer)
        return self._ways[place]

    def _connect(self, place: Process | Nodes) -> Connections:
        if isinstance(place, Process):
            return ToDoor(place.name, self._door_of(place.name), self._calls_at_once)
        return ToNodes(place.addresses, self._credentials, self._calls_at_once)


@contextlib.asynccontextmanager
async def open_meshes(
    local: LocalServer,
    placement: Placement,
    key: AssertionKey,
    *,
    door_of: Callable[[str], str],
    watched: Path,
    max_streams: int,
) -> AsyncIterator[Meshes]:
    """The meshes of this process. `local` is what it serves itself, `key` signs for whom it calls, `door_of` answers
    the socket of another process, `watched` is the folder in which the node's certificate is put in force,
    `max_streams` how many calls a door takes on one connection."""
    calls_at_once = min(max_streams, windows.CALLS_PER_CONNECTION)
    meshes = Meshes(local, placement, key, door_of, NodeCredentials(watched), calls_at_once)
    try:
        yield meshes
    finally:
        await meshes.close()
