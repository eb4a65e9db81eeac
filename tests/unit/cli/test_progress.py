"""Progress bars: on a terminal, for what takes a while, on stderr; nowhere else."""

from __future__ import annotations

import contextlib
import os
import pty
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from portico_cli.progress import WORTH_SHOWING_BYTES, Progress
from tests.unit.cli.conftest import Portico
from tests.unit.sdk.fake_platform import FakePlatform


def test_a_long_transfer_shows_a_bar_on_the_terminal_and_keeps_stdout_clean(fake: FakePlatform, tmp_path: Path) -> None:
    big = tmp_path / "big.bin"
    big.write_bytes(b"x" * (2 * WORTH_SHOWING_BYTES))
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "portico_cli.main", "objects"]
    subprocess.run([*command, "mb", "photos"], check=True, capture_output=True, timeout=30)
    done = subprocess.run(
        [*command, "cp", str(big), "portico://photos/"], stdout=subprocess.PIPE, stderr=theirs, check=True, timeout=30
    )
    os.close(theirs)
    assert b"big.bin" in os.read(ours, 65536)
    os.close(ours)
    assert done.stdout.decode() == f"copied {big} -> portico://photos/big.bin\n"


def test_many_transfers_show_how_many_are_done_and_a_file_gets_its_lines_as_they_are(
    fake: FakePlatform, tmp_path: Path
) -> None:
    for number in range(300):
        (tmp_path / "all" / f"{number}").parent.mkdir(exist_ok=True)
        (tmp_path / "all" / f"{number}").write_bytes(b"x" * 10_000)
    ours, theirs = pty.openpty()
    shown: list[bytes] = []
    reader = threading.Thread(target=_read_all, args=(ours, shown))
    reader.start()
    command = [sys.executable, "-m", "portico_cli.main", "objects"]
    subprocess.run([*command, "mb", "photos"], check=True, capture_output=True, timeout=30)
    copy = [*command, "cp", "-r", str(tmp_path / "all"), "portico://photos/"]
    done = subprocess.run(copy, stdout=subprocess.PIPE, stderr=theirs, check=True, timeout=60)
    os.close(theirs)
    reader.join()
    os.close(ours)
    assert b" of 300" in b"".join(shown)
    assert b"copied" not in b"".join(shown)
    assert done.stdout.count(b"copied ") == 300


def _read_all(terminal: int, shown: list[bytes]) -> None:
    """Reads what a terminal is written until nobody has it open any more: its buffer is small."""
    with contextlib.suppress(OSError):
        while data := os.read(terminal, 65536):
            shown.append(data)


def test_without_a_terminal_nothing_is_shown(portico: Portico, fake: FakePlatform, tmp_path: Path) -> None:
    (tmp_path / "big.bin").write_bytes(b"x" * (2 * WORTH_SHOWING_BYTES))
    portico("objects", "mb", "photos")
    assert portico("objects", "cp", tmp_path / "big.bin", "portico://photos/").err == ""


@pytest.mark.parametrize(
    ("size_bytes", "shown"), [(0, False), (WORTH_SHOWING_BYTES - 1, False), (WORTH_SHOWING_BYTES, True), (None, True)]
)
def test_what_is_done_at_once_has_no_bar(size_bytes: int | None, shown: bool) -> None:
    assert (Progress(lambda name, size: print).of("file", size_bytes) is not None) == shown
    assert Progress().of("file", size_bytes) is None
