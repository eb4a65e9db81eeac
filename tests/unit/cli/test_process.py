"""The command as a process of its own: signals, closed streams."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from portico import Client
from tests.unit.sdk.conftest import client, fake
from tests.unit.sdk.fake_platform import FakePlatform

__all__ = ["client", "fake"]

TIMEOUT_SECONDS = 30


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "portico_cli.main", *map(str, arguments)]


def wait_until(holds: Callable[[], object]) -> None:
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while not holds():
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.02)


def test_a_stop_while_modules_are_loaded_prints_no_traceback(tmp_path: Path) -> None:
    (tmp_path / "click.py").write_text("raise KeyboardInterrupt\n")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(command("--help"), env=environment, capture_output=True, text=True, timeout=TIMEOUT_SECONDS)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "stopped\n")


def test_a_download_that_is_stopped_leaves_nothing_behind(client: Client, fake: FakePlatform, tmp_path: Path) -> None:
    client.buckets.create("zoo")
    for number in range(3):
        client.objects.put("zoo", f"all/{number}", b"x" * 1_000_000)
    folder = tmp_path / "into"
    for name, code in (("SIGTERM", 143), ("SIGINT", 130)):
        for source, target in (("portico://zoo/all/0", folder / "file"), ("portico://zoo/all", folder)):
            folder.mkdir()
            fake.pause.clear()
            recursive = ["-r"] if target == folder else []
            with subprocess.Popen(command("objects", "cp", *recursive, source, target)) as process:
                try:
                    wait_until(lambda: list(folder.glob(".*.part")))
                    process.send_signal(signal.Signals[name])
                    assert process.wait(TIMEOUT_SECONDS) == code
                finally:
                    process.kill()
            fake.pause.set()
            assert list(folder.iterdir()) == []
            folder.rmdir()


def _when(goes_on: threading.Event, data: bytes) -> bytes:
    """The bytes, when the event has come."""
    goes_on.wait(TIMEOUT_SECONDS)
    return data


def test_an_upload_of_many_is_stopped_in_order(client: Client, fake: FakePlatform, tmp_path: Path) -> None:
    client.buckets.create("zoo")
    for number in range(30):
        (tmp_path / f"{number}").write_bytes(b"x")
    for name, code in (("SIGTERM", 143), ("SIGINT", 130)):
        goes_on = threading.Event()
        fake.corrupt = partial(_when, goes_on)
        before = fake.calls["PutObject"]
        arguments = command("objects", "cp", "-r", tmp_path, "portico://zoo", "--jobs", 4)
        with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            try:
                wait_until(lambda before=before: fake.calls["PutObject"] >= before + 4)
                process.send_signal(signal.Signals[name])
                assert process.wait(TIMEOUT_SECONDS) == code
                assert process.stdout is not None
                assert process.stdout.read() == ""
                assert process.stderr is not None
                assert process.stderr.read().split() in ([], ["stopped"])
            finally:
                goes_on.set()
                process.kill()


def test_an_upload_that_waits_for_standard_input_is_stopped_in_order(client: Client, fake: FakePlatform) -> None:
    client.buckets.create("zoo")
    arguments = command("objects", "cp", "-", "portico://zoo/k")
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            wait_until(lambda: fake.calls["PutObject"])
            process.send_signal(signal.SIGINT)
            assert process.wait(TIMEOUT_SECONDS) == 130
            assert process.stderr is not None
            assert process.stderr.read().split() == ["stopped"]
        finally:
            process.kill()


def test_closed_streams_are_told_or_do_not_matter(client: Client) -> None:
    client.buckets.create("zoo")
    client.objects.put("zoo", "k", b"x")

    def run(line: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["sh", "-c", f"{sys.executable} -m portico_cli.main {line}"],
            capture_output=True, text=True, timeout=TIMEOUT_SECONDS,
        )  # fmt: skip

    done = run("objects cat portico://zoo/k >&-")
    assert (done.returncode, done.stderr) == (1, "portico: standard output: Bad file descriptor\n")
    done = run("objects cp - portico://zoo/k <&-")
    assert (done.returncode, done.stderr) == (1, "portico: standard input: Bad file descriptor\n")
    assert run("objects rm portico://zoo/k >&-").returncode == 0
    assert run("objects rm portico://zoo/k 2>&-").returncode == 0
