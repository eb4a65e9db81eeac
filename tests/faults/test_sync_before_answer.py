"""A running platform, watched at its system calls: what a call wrote is synced before a byte of its answer is sent."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.attached import answer, attached, request
from tests.faults.power.trace import Call, parse
from tests.harness import RunningPlatform, running_platform

BUCKET = "/v1/accounts/default/buckets/traced"
WATCHED = ("openat", "write", "writev", "sendto", "sendmsg", "pwrite64", "rename", "unlink", "fsync", "fdatasync")
# `--seccomp-bpf` cannot be had for a process that runs already.
OPTIONS = ("-f", "-qq", "-yy", "-xx", "-s", str(1 << 20), "-e", "signal=none", "-e", f"trace={','.join(WATCHED)}")


@pytest.fixture(scope="module")
def traced(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPlatform]:
    with running_platform(tmp_path_factory.mktemp("traced")) as running:
        assert running.http("POST", "/v1/accounts/default/buckets?bucketId=traced", json_body={}).status == 200
        yield running


def answered(platform: RunningPlatform, sent: bytes, trace: Path) -> list[Call]:
    """The calls of the serving process for one request, up to the first by which something is sent to the caller."""
    with platform.connect() as connection:
        # The handshake's own messages are sent before: a first answer is behind them.
        connection.sendall(request(platform, "GET", BUCKET))
        assert answer(connection).status == 200
        with attached(platform.front_pid, OPTIONS, str(trace)):
            connection.sendall(sent)
            status = answer(connection).status
        caller = f"->127.0.0.1:{connection.getsockname()[1]}]"
    assert status == 200
    calls = parse(trace)
    first = next(
        call for call in calls if call.name in ("write", "writev", "sendto", "sendmsg") and caller in _file(call)
    )
    return [call for call in calls if call.returned < first.entered]


def _file(call: Call) -> str:
    """The file or socket of the call's descriptor."""
    shown = call.arguments[0]
    assert isinstance(shown, str)
    name = shown.partition("<")[2].removesuffix(">")
    return bytes.fromhex(name.replace("\\x", "")).decode() if name.startswith("\\x") else name


def only(calls: list[Call], name: str, file: str, behind: int = -1, data: bytes = b"") -> Call:
    """The first call of that name on a file with this in its name, entered behind that place, with these bytes."""
    for call in calls:
        has_data = not data or any(isinstance(part, bytes) and data in part for part in call.arguments)
        if call.name == name and call.entered > behind and file in _file(call) and has_data:
            return call
    seen = [(call.name, _file(call)) for call in calls if call.name != "openat"]
    raise AssertionError(f"no {name} of {file} before the answer; {json.dumps(seen)[:2000]}")


def test_a_put_is_answered_after_its_file_its_folder_and_the_log_were_synced(
    traced: RunningPlatform, tmp_path: Path
) -> None:
    put = request(traced, "PUT", f"{BUCKET}/objects/large", bytes(100_000))
    calls = answered(traced, put, tmp_path / "trace")
    synced = only(calls, "fdatasync", ".part")
    part = _file(synced)
    blocks = only(calls, "write", part)
    assert blocks.returned < synced.entered
    named = next(call for call in calls if call.name == "rename" and call.path(0) == part)
    assert synced.returned < named.entered
    folder = only(calls, "fsync", str(Path(part).parent), behind=named.returned)
    written = only(calls, "pwrite64", "objects.sqlite-wal", behind=folder.returned, data=b"large")
    only(calls, "fdatasync", "objects.sqlite-wal", behind=written.returned)


def test_a_small_put_and_a_delete_are_answered_after_the_log_was_synced(
    traced: RunningPlatform, tmp_path: Path
) -> None:
    put = request(traced, "PUT", f"{BUCKET}/objects/small-one", b"few bytes")
    delete = request(traced, "DELETE", f"{BUCKET}/objects/small-one")
    for number, sent in enumerate((put, delete)):
        calls = answered(traced, sent, tmp_path / f"trace-{number}")
        written = only(calls, "pwrite64", "objects.sqlite-wal")
        only(calls, "fdatasync", "objects.sqlite-wal", behind=written.returned)
