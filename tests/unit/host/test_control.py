"""The control socket: what it answers, and that it leaves no connection open."""

from __future__ import annotations

import asyncio
from pathlib import Path

from portico_server.host.control import control_socket


async def answer_of(path: Path, request: bytes) -> bytes:
    reader, writer = await asyncio.open_unix_connection(str(path))
    try:
        writer.write(request)
        return await asyncio.wait_for(reader.read(), 30)
    finally:
        writer.close()


async def test_a_route_that_raises_is_answered_and_the_connection_closed(tmp_path: Path) -> None:
    async def broken() -> str:
        raise KeyError("of nobody")

    path = tmp_path / "control.sock"
    async with control_socket(path, {("GET", "/broken"): broken}):
        told = await answer_of(path, b"GET /broken HTTP/1.1\r\n\r\n")
        assert told.startswith(b"HTTP/1.1 500 ")
        assert b"of nobody" not in told
        assert (await answer_of(path, b"GET /alive HTTP/1.1\r\n\r\n")).endswith(b"alive\n")
