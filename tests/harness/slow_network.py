"""A TCP proxy before a server on a Unix socket, which can delay, stall and cut what passes."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path


class Network:
    """What lies between a client and the server. `delay_seconds` is waited before anything passes; while `flows` is not
    set nothing passes, and nobody is told; `port` is the client's end."""

    def __init__(self, server: Path) -> None:
        self._server = server
        self._listening: asyncio.Server
        self._writers: set[asyncio.StreamWriter] = set()
        self._passing: set[asyncio.Task[None]] = set()
        self.answers_pass = True
        """Whether the server's answers reach the client; its requests do so or not by `flows`."""
        self.delay_seconds = 0.0
        self.flows = asyncio.Event()
        self.flows.set()
        self.port = 0

    async def start(self) -> None:
        self._listening = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._listening.sockets[0].getsockname()[1]

    @property
    def connections(self) -> int:
        """How many are open."""
        return len(self._writers) // 2

    def cut(self) -> None:
        """Ends every connection, without a word of either protocol."""
        for writer in list(self._writers):
            writer.transport.abort()

    async def stop(self) -> None:
        self._listening.close()
        self.cut()
        for task in self._passing:
            task.cancel()
        await asyncio.gather(*self._passing, return_exceptions=True)

    async def _serve(self, from_client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        try:
            from_server, to_server = await asyncio.open_unix_connection(str(self._server))
        except OSError:
            to_client.transport.abort()
            return
        ends = {to_client, to_server}
        self._writers |= ends
        ways = [self._pass(from_client, to_server), self._pass(from_server, to_client, answers=True)]
        tasks = {asyncio.create_task(way) for way in ways}
        self._passing |= tasks
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for writer in ends:
            writer.transport.abort()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._passing -= tasks
        self._writers -= ends

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, answers: bool = False) -> None:
        with contextlib.suppress(OSError):
            while chunk := await reader.read(64 * 1024):
                await asyncio.sleep(self.delay_seconds)
                await self.flows.wait()
                if answers and not self.answers_pass:
                    return  # the connection breaks, and the answer with it
                writer.write(chunk)
                await writer.drain()


@contextlib.asynccontextmanager
async def network(server: Path) -> AsyncIterator[Network]:
    """`server` is the path of its socket."""
    between = Network(server)
    await between.start()
    try:
        yield between
    finally:
        await between.stop()
