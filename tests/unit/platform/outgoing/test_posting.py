"""POSTs with bounded answers."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from portico_server.platform.outgoing import posting
from portico_server.platform.outgoing.addresses import AddressRules
from portico_server.platform.outgoing.connecting import Connector, tls_context
from portico_server.platform.outgoing.destinations import Destination
from portico_server.platform.outgoing.posting import Answer, Conversation, NotAnswered

Speak = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
CONNECTOR = Connector(AddressRules(["127.0.0.0/8"]), tls_context)
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


async def request_of(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(
        int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length")
    )
    return head + await reader.readexactly(length)


@contextlib.asynccontextmanager
async def conversation(speak: Speak) -> AsyncIterator[Conversation]:
    """With a server that does this on each connection."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            await speak(reader, writer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        to = Destination("http", "127.0.0.1", server.sockets[0].getsockname()[1], "/hook?a=1")
        async with Conversation(CONNECTOR, to) as made:
            yield made


def answering(*answers: bytes) -> Speak:
    """One request, one answer, on one connection after another."""
    left = list(answers)

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request_of(reader)
        writer.write(left.pop(0))
        await writer.drain()

    return speak


async def test_a_request_is_whole_and_its_answer_s_status_is_told() -> None:
    seen: list[bytes] = []

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await request_of(reader))
        writer.write(OK)

    async with conversation(speak) as talk:
        assert await talk.post([("x-own", "1")], b"body") == Answer(200)
    head, _, body = seen[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /hook?a=1 HTTP/1.1\r\n")
    assert b"\r\nhost: 127.0.0.1:" in head.lower()
    assert b"\r\nx-own: 1" in head.lower()
    assert body == b"body"


async def test_a_connection_that_stays_open_is_used_again() -> None:
    connections = 0

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        for _ in range(2):
            await request_of(reader)
            writer.write(OK)

    async with conversation(speak) as talk:
        answers = [await talk.post([], b"%d" % number) for number in range(3)]
    assert [answer.status for answer in answers] == [200] * 3
    assert connections == 2, "the third comes over a new one, for the first ended behind the second"


async def test_interim_answers_are_passed_over() -> None:
    async with conversation(answering(b"HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n" + OK)) as talk:
        assert await talk.post([], b"") == Answer(200)


async def test_redirects_are_answers() -> None:
    async with conversation(
        answering(b"HTTP/1.1 307 Moved\r\nlocation: https://localhost/\r\ncontent-length: 0\r\n\r\n")
    ) as talk:
        assert await talk.post([], b"") == Answer(307)


async def test_when_to_come_again_is_told() -> None:
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=500), usegmt=True).encode()
    texts = (b"120", b"9999999999", soon, b"-5", b"never", b"Sun, 06 Nov 1994 08:49:37 GMT")
    template = b"HTTP/1.1 503 Busy\r\nretry-after: %s\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
    async with conversation(answering(*(template % text for text in texts))) as talk:
        after = [(await talk.post([], b"")).retry_after_seconds for _ in texts]
    assert (after[0], after[1], after[3], after[4], after[5]) == (120, 24 * 3600, 0, 0, 0)
    assert 300 < after[2] <= 500


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (b"", "ended before an answer"),
        (b"SSH-2.0-OpenSSH\r\n\r\n", r"no answer of HTTP/1\.1"),
        (b"HTTP/1.1 200 OK\r\nx: " + b"x" * 40_000 + b"\r\n\r\n", r"no answer of HTTP/1\.1"),
        (b"HTTP/1.1 101 Switching\r\nupgrade: x\r\n\r\n", r"no answer of HTTP/1\.1"),
        (b"HTTP/1.1 103 Early\r\n\r\n" * 20, r"no answer of HTTP/1\.1"),
    ],
)
async def test_what_is_no_answer_is_told(answer: bytes, why: str) -> None:
    async with conversation(answering(answer)) as talk:
        with pytest.raises(NotAnswered, match=why):
            await talk.post([], b"")


async def test_who_never_answers_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(posting, "WHOLE_SECONDS", 0.2)

    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n")
        while True:
            writer.write(b"x: y\r\n")
            await writer.drain()
            await asyncio.sleep(0.02)

    async with conversation(drip) as talk:
        with pytest.raises(NotAnswered, match=r"within 0\.2 s"):
            await talk.post([], b"")


@pytest.mark.parametrize("size", [b"", b"content-length: 100000000000\r\n"])
async def test_an_endless_body_is_not_read(size: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    ended = asyncio.Event()

    async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request_of(reader)
        writer.write(b"HTTP/1.1 200 OK\r\n" + size + b"\r\n")
        try:
            while True:
                writer.write(b"x" * 65536)
                await writer.drain()
        finally:
            ended.set()

    async with conversation(flood) as talk:
        assert await talk.post([], b"") == Answer(200)
        await asyncio.wait_for(ended.wait(), 30)


async def test_a_body_that_comes_slowly_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(posting, "_BODY_SECONDS", 0.1)

    async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request_of(reader)
        writer.write(b"HTTP/1.1 202 OK\r\ncontent-length: 5\r\n\r\nx")
        await reader.read()

    async with conversation(slow) as talk:
        assert await talk.post([], b"") == Answer(202)
        assert await talk.post([], b"") == Answer(202)
