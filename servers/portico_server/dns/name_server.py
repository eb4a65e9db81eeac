"""The name server: UDP and TCP on one address, answered in the process that has the product.

Where several processes have it, one of them holds the address, and another takes it over when that one ends.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import ipaddress
import socket
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import cast

import structlog

from portico_server.dns import packets
from portico_server.dns.rates import Rates, network_of
from portico_server.platform.settings import SettingError

IN_ALL_A_SECOND = 500.0
"""So that a flood leaves the process time for its calls: an answer takes half a millisecond."""
_MOST_IN_FLIGHT = 256
_MOST_CONNECTIONS = 100
_MOST_CONNECTIONS_OF_A_NETWORK = 20
_MOST_QUERIES_OF_A_CONNECTION = 100
_IDLE_SECONDS = 10.0
_AGAIN_SECONDS = 0.5
_LENGTH_BYTES = 2

Respond = Callable[[bytes, bool], Awaitable[bytes | None]]
"""Answers a packet; the flag says that it came by TCP."""

_log = structlog.get_logger(__name__)


class NameServer:
    """Listens once it could bind its address."""

    def __init__(
        self,
        address: tuple[str, int],
        respond: Respond,
        a_network: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`a_network`: queries a second of one network by UDP."""
        self._address = address
        self._respond = respond
        self._rates = Rates(a_network, IN_ALL_A_SECOND, clock)
        self._tasks: set[asyncio.Task[None]] = set()
        self._connections: Counter[str] = Counter()
        self._refused = 0
        self.listening = asyncio.Event()
        self.port = address[1]

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Raises SettingError where the address cannot be bound for another reason than that somebody has it."""
        bound = self._bound()
        serving = asyncio.create_task(self._serve(bound), name="name server")
        try:
            yield
        finally:
            serving.cancel()
            await asyncio.gather(serving, return_exceptions=True)
            for task in (tasks := list(self._tasks)):
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _serve(self, bound: tuple[socket.socket, socket.socket] | None) -> None:
        if bound is None:
            _log.warning("another process has the address of dns_listen; it is taken over when that one ends")
        while bound is None:
            await asyncio.sleep(_AGAIN_SECONDS)
            bound = self._bound()
        datagrams, connections = bound
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(lambda: _Datagrams(self), sock=datagrams)
        try:
            server = await asyncio.start_server(self._connected, sock=connections)
            _log.info("answering DNS", address=self._address[0], port=self.port)
            self.listening.set()
            async with server:
                await server.serve_forever()
        finally:
            transport.close()
            connections.close()

    def _bound(self) -> tuple[socket.socket, socket.socket] | None:
        """The two sockets; None while another process has the address."""
        host, port = self._address
        family = socket.AF_INET6 if ipaddress.ip_address(host).version == 6 else socket.AF_INET
        datagrams, connections = socket.socket(family, socket.SOCK_DGRAM), socket.socket(family, socket.SOCK_STREAM)
        try:
            datagrams.bind((host, port))
            self.port = datagrams.getsockname()[1]
            connections.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # of connections that have ended
            connections.bind((host, self.port))
            connections.listen(_MOST_CONNECTIONS)
        except OSError as error:
            datagrams.close()
            connections.close()
            if error.errno == errno.EADDRINUSE:
                return None
            raise SettingError(f"dns_listen: {host}:{port} cannot be listened at: {error.strerror}") from None
        datagrams.setblocking(False)
        connections.setblocking(False)
        return datagrams, connections

    def received(self, packet: bytes, sender: tuple[str, int], transport: asyncio.DatagramTransport) -> None:
        """A datagram: answered in turn, cut short where its network asks too much, dropped where all do."""
        if not self._rates.any_left() or len(self._tasks) >= _MOST_IN_FLIGHT:
            return
        if not self._rates.allows(sender[0]):
            self._refused += 1
            if self._refused % 2 and (short := packets.truncated(packet)) is not None:
                transport.sendto(short, sender)  # who is no forged sender comes again by TCP
            return
        self._begin(self._answer(packet, sender, transport))

    def _begin(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("a DNS query was not answered", error=type(error).__name__, exc_info=error)

    async def _answer(self, packet: bytes, sender: tuple[str, int], transport: asyncio.DatagramTransport) -> None:
        response = await self._respond(packet, False)
        if response is not None and not transport.is_closing():
            transport.sendto(response, sender)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = writer.get_extra_info("peername")
        network = network_of(peer[0]) if peer else ""
        try:
            if (
                self._connections.total() < _MOST_CONNECTIONS
                and self._connections[network] < _MOST_CONNECTIONS_OF_A_NETWORK
            ):
                self._connections[network] += 1
                try:
                    await self._converse(reader, writer)
                finally:
                    self._connections[network] -= 1
                    self._connections += Counter()  # forgets those with none
        except (OSError, EOFError, TimeoutError):
            pass  # the other side left, or says nothing
        finally:
            writer.close()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for _ in range(_MOST_QUERIES_OF_A_CONNECTION):
            async with asyncio.timeout(_IDLE_SECONDS):
                length = int.from_bytes(await reader.readexactly(_LENGTH_BYTES))
                if length > packets.MAX_QUERY_BYTES:
                    return
                packet = await reader.readexactly(length)
            response = await self._respond(packet, True) if self._rates.any_left() else None
            if response is None:
                return
            async with asyncio.timeout(_IDLE_SECONDS):
                writer.write(len(response).to_bytes(_LENGTH_BYTES) + response)
                await writer.drain()


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, server: NameServer) -> None:
        self._server = server
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)  # uvloop's own are no subclasses of asyncio's

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if self._transport is not None:
            self._server.received(data, addr, self._transport)
