"""Clients' secrets between the processes of a machine: whoever serves the product that knows them answers on a Unix
socket in its run folder, and the processes behind the doors, which are shown the secrets, ask there.

A question is a line of JSON, and so is its answer: {"client_id", "secret"} and the fields of the Principal, or null.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import json
import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import grpc

from portico_server.host.control import listen
from portico_server.platform.authorization import Principal
from portico_server.platform.clients import Clients
from portico_server.platform.errors import ApiError

_log = logging.getLogger(__name__)

_MOST_BYTES = 256 * 1024
"""Of a question: two texts of 16 KiB, each character of which may be written as `\\uXXXX`."""
_READ_SECONDS = 5.0
_ASK_SECONDS = 5.0
_RETRY_SECONDS = 1.0


@contextlib.asynccontextmanager
async def answering(path: Path, clients: Clients) -> AsyncIterator[None]:
    """Answers, at a socket of mode 0600, what these clients know."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(_READ_SECONDS):
                question = json.loads(await reader.readline())
            principal = await clients.authenticate(str(question["client_id"]), str(question["secret"]))
            answer = None if principal is None else _told(principal)
            writer.write(json.dumps(answer).encode() + b"\n")
            await writer.drain()
        except (OSError, TimeoutError, ValueError, KeyError, TypeError):
            pass  # no question: no answer
        except Exception:
            _log.exception("a client's secret could not be judged")
        finally:
            writer.close()

    server = await asyncio.start_unix_server(handle, sock=listen(path), limit=_MOST_BYTES)
    try:
        yield
    finally:
        server.close()
        path.unlink(missing_ok=True)  # noqa: ASYNC240


class ClientsElsewhere:
    """Clients that another process knows. Implements `platform.clients.Clients`."""

    def __init__(self, path: str) -> None:
        """`path`: its socket's, from the working directory, short."""
        self._path = path

    async def authenticate(self, client_id: str, secret: str) -> Principal | None:
        """Raises ApiError (UNAVAILABLE) where that process does not answer."""
        try:
            async with asyncio.timeout(_ASK_SECONDS):
                answer = await self._asked(json.dumps({"client_id": client_id, "secret": secret}).encode() + b"\n")
            fields = json.loads(answer)
        except (OSError, TimeoutError, ValueError):
            raise ApiError(
                grpc.StatusCode.UNAVAILABLE,
                "CLIENTS_UNAVAILABLE",
                "whether this secret is good cannot be told just now; try again",
                retry_after_seconds=_RETRY_SECONDS,
            ) from None
        if fields is None:
            return None
        return _heard(fields)

    async def _asked(self, question: bytes) -> bytes:
        reader, writer = await asyncio.open_unix_connection(self._path, limit=_MOST_BYTES)
        try:
            writer.write(question)
            await writer.drain()
            return await reader.readline()
        finally:
            writer.close()


def _told(principal: Principal) -> dict[str, Any]:
    fields = {**dataclasses.asdict(principal), "scope": sorted(principal.scope)}
    del fields["foreign"]  # a client of the platform's own
    return fields


def _heard(fields: dict[str, Any]) -> Principal:
    listed = {"exchanged_from": tuple(fields["exchanged_from"]), "scope": frozenset(fields["scope"])}
    return Principal(**{**fields, **listed})
