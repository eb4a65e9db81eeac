"""A mesh connection to another node when this node's certificate is renewed on disk, as the supervisor does it."""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path

import grpc
import pytest
from portico.testing.v1 import testing_pb2 as pb

from portico_server.host.envoy import tls
from portico_server.host.envoy.watched import WatchedFiles
from portico_server.host.envoy.windows import CALLS_PER_CONNECTION
from portico_server.host.mesh.channel import MeshChannel
from portico_server.host.mesh.outgoing import Sender
from portico_server.host.mesh.remote.connection import Connection
from portico_server.host.mesh.remote.connections import ToNodes
from portico_server.host.mesh.remote.node_credentials import NodeCredentials
from portico_server.host.mesh.remote.way import RemoteWay, Signer
from portico_server.platform.keyring import Keyring
from portico_server.platform.mesh import Mesh
from tests.contract.mesh.stand import CALLING_PRODUCT, NAME, SECONDS, Stand, eventually, failure_of
from tests.harness import RunningPlatform

pytestmark = pytest.mark.asyncio(loop_scope="session")


class Node(Stand):
    """A node of its own that calls the platform by the door for nodes, with a certificate that the test renews."""

    def __init__(self, platform: RunningPlatform, folder: Path) -> None:
        self.keyring = Keyring.open(platform.data, "portico.local", ["localhost"])
        self._watched = WatchedFiles(folder)
        self.believes(self.keyring.authority_pem)
        door = json.loads((platform.settings.run / "front" / "settings.json").read_text())["mesh_listen"]
        host, _, port = door.rpartition(":")
        self.certificate = folder / f"{tls.NODE}.json"
        self.connections = ToNodes([(host, int(port))], NodeCredentials(folder), CALLS_PER_CONNECTION)
        way = RemoteWay(self.connections, Signer(self.keyring.assertions))
        channel = MeshChannel(Sender(CALLING_PRODUCT), lambda _: way)
        super().__init__(Mesh(channel, channel))

    def believes(self, authority_pem: bytes, *, with_list: bool = False) -> None:
        lists = self.keyring.authorities.revocation_lists([7], lifetime_seconds=600) if with_list else b""
        self._watched.write(tls.AUTHORITY, tls.authority(authority_pem, lists))

    def renew(self) -> None:
        self._watched.write(tls.NODE, tls.node_certificate(self.keyring.new_node_certificate(lifetime_seconds=600)))

    async def takes_up(self, other_than: Connection) -> Connection:
        """The connection for new calls, as soon as it is another one."""

        async def is_new() -> bool:
            return self.connections.current() is not other_than

        await eventually(is_new, "the new certificate is taken up")
        return self.connections.current()

    async def call(self) -> str:
        return str((await self.stub.Unary(pb.UnaryRequest(name=NAME, text="hello"), timeout=SECONDS)).text)


@contextlib.asynccontextmanager
async def calling_node(platform: RunningPlatform, folder: Path) -> AsyncIterator[Node]:
    node = Node(platform, folder)
    try:
        with node.calling():
            yield node
    finally:
        await node.connections.close()


async def test_new_calls_use_a_renewed_certificate_and_running_ones_go_on(
    apart: RunningPlatform, tmp_path: Path
) -> None:
    async with calling_node(apart, tmp_path) as node:
        node.renew()
        talk = node.stub.BidiStream(timeout=SECONDS)
        await talk.write(pb.BidiStreamRequest(name=NAME, sizes_bytes=[1]))
        assert len((await talk.read()).payload) == 1
        sizes = [1] * 2000
        several = node.stub.ServerStream(pb.ServerStreamRequest(name=NAME, sizes_bytes=sizes), timeout=SECONDS)
        assert len((await several.read()).payload) == 1
        old = node.connections.current()

        node.renew()
        new = await node.takes_up(old)
        assert new.confirmation != old.confirmation, "assertions are bound to the new certificate"
        assert await node.call() == "hello", "so the other side has verified that it is the connection's own"

        await talk.write(pb.BidiStreamRequest(name=NAME, sizes_bytes=[2]))
        assert len((await talk.read()).payload) == 2
        for _ in sizes[1:]:
            assert len((await several.read()).payload) == 1
        await talk.done_writing()
        assert await talk.read() is grpc.aio.EOF
        assert [await call.code() for call in (talk, several)] == [grpc.StatusCode.OK] * 2

        async def is_closed() -> bool:
            return old.channel.get_state() is grpc.ChannelConnectivity.SHUTDOWN

        await eventually(is_closed, "the old connection is closed after the last of its calls")


async def test_an_authority_that_is_believed_no_more_is_not_believed_by_connections_of_before(
    apart: RunningPlatform, tmp_path: Path
) -> None:
    async with calling_node(apart, tmp_path / "node") as node:
        node.renew()
        assert await node.call() == "hello"
        old = node.connections.current()
        node.believes(node.keyring.authority_pem, with_list=True)
        node.connections._credentials._looked_at = 0.0
        assert node.connections.current() is old, "whom it believes has not changed"
        node.believes(Keyring.open(tmp_path / "other", "portico.local", ["localhost"]).authority_pem)
        await node.takes_up(old)
        refused = await failure_of(node.call())
        assert refused.code is grpc.StatusCode.UNAVAILABLE


async def test_a_node_that_stops_ends_calls_over_connections_of_before(apart: RunningPlatform, tmp_path: Path) -> None:
    async with calling_node(apart, tmp_path) as node:
        node.renew()
        talk = node.stub.BidiStream(timeout=SECONDS)
        await talk.write(pb.BidiStreamRequest(name=NAME, sizes_bytes=[1]))
        assert len((await talk.read()).payload) == 1
        old = node.connections.current()
        node.renew()
        new = await node.takes_up(old)
        await node.connections.close()
        assert talk.cancelled()
        for connection in (old, new):
            assert connection.channel.get_state() is grpc.ChannelConnectivity.SHUTDOWN


async def test_a_certificate_that_cannot_be_read_leaves_the_one_before_in_force(
    apart: RunningPlatform, tmp_path: Path
) -> None:
    async with calling_node(apart, tmp_path) as node:
        for _ in range(2):  # the second is no other
            unreachable = await failure_of(node.call())
            assert (unreachable.code, unreachable.reason) == (grpc.StatusCode.UNAVAILABLE, "NODE_UNREACHABLE")
        node.renew()
        assert await node.call() == "hello"
        old = node.connections.current()
        node.certificate.write_bytes(b"{")
        node.connections._credentials._looked_at = 0.0
        assert await node.call() == "hello"
        assert node.connections.current() is old
        node.renew()
        await node.takes_up(old)
        assert await node.call() == "hello"
