"""The programs in clients/examples: built and run by the commands of their pages in docs/languages, and judged by what
they print and by the trace that the platform kept of them."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import grpc
import pytest

from portico.gateway.v1 import telemetry_pb2, telemetry_pb2_grpc
from tests.harness import RunningPlatform
from tests.harness.platform import ROOT
from tests.harness.waiting import wait_until

ACCOUNT = "accounts/default"
CONTRACTS = ROOT / "gen" / "portico" / "plain.binpb"
CACHE = ROOT / "build" / "languages"
BUILD_SECONDS = 400
RUN_SECONDS = 120
SIZE_BYTES = 6 * 1024 * 1024 + 7

# What the pages say, for which the tests put what is theirs.
PAGE_ADDRESS, PAGE_PROFILE = "localhost:8443", "~/.config/portico/profiles/default"

NODE_BUILD = "(cd clients/node && npm ci && npm run build)"

CALLED = {
    "BucketService": {"CreateBucket", "DeleteBucket"},
    "ObjectService": {"PutObject", "GetObject", "HeadObject", "ListObjects"},
}


@dataclass(frozen=True)
class Page:
    """What a language's page tells to do: the Debian packages to install, and the commands, the last of which runs the
    program."""

    packages: tuple[str, ...]
    commands: tuple[str, ...]


def page(language: str) -> Page:
    """The page's `sh` blocks. Its first command may be `sudo apt-get install …`."""
    text = (ROOT / "docs" / "languages" / f"{language}.md").read_text()
    blocks = "\n".join(re.findall(r"```sh\n(.*?)```", text, re.DOTALL))
    commands = [line for line in blocks.replace("\\\n", "").splitlines() if line.strip()]
    installs = [line.split()[3:] for line in commands if line.startswith("sudo apt-get install")]
    packages = [name for names in installs for name in names if not name.startswith("-")]
    return Page(tuple(packages), tuple(line for line in commands if not line.startswith("sudo ")))


def example(language: str, compiler: str) -> Path:
    """The folder of the built program; it is built anew when its sources, its contracts or its page change. Skips where
    the compiler is not installed."""
    if shutil.which(compiler) is None:
        pytest.skip(f"{compiler} is not installed: see docs/languages/{language}.md")
    sources = [CONTRACTS, ROOT / "docs" / "languages" / f"{language}.md"]
    sources += sorted(path for path in (ROOT / "clients" / "examples" / language).iterdir() if path.is_file())
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()
    folder = CACHE / f"{language}-{digest[:16]}"
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / f"{language}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "built").exists():
            for former in CACHE.glob(f"{language}-*"):
                shutil.rmtree(former)
            for command in page(language).commands[:-1]:
                if command == NODE_BUILD:
                    continue  # node_package has done that
                _shell(_here(command, language, folder), BUILD_SECONDS)
            (folder / "built").touch()
    return folder


def run(language: str, folder: Path, platform: RunningPlatform, profile: Path | None = None) -> str:
    """Runs the program by its page's last command; answers what it printed."""
    command = _here(page(language).commands[-1], language, folder)
    command = command.replace(PAGE_ADDRESS, platform.address).replace(PAGE_PROFILE, str(profile or platform.profile))
    return _shell(command, RUN_SECONDS)


def assert_scenario(language: str, folder: Path, platform: RunningPlatform) -> None:
    """Runs the program, and finds all that it did in its output and in one trace."""
    assert_output(language, run(language, folder, platform).splitlines(), platform)


def assert_output(language: str, lines: list[str], platform: RunningPlatform) -> None:
    """The lines say that each step went as it should, and the trace that the first one names has all of them."""
    assert len(lines) > 1, lines
    (trace_id, span_id), bucket = lines[0].split()[1:], lines[1].removeprefix("bucket ")
    assert re.fullmatch(rf"{ACCOUNT}/buckets/{language}-[0-9a-f]{{8}}", bucket)
    expected = [
        f"put {SIZE_BYTES}",
        f"got {SIZE_BYTES} true",
        "listed 6 2",
        "not-found 5 OBJECT_NOT_FOUND",
        "invalid 3 bucket_id",
        "deadline 4",
        "cancelled 1",
        f"deleted {bucket}",
    ]
    assert lines[2:] == expected, "\n".join(lines)
    assert_trace(platform, trace_id, span_id)


def assert_trace(platform: RunningPlatform, trace_id: str, span_id: str) -> None:
    """Every call's spans are in the client's trace: the gateway's below the client's span, below it the product's, and
    the store's."""
    answer = telemetry_pb2.GetTraceResponse()
    methods = {f"/portico.objects.v1.{service}/{name}" for service, names in CALLED.items() for name in names}

    with platform.channel() as channel:
        stub = telemetry_pb2_grpc.TelemetryServiceStub(channel)
        request = telemetry_pb2.GetTraceRequest(name=f"{ACCOUNT}/traces/{trace_id}")

        def complete() -> bool:
            with contextlib.suppress(grpc.RpcError):  # not found, until it is written
                answer.CopyFrom(stub.GetTrace(request, timeout=30))
            ended = {event.method for event in answer.request_events}
            stored = {span.name for span in answer.spans if span.name.startswith("objects.store.")}
            return ended >= methods and "objects.store.put" in stored

        wait_until(complete, f"the trace {trace_id} is whole", 60)
    assert {span.trace_id for span in answer.spans} == {trace_id}
    puts = [span for span in answer.spans if span.name == "objects.store.put"]
    assert len(puts) == 6
    by_id = {span.span_id: span for span in answer.spans}
    for put in puts:
        way = [put]
        while way[0].parent_span_id in by_id:
            way.insert(0, by_id[way[0].parent_span_id])
        # A client that has no spans of its own sends the id of one that nobody has recorded.
        assert span_id in {way[0].parent_span_id, *(span.span_id for span in way)}
        assert [span.scope for span in way if span.scope != "sdk"] == ["gateway", "objects", "objects"]


def _here(command: str, language: str, folder: Path) -> str:
    return command.replace(f"/tmp/portico-{language}", str(folder))


def _shell(command: str, seconds: int) -> str:
    # What runs for seconds need not be compiled to run for hours.
    environment = {**os.environ, "PYTHON": sys.executable, "JAVA_TOOL_OPTIONS": "-XX:TieredStopAtLevel=1"}
    done = subprocess.run(
        ["sh", "-c", command], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=seconds, check=False
    )
    assert done.returncode == 0, f"{command}:\n{done.stdout}{done.stderr}"
    return done.stdout
