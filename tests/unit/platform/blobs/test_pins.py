"""Locks of blobs that are no files here: between readers, kinds, and processes."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

from portico_server.platform.blobs.pins import Kind, lock
from tests.faults.disks import read_only

NAME, OTHER = "0" * 32, "1" * 32
HOLDER = """
import sys, pathlib, time
from portico_server.platform.blobs.pins import Kind, lock
held = lock(pathlib.Path(sys.argv[1]), sys.argv[2], Kind.PIN, alone=False)
print("held", flush=True)
sys.stdin.read()
"""


def test_many_hold_a_blob_and_none_has_it_alone(tmp_path: Path) -> None:
    one, other = lock(tmp_path, NAME, Kind.READ, alone=False), lock(tmp_path, NAME, Kind.READ, alone=False)
    assert one is not None
    assert other is not None
    assert lock(tmp_path, NAME, Kind.READ, alone=True) is None
    one.close()
    assert lock(tmp_path, NAME, Kind.READ, alone=True) is None
    other.close()
    alone = lock(tmp_path, NAME, Kind.READ, alone=True)
    assert alone is not None
    assert lock(tmp_path, NAME, Kind.READ, alone=False) is None


def test_other_blobs_and_other_kinds_are_not_held(tmp_path: Path) -> None:
    held = lock(tmp_path, NAME, Kind.READ, alone=True)
    others = [lock(tmp_path, NAME, Kind.PIN, alone=True), lock(tmp_path, OTHER, Kind.READ, alone=True)]
    assert held is not None
    assert None not in others


def test_what_another_process_holds_is_free_when_it_dies(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLDER, str(tmp_path), NAME]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        assert lock(tmp_path, NAME, Kind.PIN, alone=True) is None
        holder.send_signal(signal.SIGKILL)
        holder.wait()
    assert lock(tmp_path, NAME, Kind.PIN, alone=True) is not None


def test_the_file_is_its_owner_s_alone(tmp_path: Path) -> None:
    assert lock(tmp_path, NAME, Kind.PIN, alone=False) is not None
    assert (tmp_path / "pins").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "pins").stat().st_size == 0


def test_who_reads_needs_not_write(tmp_path: Path) -> None:
    """The file system may be read-only."""
    folder = tmp_path / "blobs"
    folder.mkdir()
    made = lock(folder, NAME, Kind.READ, alone=False)
    assert made is not None
    made.close()
    with read_only(folder):
        assert lock(folder, NAME, Kind.READ, alone=False) is not None
