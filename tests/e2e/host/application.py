"""A small application for tests of the host alone: tells what reached it, sleeps, streams. It answers ASGI's requests
itself, gRPC calls too, which the plain host does not hand to it.

`/echo`: the request as the application saw it, as JSON. `/sleep?SECONDS`: answers after that time. `/interpreter`: how
Python finds itself. A download of an object: 50 MiB. Any other path: the body, chunk by chunk, as it comes.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from google.api import httpbody_pb2

from portico.objects.v1 import objects_pb2
from portico_server.host.adapter import GrpcApplication
from portico_server.host.adapter.exchange import Receive, Scope, Send
from portico_server.host.control import DRAINING, control_socket
from portico_server.host.run_folder import CONTROL_SOCKET
from portico_server.platform.call import Call, Handler
from portico_server.platform.errors import to_api_error


class HostApplication(GrpcApplication):
    """Serves no methods."""

    def __init__(self) -> None:
        super().__init__(
            pipeline=_straight,
            methods={},
            errors=lambda error: to_api_error(error, {}),
            max_message_bytes=4 * 1024 * 1024,
            first_message_seconds=10,
            lifespan=_lifespan,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await _serve(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


async def _straight(call: Call, proceed: Handler) -> None:
    await proceed(call)


async def _serve(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["path"].startswith("/echo"):
        await _answer(send, {"path": scope["path"], "headers": _headers(scope), "body": await _body(receive)})
    elif scope["path"] == "/sleep":
        _note("sleeping", "")
        await asyncio.sleep(float(scope["query_string"]))
        await _answer(send, {"slept": True})
    elif scope["path"] == "/interpreter":
        child = await asyncio.create_subprocess_exec("env", stdout=asyncio.subprocess.PIPE)
        environment = (await child.communicate())[0].decode().splitlines()
        found = {"executable": sys.executable, "path": sys.path, "environment": environment, "folder": os.getcwd()}
        await _answer(send, found)
    elif scope["path"] == "/portico.objects.v1.ObjectService/GetObject":
        await _download(receive, send)
    else:
        await _stream_back(receive, send)


@contextlib.asynccontextmanager
async def _lifespan() -> AsyncIterator[None]:
    async with control_socket(Path(CONTROL_SOCKET), {("POST", DRAINING): _draining}):
        _note("ready", str(os.getpid()))
        yield
    _note("stopped", "")


async def _draining() -> str:
    _note("draining", "")
    return ""


def _note(name: str, content: str) -> None:
    Path(name).write_text(content)


async def _answer(send: Send, body: Any) -> None:
    headers = [(b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(body).encode()})


async def _body(receive: Receive) -> str:
    chunks = []
    while True:
        message = await receive()
        chunks.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(chunks).decode("latin-1")


async def _stream_back(receive: Receive, send: Send) -> None:
    first = await receive()
    if b"count-only" in first["body"]:
        await _answer(send, {"bytes": len(first["body"]) + await _count(receive)})
        return
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": first["body"], "more_body": True})
    more = bool(first.get("more_body"))
    while more:
        message = await receive()
        more = message.get("more_body", False)
        await send({"type": "http.response.body", "body": message.get("body", b""), "more_body": True})
    await send({"type": "http.response.body", "body": b""})


async def _count(receive: Receive) -> int:
    total = 0
    while True:
        message = await receive()
        total += len(message.get("body", b""))
        if not message.get("more_body"):
            return total


async def _download(receive: Receive, send: Send) -> None:
    """What a servicer would answer, in gRPC frames: 50 messages of 1 MiB."""
    await _body(receive)
    headers = [(b"content-type", b"application/grpc")]
    await send({"type": "http.response.start", "status": 200, "headers": headers, "trailers": True})
    data = httpbody_pb2.HttpBody(content_type="image/png", data=b"x" * 1024 * 1024)
    message = objects_pb2.GetObjectResponse(data=data).SerializeToString()
    frame = b"\0" + len(message).to_bytes(4, "big") + message
    for _ in range(50):
        await send({"type": "http.response.body", "body": frame, "more_body": True})
    await send({"type": "http.response.body", "body": b""})
    await send({"type": "http.response.trailers", "headers": [(b"grpc-status", b"0")]})


def _headers(scope: Scope) -> list[list[str]]:
    return [[name.decode(), value.decode("latin-1")] for name, value in scope["headers"]]


app = HostApplication()
