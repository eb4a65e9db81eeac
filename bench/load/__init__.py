"""The load generators, of gRPC and of HTTP/1.1: builds each once, runs it, answers what it measured."""

from __future__ import annotations

import hashlib
import json
import shutil
import struct
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.candidates import CACHE, Endpoint

_FOLDER = Path(__file__).parent
_SHARED = ("common.c", "common.h", "options.c", "options.h")
_LIBRARIES = {"grpc": ("-lnghttp2", "-lssl", "-lcrypto"), "http1": ("-lssl", "-lcrypto")}
"""What each generator needs, by the name of its source."""
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
class HttpLoad:
    """Whole HTTP/1.1 requests, head and body (a file: `write_requests`), one at a time on each of the `connections`.

    `repeat`, `repeat_count` and `calls` are as those of `Load`; the repeated block is sent as it is. With `cut`, what
    is in flight at the end of the time is left, not waited for.
    """

    requests: Path
    connections: int = 64
    calls: int = 0
    repeat: Path | None = None
    repeat_count: int = 0
    cut: bool = False


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
    return write_requests(path, map(frame, messages))


def write_requests(path: Path, requests: Iterable[bytes]) -> Path:
    """Writes what is sent as it is, for `HttpLoad.requests`."""
    with path.open("wb") as file:
        for request in requests:
            file.write(struct.pack(">I", len(request)) + request)
    return path


def run(endpoint: Endpoint, load: Load, *, seconds: float, warm_seconds: float) -> Result:
    """Sends the load and waits for its end. Raises LoadError if any call fails."""
    output = _run(endpoint.name, _command(endpoint, load, seconds, warm_seconds), seconds)
    return _result(endpoint.name, output, may_fail=bool(load.rate))


def run_http(
    name: str, port: int, authority: Path | None, load: HttpLoad, *, seconds: float, warm_seconds: float
) -> Result:
    """The same by HTTP/1.1; `authority`: whom to believe, None: without TLS."""
    options: dict[str, object] = {
        "port": port,
        "connections": load.connections,
        "in-flight": load.connections,
        "warm-seconds": warm_seconds,
        "seconds": seconds,
        "calls": load.calls,
        "bodies": load.requests,
    }
    if authority is not None:
        options["authority"] = authority
    if load.repeat is not None:
        options |= {"repeat": load.repeat, "repeat-count": load.repeat_count}
    command = [str(_program("http1")), *_arguments(options), *(["--cut"] if load.cut else [])]
    return _result(name, _run(name, command, seconds))


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
            _result(endpoint.name, process.stdout.readline())
            yield
        finally:
            process.stdin.close()


def _run(name: str, command: list[str], seconds: float) -> str:
    """What a generator says at its end."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=seconds + PATIENCE_SECONDS)
    except subprocess.TimeoutExpired as error:
        raise LoadError(f"{name} did not answer in time") from error
    if done.returncode:
        raise LoadError(f"{name}: {done.stderr.strip()}")
    return done.stdout


def _result(name: str, line: str, *, may_fail: bool = False) -> Result:
    if not line:
        raise LoadError(f"{name}: the load generator ended without an answer")
    answer: dict[str, Any] = json.loads(line)
    errors, first = answer.pop("errors"), answer.pop("first_error")
    answer["errors"] = answer.pop("measured_errors")
    if errors and not may_fail:
        raise LoadError(f"{name}: {errors} of {answer['all_calls']} calls failed: {first}")
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
    return [str(_program("grpc")), *_arguments(options)]


def _arguments(options: Mapping[str, object]) -> list[str]:
    return [part for name, value in options.items() for part in (f"--{name}", str(value))]


def _program(name: str) -> Path:
    """A generator, compiled anew when its source has changed."""
    sources = [_FOLDER / file for file in (f"{name}.c", *_SHARED)]
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()[:16]
    program = CACHE / f"{name}-{digest}"
    if program.exists():
        return program
    compiler = shutil.which("cc")
    if compiler is None:
        raise LoadError("there is no C compiler; on Debian: apt-get install gcc libnghttp2-dev libssl-dev")
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as scratch:
        built = Path(scratch) / "load"
        compiled = [str(path) for path in sources if path.suffix == ".c"]
        done = subprocess.run(
            [compiler, "-O2", "-o", str(built), *compiled, *_LIBRARIES[name]],
            capture_output=True,
            text=True,
        )
        if done.returncode:
            raise LoadError(f"{done.stderr}\non Debian: apt-get install gcc libnghttp2-dev libssl-dev")
        built.rename(program)
    return program
