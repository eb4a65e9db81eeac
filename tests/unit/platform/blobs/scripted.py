"""A store that answers what a test says: to each request the next step of a script."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email.utils import formatdate

from portico_server.platform.blobs.interface import Store
from portico_server.platform.blobs.stores import S3Store


@dataclass(frozen=True)
class Asked:
    """A request as it came."""

    verb: str
    target: str
    headers: dict[str, str]
    body: bytes


Step = Callable[[Asked], bytes]
"""The bytes that go back; empty: the connection is closed without an answer."""


@dataclass
class Scripted:
    """What has been asked, and on how many connections."""

    described: S3Store
    asked: list[Asked] = field(default_factory=list)
    connections: int = 0


def answer(status: int, body: bytes = b"", *, close: bool = False, **headers: str) -> Step:
    lines = [f"HTTP/1.1 {status} X", f"date: {formatdate(usegmt=True)}", "connection: close" if close else ""]
    lines += [
        f"{name.replace('_', '-')}: {value}" for name, value in ({"content_length": str(len(body))} | headers).items()
    ]
    head = "\r\n".join(line for line in lines if line).encode()
    return lambda asked: head + b"\r\n\r\n" + (b"" if asked.verb == "HEAD" else body)


def error(status: int, code: str) -> Step:
    return answer(status, f"<Error><Code>{code}</Code></Error>".encode())


def broken(_: Asked) -> bytes:
    return b""


def owner(name: str) -> Step:
    """A store that has this owner, whoever asks for what."""
    return answer(200, name.encode())


def marked(marks: list[str], *blobs: str) -> Step:
    """A store with these blobs, whose mark is the last of `marks`; empty: there is none."""
    listed = "".join(
        f"<Contents><Key>objects/blobs/{name}</Key><LastModified>2026-01-01T00:00:00Z</LastModified></Contents>"
        for name in blobs
    )

    def step(asked: Asked) -> bytes:
        if asked.verb == "PUT":
            if asked.target.endswith("/owner"):
                marks.append(asked.body.decode())
            return answer(200)(asked)
        if "list-type" in asked.target:
            return answer(200, f"<ListBucketResult>{listed}</ListBucketResult>".encode())(asked)
        return (owner(marks[-1]) if marks[-1] else error(404, "NoSuchKey"))(asked)

    return step


@asynccontextmanager
async def scripted(
    *script: Step, reads_bodies: bool = True, pause: Callable[[str], Awaitable[object]] | None = None
) -> AsyncIterator[Scripted]:
    """The last step is repeated. Where it does not read bodies it answers behind the head, and hangs up. `pause`,
    given the verb, is waited for behind the head."""
    steps: Sequence[Step] = script
    store = Scripted(S3Store(Store("away"), "", "bucket", "AKEXAMPLE", "secret"))

    tasks: set[asyncio.Task[None]] = set()

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.add(asyncio.ensure_future(serve(reader, writer)))

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        store.connections += 1
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                first, *rest = head.decode().split("\r\n")
                verb, target, _ = first.split(" ")
                headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in rest if line)}
                if pause is not None:
                    await pause(verb)
                length = int(headers.get("content-length", "0"))
                body = await reader.readexactly(length) if reads_bodies else b""
                step = steps[min(len(store.asked), len(steps) - 1)]
                asked = Asked(verb, target, headers, body)
                store.asked.append(asked)
                sent = step(asked)
                writer.write(sent)
                await writer.drain()
                if not sent or not reads_bodies or b"connection: close" in sent:
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    store.described = S3Store(Store("away"), f"http://127.0.0.1:{port}", "bucket", "AKEXAMPLE", "secret")
    try:
        yield store
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
