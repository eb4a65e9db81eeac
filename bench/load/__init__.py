"""The load generator: builds `load.c` once, runs it, answers what it measured."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import struct
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.candidates import Endpoint

SOURCES = [Path(__file__).parent / name for name in ("load.c", "options.c", "options.h")]
PATIENCE_SECONDS = 120
"""Above the measured time: for handshakes, and for the generator's own limit on calls that do not end."""


class LoadError(Exception):
    """The generator could not be built, or its calls failed: no figure comes of such a run."""


@dataclass(frozen=True, slots=True)
class Load:
    """What to send: each call sends the next of `bodies`, round and round (files: `write_bodies`, `write_frame`).

    With `repeat`, that frame follows `repeat_count` times in the same call. `calls`: stop after so many; 0: by time.
    `rate`: begin so many a second, up to `in_flight` at once, whatever becomes of them; 0: keep `in_flight`.
    """

    path: str
    bodies: Path
    in_flight: int = 64
    connections: int = 4
    calls: int = 0
    repeat: Path | None = None
    repeat_count: int = 0
    rate: float = 0.0


@dataclass(frozen=True, slots=True)
class Result:
    """What the generator saw. `calls` ended well within `seconds`, in which it took `cpu_seconds` itself (it has one
    thread); `all_calls` are those of the whole run. `errors` of the window's calls failed, and `unsent` were not begun
    because too many were in flight, which only a load with a rate may have."""

    seconds: float
    cpu_seconds: float
    calls: int
    all_calls: int
    received_bytes: int
    sent_bytes: int
    p50_us: float
    p90_us: float
    p99_us: float
    errors: int = 0
    unsent: int = 0

    @property
    def calls_per_second(self) -> float:
        return self.calls / self.seconds


def frame(message: bytes) -> bytes:
    """A message as gRPC sends it over HTTP/2: uncompressed, its length, its bytes."""
    return struct.pack(">BI", 0, len(message)) + message


def write_bodies(path: Path, messages: Iterable[bytes]) -> Path:
    """Writes messages for `Load.bodies`."""
    with path.open("wb") as file:
        for message in messages:
            body = frame(message)
            file.write(struct.pack(">I", len(body)) + body)
    return path


def run(endpoint: Endpoint, load: Load, *, seconds: float, warm_seconds: float) -> Result:
    """Sends the load and waits for its end. Raises LoadError if any call fails."""
    command = _command(endpoint, load, seconds, warm_seconds)
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=seconds + PATIENCE_SECONDS)
    except subprocess.TimeoutExpired as error:
        raise LoadError(f"{endpoint.name} did not answer in time") from error
    if done.returncode:
        raise LoadError(f"{endpoint.name}: {done.stderr.strip()}")
    return _result(endpoint, done.stdout, may_fail=bool(load.rate))


def write_frame(path: Path, message: bytes) -> Path:
    """Writes a message for `Load.repeat`."""
    path.write_bytes(frame(message))
    return path


@contextmanager
def idle_connections(endpoint: Endpoint, load: Load, count: int) -> Iterator[None]:
    """Holds `count` connections open, after one call on one of them: a call on each at once would measure calls."""
    held = Load(load.path, load.bodies, in_flight=count, connections=count, calls=1)
    command = [*_command(endpoint, held, seconds=PATIENCE_SECONDS, warm_seconds=0), "--hold"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            _result(endpoint, process.stdout.readline())
            yield
        finally:
            process.stdin.close()


def _result(endpoint: Endpoint, line: str, *, may_fail: bool = False) -> Result:
    if not line:
        raise LoadError(f"{endpoint.name}: the load generator ended without an answer")
    answer: dict[str, Any] = json.loads(line)
    errors, first = answer.pop("errors"), answer.pop("first_error")
    answer["errors"] = answer.pop("measured_errors")
    if errors and not may_fail:
        raise LoadError(f"{endpoint.name}: {errors} of {answer['all_calls']} calls failed: {first}")
    return Result(**answer)


def _command(endpoint: Endpoint, load: Load, seconds: float, warm_seconds: float) -> list[str]:
    files = endpoint.credentials
    options: dict[str, object] = {
        "port": endpoint.port,
        "path": load.path,
        "authority": files.authority,
        "certificate": files.client_certificate,
        "key": files.client_key,
        "token": files.authorization,
        "connections": min(load.connections, load.in_flight),
        "in-flight": load.in_flight,
        "warm-seconds": warm_seconds,
        "seconds": seconds,
        "calls": load.calls,
        "rate": load.rate,
        "bodies": load.bodies,
    }
    if load.repeat is not None:
        options |= {"repeat": load.repeat, "repeat-count": load.repeat_count}
    return [str(_program()), *(part for name, value in options.items() for part in (f"--{name}", str(value)))]


def _program() -> Path:
    """The generator, compiled anew when its source has changed."""
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in SOURCES)).hexdigest()[:16]
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "portico-bench"
    program = folder / f"load-{digest}"
    if program.exists():
        return program
    compiler = shutil.which("cc")
    if compiler is None:
        raise LoadError("there is no C compiler; on Debian: apt-get install gcc libnghttp2-dev libssl-dev")
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        built = Path(scratch) / "load"
        sources = [str(path) for path in SOURCES if path.suffix == ".c"]
        done = subprocess.run(
            [compiler, "-O2", "-o", str(built), *sources, "-lnghttp2", "-lssl", "-lcrypto"],
            capture_output=True,
            text=True,
        )
        if done.returncode:
            raise LoadError(f"{done.stderr}\non Debian: apt-get install gcc libnghttp2-dev libssl-dev")
        built.rename(program)
    return program
