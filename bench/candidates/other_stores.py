"""Stores beside Portico, as their packages start them: `moto` server, `s3rver`, and miniflare's R2.

None of them has TLS; `moto` looks at no signature and keeps objects in memory, R2's binding knows no signatures.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from bench.candidates import CandidateError, free_port, packages, running, wait_for_port
from bench.load import HttpLoad, LoadError, run_http, write_requests
from bench.processes import descendants
from bench.stores import Store
from portico.presigning import AccessKey

MOTO = "moto[server]==5.2.5"
_REGION = "us-east-1"
_MOTO_KEY = AccessKey("testing", "testing")
_S3RVER_KEY = AccessKey("S3RVER", "S3RVER")


@contextmanager
def moto(scratch: Path) -> Iterator[Store]:
    """Raises CandidateError, LoadError."""
    python = packages.python_with("moto", MOTO)
    port = free_port()
    command = [str(python.parent / "moto_server"), "-H", "127.0.0.1", "-p", str(port)]
    with _started("moto server", command, port, scratch, _MOTO_KEY, "/bench") as store:
        made = write_requests(scratch / "moto.bucket", [store.signer().request("PUT", "/bench")])
        run_http(store.name, port, None, HttpLoad(made, 1, calls=1), seconds=10, warm_seconds=0)
        yield store


@contextmanager
def s3rver(scratch: Path) -> Iterator[Store]:
    """Raises CandidateError, LoadError."""
    port = free_port()
    program = packages.node_folder() / "node_modules" / "s3rver" / "bin" / "s3rver.js"
    options = ["--directory", str(scratch / "s3rver"), "--address", "127.0.0.1", "--port", str(port), "--silent"]
    command = ["node", str(program), *options, "--no-vhost-buckets", "--configure-bucket", "bench"]
    with _started("s3rver", command, port, scratch, _S3RVER_KEY, "/bench") as store:
        yield store


@contextmanager
def miniflare(scratch: Path) -> Iterator[Store]:
    """A worker that puts and gets by the binding. Raises CandidateError."""
    port = free_port()
    command = ["node", str(packages.node_folder() / "r2.mjs"), str(port), str(scratch / "r2")]
    with _started("miniflare R2", command, port, scratch, None, "/bench") as store:
        yield store


OTHERS: Mapping[str, Callable[[Path], AbstractContextManager[Store]]] = {
    "moto server": moto,
    "s3rver": s3rver,
    "miniflare R2": miniflare,
}
"""By the name that tables give them."""

UNAVAILABLE = (CandidateError, LoadError, OSError, subprocess.SubprocessError)
"""What comes where one of them cannot be installed or does not start."""


@contextmanager
def _started(
    name: str, command: Sequence[str], port: int, scratch: Path, key: AccessKey | None, bucket: str
) -> Iterator[Store]:
    log = scratch / f"{name.replace(' ', '-')}.log"
    with running(command, log, dict(os.environ)) as process:
        wait_for_port(port, process, log)
        yield Store(name, port, None, key, bucket, lambda: descendants(process.pid), _REGION)
