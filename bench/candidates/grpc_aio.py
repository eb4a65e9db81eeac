"""The same servicers on an ordinary `grpc.aio` server with TLS and no checks: what Portico is compared with."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.candidates import PYTHON_PATH, Endpoint, free_port, running, wait_for_port
from bench.credentials import Credentials


@contextmanager
def start(credentials: Credentials, scratch: Path, *, tls: bool = True) -> Iterator[Endpoint]:
    """Runs `grpc_aio_server.py` in a process of its own."""
    port = free_port()
    log = scratch / "grpc_aio.log"
    command = [sys.executable, "-m", "bench.candidates.grpc_aio_server", str(port)]
    if tls:
        command += [str(credentials.node_certificate), str(credentials.node_key)]
    with running(command, log, {**os.environ, "PYTHONPATH": PYTHON_PATH}) as process:
        wait_for_port(port, process, log)
        yield Endpoint("grpc.aio + TLS", port, credentials, lambda: {"server": process.pid})
