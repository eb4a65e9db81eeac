"""The plain host's HTTP server, over its socket: what an ASGI application is told and may do."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from portico_server.host.adapter.exchange import Receive, Scope, Send
from portico_server.host.plain.http import Application, serving_http

DEADLINE_SECONDS = 60
CHUNK = bytes(256 * 1024)

Client = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@contextlib.asynccontextmanager
async def client_of(application: Application, folder: Path) -> AsyncIterator[Client]:
    async with asyncio.timeout(DEADLINE_SECONDS), serving_http(application, str(folder / "http")):
        reader, writer = await asyncio.open_unix_connection(str(folder / "http"))
        try:
            yield reader, writer
        finally:
            writer.close()


async def body_of(receive: Receive) -> bytes:
    body = b""
    while (event := await receive())["type"] == "http.request":
        body += event["body"]
        if not event["more_body"]:
            break
    return body


async def answer(send: Send, body: bytes, status: int = 200) -> None:
    length = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": status, "headers": [length]})
    await send({"type": "http.response.body", "body": body})


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    await answer(send, await body_of(receive))


async def response(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    """The head and, by its length, the body."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
    return head, await reader.readexactly(length)


async def test_the_application_is_told_what_the_request_is(tmp_path: Path) -> None:
    seen: list[Scope] = []

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope)
        await answer(send, b"")

    async with client_of(application, tmp_path) as (reader, writer):
        writer.write(b"GET /a%2Fb%C3%A9?c=%2F HTTP/1.1\r\nHost: x\r\nX-Two: 1\r\nX-Two: 2\r\n")
        writer.write(b"x-portico-peer: [::1]:77\r\n\r\n")
        await response(reader)
    [scope] = seen
    assert (scope["method"], scope["path"], scope["raw_path"]) == ("GET", "/a/bé", b"/a%2Fb%C3%A9")
    assert (scope["query_string"], scope["client"]) == (b"c=%2F", ("::1", 77))
    assert [value for name, value in scope["headers"] if name == b"x-two"] == [b"1", b"2"]


async def test_requests_come_one_after_another_on_one_connection(tmp_path: Path) -> None:
    async with client_of(echo, tmp_path) as (reader, writer):
        chunked = b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n3\r\none\r\n0\r\n\r\n"
        sized = b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\n\r\ntwo"
        writer.write(chunked + sized)  # the second one is there before the first is answered
        assert [(await response(reader))[1] for _ in range(2)] == [b"one", b"two"]
        writer.write(chunked)
        assert (await response(reader))[1] == b"one"


async def test_both_sides_stream_at_once(tmp_path: Path) -> None:
    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        more = True
        while more:
            event = await receive()
            more = event["more_body"]
            await send({"type": "http.response.body", "body": event["body"], "more_body": more})

    async with client_of(application, tmp_path) as (reader, writer):
        writer.write(b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n")
        await reader.readuntil(b"\r\n\r\n")
        for part in (b"a", b"bc"):
            writer.write(b"%x\r\n%b\r\n" % (len(part), part))
            assert await reader.readuntil(part + b"\r\n")
        writer.write(b"0\r\n\r\n")
        assert await reader.readuntil(b"0\r\n\r\n")


async def test_a_client_that_leaves_is_told_and_nothing_is_sent_to_it(tmp_path: Path) -> None:
    waiting: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    told: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        waiting.set_result(None)
        event = await receive()
        written = send({"type": "http.response.start", "status": 200, "headers": []})
        assert asyncio.isfuture(written)
        told.set_result((event, written.exception()))

    async with client_of(application, tmp_path) as (_, writer):
        writer.write(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
        await waiting
        writer.close()
        event, failure = await told
    assert event == {"type": "http.disconnect"}
    assert isinstance(failure, ConnectionResetError)


async def test_a_slow_reader_holds_the_application_back(tmp_path: Path) -> None:
    written: list[asyncio.Future[None]] = []
    full = asyncio.Event()

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for _ in range(40):
            sent = send({"type": "http.response.body", "body": CHUNK, "more_body": True})
            assert asyncio.isfuture(sent)
            written.append(sent)
        full.set()
        await asyncio.gather(*written)
        await send({"type": "http.response.body", "body": b"end"})

    async with client_of(application, tmp_path) as (reader, writer):
        writer.write(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
        await full.wait()
        assert not all(each.done() for each in written)
        got = await _until(reader, b"end\r\n0\r\n\r\n")
        assert all(each.done() for each in written)
    assert got > 40 * len(CHUNK)


async def test_an_application_that_does_not_read_holds_its_client_back(tmp_path: Path) -> None:
    go_on = asyncio.Event()
    total = 40 * len(CHUNK)

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        await go_on.wait()
        await answer(send, str(len(await body_of(receive))).encode())

    async with client_of(application, tmp_path) as (reader, writer):
        writer.write(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: %d\r\n\r\n" % total)
        for _ in range(40):
            writer.write(CHUNK)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(writer.drain(), 0.5)  # it never would: what lies between them is small
        go_on.set()
        await writer.drain()
        assert (await response(reader))[1] == str(total).encode()


@pytest.mark.parametrize("begun", [False, True])
async def test_an_application_that_fails_breaks_the_connection_off(tmp_path: Path, begun: bool) -> None:
    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        if begun:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"half", "more_body": True})
        raise RuntimeError("as the test wants it")

    async with client_of(application, tmp_path) as (reader, writer):
        writer.write(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
        with contextlib.suppress(ConnectionError):
            got = await reader.read()
            assert (b"half" in got, got.endswith(b"0\r\n\r\n")) == (begun, False)


async def test_an_answer_before_the_request_has_ended_closes_the_connection(tmp_path: Path) -> None:
    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        await answer(send, b"no", 413)

    async with client_of(application, tmp_path) as (reader, writer):
        writer.write(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\nhalf")
        head, body = await response(reader)
        assert (head.split()[1], body, await reader.read()) == (b"413", b"no", b"")


async def test_what_is_no_http_ends_that_connection_alone(tmp_path: Path) -> None:
    async with client_of(echo, tmp_path) as (reader, writer):
        other_reader, other_writer = await asyncio.open_unix_connection(str(tmp_path / "http"))
        other_writer.write(os.urandom(64) + b"\r\n\r\n")
        with contextlib.suppress(ConnectionError):
            await other_reader.read()
        other_writer.close()
        writer.write(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
        assert (await response(reader))[1] == b""


async def _until(reader: asyncio.StreamReader, end: bytes) -> int:
    """How many bytes came up to this end."""
    count, last = 0, b""
    while not last.endswith(end):
        part = await reader.read(len(CHUNK))
        assert part, "it ended before"
        count += len(part)
        last = (last + part)[-len(end) :]
    return count
