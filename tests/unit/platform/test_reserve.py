"""Room on the disk that is kept for what frees room: how much, when it is let go, and when it is taken again."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from portico_server.platform import reserve
from portico_server.platform.database import StorageFull
from portico_server.platform.reserve import FILE, OUT_SECONDS, Reserve, make_room_to_start, problem
from tests.faults.disks import disk, ext4_disk, filled

MIB = 1 << 20
MOST_BYTES = MIB


class Clock:
    """The file's times are the system's, so this one starts there."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.after = 0.0

    def __call__(self) -> float:
        return self._file.stat().st_mtime + self.after


@pytest.fixture(params=[disk, ext4_disk])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    with request.param(tmp_path / "disk", 32 * MIB) as made:
        yield made


def kept_in(folder: Path, most_bytes: int = MOST_BYTES) -> tuple[Reserve, Clock]:
    clock = Clock(folder / FILE)
    kept = Reserve(folder, most_bytes, clock)
    kept.look()
    return kept, clock


def held_bytes(folder: Path) -> int:
    return (folder / FILE).stat().st_blocks * 512


def free_bytes(folder: Path) -> int:
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize


def test_it_is_held_given_once_and_taken_again_after_a_while(folder: Path) -> None:
    kept, clock = kept_in(folder)
    assert held_bytes(folder) == MOST_BYTES
    assert problem(folder) == ""
    free = free_bytes(folder)
    assert kept.let_go()
    assert free_bytes(folder) >= free + MOST_BYTES
    with pytest.raises(StorageFull):
        kept.check()
    assert "0.0 MiB" in problem(folder)
    kept.look()
    assert (kept.is_out, held_bytes(folder)) == (True, 0)
    clock.after = OUT_SECONDS
    assert not kept.let_go(), "there was nothing any more"
    kept.look()
    kept.check()
    assert held_bytes(folder) == MOST_BYTES


def test_another_process_sees_that_it_is_out_and_has_the_room_too(folder: Path) -> None:
    kept, _ = kept_in(folder)
    other = Reserve(folder, MOST_BYTES)
    assert kept.let_go()
    assert other.let_go(), "for its batch, too, there is room now"
    assert other.is_out


def test_of_a_full_disk_it_takes_what_there_is_before_others_and_the_rest_when_it_comes(folder: Path) -> None:
    kept, clock = kept_in(folder)
    with filled(folder):
        assert kept.let_go()
        (folder / "needed").write_bytes(bytes(MOST_BYTES // 2))
        clock.after = OUT_SECONDS
        for _ in range(10):
            kept.look()
        assert not kept.is_out
        assert 0 < held_bytes(folder) <= MOST_BYTES // 2
    kept.look()
    assert held_bytes(folder) == MOST_BYTES


def test_without_any_room_it_is_not_out_for_ever(folder: Path) -> None:
    """What the database has free in its own file may be written."""
    kept, clock = kept_in(folder)
    assert kept.let_go()
    with filled(folder):
        clock.after = OUT_SECONDS
        for _ in range(3):
            kept.look()
        assert not kept.is_out


def test_a_small_disk_keeps_less_and_a_tiny_one_nothing(tmp_path: Path) -> None:
    for size_bytes, most in ((4 * MIB, MIB // 2), (MIB // 4, 0)):
        with disk(tmp_path / f"disk-{size_bytes}", size_bytes) as folder:
            kept, _ = kept_in(folder)
            assert held_bytes(folder) <= most
            assert (held_bytes(folder) > 0) == (most > 0)
            assert kept.let_go() == (most > 0)


def test_the_setting_may_be_changed_and_0_gives_it_up(folder: Path) -> None:
    kept_in(folder)
    kept_in(folder, MOST_BYTES // 2)
    assert held_bytes(folder) == MOST_BYTES // 2
    kept, _ = kept_in(folder, 0)
    assert not (folder / FILE).exists()
    assert not kept.let_go()


def test_a_file_system_that_promises_no_room_has_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some take zeros and keep nothing of them: then each look would write them again."""
    monkeypatch.setattr(os, "posix_fallocate", lambda descriptor, offset, length: os.ftruncate(descriptor, length))
    kept, _ = kept_in(tmp_path)
    assert not (tmp_path / FILE).exists()
    kept.look()
    assert not kept.let_go()


def test_a_start_has_it_where_it_could_not_be_without(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept_in(folder)
    make_room_to_start(folder)
    assert held_bytes(folder) == MOST_BYTES, "there is room"
    with filled(folder):
        make_room_to_start(folder)
        assert held_bytes(folder) == 0


def test_it_is_its_owners_only(tmp_path: Path) -> None:
    kept_in(tmp_path)
    assert (tmp_path / FILE).stat().st_mode & 0o777 == 0o600
    assert reserve.problem(tmp_path / "nowhere") == ""
