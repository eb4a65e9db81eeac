"""Puts the mesh together: each product's channels, over the ways that there are."""

from __future__ import annotations

from portico_server.host.mesh.channel import MeshChannel, Way
from portico_server.host.mesh.local.server import LocalServer
from portico_server.host.mesh.local.way import LocalWay
from portico_server.host.mesh.outgoing import Sender
from portico_server.platform.mesh import Mesh, own_principal


class Meshes:
    """The products' meshes in one process. `local` is what this process serves."""

    def __init__(self, local: LocalServer) -> None:
        self._local = LocalWay(local)

    def of(self, product: str) -> Mesh:
        """The channels of a product."""
        own = Sender(product, own_principal(product))
        return Mesh(MeshChannel(Sender(product), self._way_to), MeshChannel(own, self._way_to))

    def _way_to(self, service: str) -> Way:
        return self._local
