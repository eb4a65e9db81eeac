"""A small ASGI application for tests of the host alone: tells what reached it, sleeps, streams.

`/echo`: the request as the application saw it, as JSON. `/sleep?SECONDS`: answers after that time. `/interpreter`: how
Python finds itself. Any other path: the body, chunk by chunk, as it comes.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from portico_server.host.embedding import leave_embedding

leave_embedding()

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "lifespan":
        await _live(receive, send)
    elif scope["path"].startswith("/echo"):
        await _answer(send, {"path": scope["path"], "headers": _headers(scope), "body": await _body(receive)})
    elif scope["path"] == "/sleep":
        await asyncio.sleep(float(scope["query_string"]))
        await _answer(send, {"slept": True})
    elif scope["path"] == "/interpreter":
        child = await asyncio.create_subprocess_exec("env", stdout=asyncio.subprocess.PIPE)
        environment = (await child.communicate())[0].decode().splitlines()
        found = {"executable": sys.executable, "path": sys.path, "environment": environment, "folder": os.getcwd()}
        await _answer(send, found)
    else:
        await _stream_back(receive, send)


async def _live(receive: Receive, send: Send) -> None:
    assert (await receive())["type"] == "lifespan.startup"
    await send({"type": "lifespan.startup.complete"})
    _note("front.ready", str(os.getpid()))
    assert (await receive())["type"] == "lifespan.shutdown"
    _note("stopped", "")
    await send({"type": "lifespan.shutdown.complete"})


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
    await send({"type": "http.response.start", "status": 200, "headers": []})
    more = True
    while more:
        message = await receive()
        more = message.get("more_body", False)
        await send({"type": "http.response.body", "body": message.get("body", b""), "more_body": more})


def _headers(scope: Scope) -> list[list[str]]:
    return [[name.decode(), value.decode("latin-1")] for name, value in scope["headers"]]
