"""Files with secrets: whole or not at all, their owner's only."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest

from portico_server.platform.private_files import locked, make_private_folder, read_or_create, replace_file


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_replaced_file_is_private_whatever_it_was(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text("old")
    path.chmod(0o644)
    replace_file(path, b"new")
    assert path.read_bytes() == b"new"
    assert mode(path) == 0o600


def test_a_reader_of_before_keeps_the_whole_old_file(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    replace_file(path, b"old")
    with path.open("rb") as reader:
        replace_file(path, b"new and longer")
        assert reader.read() == b"old"


def test_what_cannot_be_replaced_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError, match=r".+"):
        replace_file(tmp_path / "folder", b"content")
    assert os.listdir(tmp_path) == ["folder"]


def test_a_file_is_created_once(tmp_path: Path) -> None:
    path = tmp_path / "key"
    assert read_or_create(path, lambda: b"first") == b"first"
    assert read_or_create(path, lambda: b"second") == b"first"
    assert mode(path) == 0o600
    assert os.listdir(tmp_path) == ["key"]


def test_who_comes_second_in_a_race_reads_the_firsts(tmp_path: Path) -> None:
    path = tmp_path / "key"

    def create_late() -> bytes:
        path.write_bytes(b"theirs")
        return b"ours"

    assert read_or_create(path, create_late) == b"theirs"


def test_a_folder_that_was_open_is_closed_to_others(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    folder.mkdir(parents=True, mode=0o755)
    make_private_folder(folder)
    assert mode(folder) == 0o700


def test_what_the_disk_refuses_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A certificate is renewed again and again: each try would leave a piece of a key."""

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "no space left on device")

    monkeypatch.setattr(os, "fsync", full)
    for write in (lambda: replace_file(tmp_path / "key", b"content"), lambda: read_or_create(tmp_path / "key", bytes)):
        with pytest.raises(OSError, match="no space"):
            write()
    assert os.listdir(tmp_path) == []


def test_what_is_no_folder_is_left_as_it_is(tmp_path: Path) -> None:
    """Somebody names a device as a data directory."""
    path = tmp_path / "device"
    path.touch(mode=0o644)
    path.chmod(0o644)
    with pytest.raises(NotADirectoryError):
        make_private_folder(path)
    assert mode(path) == 0o644


def test_a_lock_that_another_holds_is_given_up_after_a_while(tmp_path: Path) -> None:
    with locked(tmp_path), pytest.raises(TimeoutError, match="another program holds its lock"), locked(tmp_path, 0.05):
        pass
    with locked(tmp_path, 0.05):
        pass
