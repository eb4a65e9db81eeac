"""Fetches a JWK set by https: bounded in size and time, no redirects, no proxy."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import socket
import ssl
import threading
from pathlib import Path
from urllib.parse import urlsplit

from portico_server.platform.keyring.foreign_keys import MAX_SET_BYTES

DEADLINE_SECONDS = 15.0
_STEP_SECONDS = 5.0
"""For each read alone."""


async def fetch(url: str, ca_file: Path | None) -> bytes:
    """The body. `ca_file` has the authorities that the server's certificate may come from; None: the system's.

    Raises OSError, TimeoutError, ValueError."""
    parts = urlsplit(url)
    context = ssl.create_default_context(cafile=ca_file)
    connection = http.client.HTTPSConnection(parts.hostname or "", parts.port, timeout=_STEP_SECONDS, context=context)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    loop = asyncio.get_running_loop()
    done: asyncio.Future[bytes] = loop.create_future()

    def settle(content: bytes | None, error: Exception | None) -> None:
        if not done.done():
            done.set_exception(error) if error is not None else done.set_result(content or b"")

    def work() -> None:
        content, failure = None, None
        try:
            content = _get(connection, target)
        except (OSError, ValueError) as error:
            failure = error
        except http.client.HTTPException as error:
            failure = ValueError(f"the answer is no HTTP: {error!r}")
        finally:
            connection.close()
        with contextlib.suppress(RuntimeError):  # the platform has stopped meanwhile
            loop.call_soon_threadsafe(settle, content, failure)

    # Not of the loop's own threads, for which its end would wait: the name's look-up may take long.
    threading.Thread(target=work, daemon=True).start()
    try:
        async with asyncio.timeout(DEADLINE_SECONDS):
            return await done
    finally:
        with contextlib.suppress(OSError, AttributeError):
            connection.sock.shutdown(socket.SHUT_RDWR)  # ends the thread, too


def _get(connection: http.client.HTTPSConnection, target: str) -> bytes:
    connection.request("GET", target, headers={"accept": "application/json", "connection": "close"})
    response = connection.getresponse()
    if response.status != http.client.OK:
        raise ValueError(f"the answer is {response.status}; 200 is needed, redirects are not followed")
    content = response.read(MAX_SET_BYTES + 1)
    if len(content) > MAX_SET_BYTES:
        raise ValueError(f"the answer is larger than {MAX_SET_BYTES} bytes")
    return content
