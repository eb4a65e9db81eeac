"""What is measured side by side, one file each: how to start it, where it listens, which processes it is."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from bench.credentials import Credentials

ROOT = Path(__file__).resolve().parents[2]
PYTHON_PATH = os.pathsep.join(
    [*filter(None, [os.environ.get("PYTHONPATH")]), str(ROOT), str(ROOT / "tests" / "testing_product" / "gen")]
)
"""Where the measured servicers are imported from, besides what is installed."""

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "portico-bench"
"""What is built or installed once."""
START_SECONDS = 30
STOP_SECONDS = 20


class CandidateError(Exception):
    """A candidate did not start; what it said is in the message."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A running candidate: its port on 127.0.0.1, what a client needs, its processes now (by name, their pids), and the
    port of its S3 door; 0: it has none."""

    name: str
    port: int
    credentials: Credentials
    processes: Callable[[], Mapping[str, int]]
    s3_port: int = 0


def free_port() -> int:
    """A port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextlib.contextmanager
def running(
    command: Sequence[str],
    log: Path,
    environment: Mapping[str, str],
    *,
    stdin: IO[Any] | None = None,
    stdout: int | None = None,
) -> Iterator[subprocess.Popen[bytes]]:
    """Starts a program, stops it in the end by SIGTERM, by SIGKILL where that fails. What it says goes to `log`."""
    with (
        log.open("ab") as output,
        subprocess.Popen(command, stdin=stdin, stdout=stdout or output, stderr=output, env=environment) as process,
    ):
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()


def wait_for_port(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    """Until something listens on the port."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise CandidateError(f"{process.args!r} did not start:\n{log.read_text()[-4000:]}")
