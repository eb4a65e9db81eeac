"""strace on a process that runs, and bare connections to it."""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.harness import RunningPlatform
from tests.harness.clients import Response
from tests.harness.waiting import wait_until

_SECONDS = 60


@contextlib.contextmanager
def attached(pid: int, options: Sequence[str], output: str) -> Iterator[None]:
    """strace with these options, from when all threads of the process are held until the end."""
    with subprocess.Popen(["strace", *options, "-o", output, "-p", str(pid)], stderr=subprocess.PIPE) as strace:
        try:
            wait_until(lambda: strace.poll() is not None or _is_held(pid), "strace is attached", _SECONDS)
            assert strace.poll() is None, strace.stderr and strace.stderr.read()
            yield
        finally:
            strace.send_signal(signal.SIGINT)
            strace.wait(_SECONDS)


def _is_held(pid: int) -> bool:
    held = []
    for status in Path("/proc", str(pid), "task").glob("*/status"):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            held.append("TracerPid:\t0\n" not in status.read_text())
    return all(held)


def request(platform: RunningPlatform, method: str, path: str, body: bytes = b"") -> bytes:
    """A request for a connection that stays."""
    token = f"authorization: Bearer {platform.token}"
    head = [f"{method} {path} HTTP/1.1", "host: localhost", token, f"content-length: {len(body)}"]
    return "\r\n".join([*head, "", ""]).encode() + body


def answer(connection: object) -> Response:
    """The whole answer to the one request that was sent."""
    response = http.client.HTTPResponse(connection)  # type: ignore[arg-type]
    response.begin()
    headers = {name.lower(): value for name, value in response.getheaders()}
    return Response(response.status, headers, response.read())


def refusing(platform: RunningPlatform, error: str) -> contextlib.AbstractContextManager[None]:
    """The system refuses, by this error, to write to the objects' database."""
    log = platform.data / "databases" / "objects.sqlite-wal"
    inject = f"inject=pwrite64,ftruncate,fallocate:error={error}"
    options = ["-f", "-qq", "-P", str(log), "-e", "trace=pwrite64,ftruncate,fallocate", "-e", inject]
    return attached(platform.front_pid, options, os.devnull)
