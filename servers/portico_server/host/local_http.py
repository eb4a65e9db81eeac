"""HTTP over the Unix sockets in the run folder: Envoy's administration, and the front's own control socket."""

from __future__ import annotations

import http.client
import os
import socket
from pathlib import Path

_CONNECT_SECONDS = 1.0


class LocalError(Exception):
    """Nobody answered in time, or the answer was a refusal."""


def request(run: Path, name: str, method: str, path: str, *, timeout_seconds: float) -> str:
    """The answer's body, of the socket with this name. Blocks. Raises LocalError."""
    connection = http.client.HTTPConnection("local", timeout=timeout_seconds)
    try:
        connection.sock = _connect(run, name, timeout_seconds)
        connection.request(method, path)
        response = connection.getresponse()
        body = response.read().decode(errors="replace")
    except (OSError, http.client.HTTPException) as error:
        raise LocalError(f"{run / name} does not answer: {error}") from error
    finally:
        connection.close()
    if response.status != http.HTTPStatus.OK:
        raise LocalError(f"{run / name} answered {path} with {response.status}: {body.strip()}")
    return body


def _connect(run: Path, name: str, timeout_seconds: float) -> socket.socket:
    """Through the folder's descriptor, because a socket's path has 107 bytes at most."""
    folder = os.open(run, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.settimeout(timeout_seconds)
        connection.connect(f"/proc/self/fd/{folder}/{name}")
    except OSError:
        connection.close()
        raise
    finally:
        os.close(folder)
    return connection


def accepts(run: Path, name: str) -> bool:
    """Whether somebody listens at the socket with this name. Blocks."""
    try:
        _connect(run, name, _CONNECT_SECONDS).close()
    except OSError:
        return False
    return True
