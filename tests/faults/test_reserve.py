"""A disk without any room is emptied by deletes, whoever has filled it: by the room that is kept for that."""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from portico_server.host import supervisor
from portico_server.platform.reserve import FILE
from tests.e2e.s3.conftest import door_of
from tests.faults.disks import disk, ext4_disk, filled
from tests.faults.test_s3_storage import FULL, refusal
from tests.harness import RunningPlatform, running_platform
from tests.harness.postgresql import fresh_database, shared_server
from tests.harness.waiting import wait_until

DISK_BYTES, SMALL_DISK_BYTES = 64 << 20, 32 << 20
BUCKET = "full"
LARGE = bytes(2_000_000)
SMALL = bytes(12_000)  # in the database
SECONDS = 60
HASTY = "tests.faults.hasty:app"

Disk = Callable[[Path, int], AbstractContextManager[Path]]


def running(folder: Path) -> AbstractContextManager[RunningPlatform]:
    return running_platform(folder, application=HASTY, telemetry_bytes=1 << 20)


def made(platform: RunningPlatform, victims: int = 5) -> Any:
    """A client of S3, behind a bucket with one object that stays and others that may go."""
    s3 = door_of(platform).client()
    s3.create_bucket(Bucket=BUCKET)
    for key in ("kept", *(f"victim-{number}" for number in range(victims))):
        s3.put_object(Bucket=BUCKET, Key=key, Body=LARGE)
    wait_until(lambda: held_bytes(platform) > 0, "there is a reserve", SECONDS)
    return s3


def held_bytes(platform: RunningPlatform) -> int:
    return (platform.data / FILE).stat().st_blocks * 512


def free_bytes(folder: Path) -> int:
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize


def put(s3: Any, key: str, data: bytes) -> tuple[int, str] | None:
    """In what it ends."""
    return refusal(lambda: s3.put_object(Bucket=BUCKET, Key=key, Body=data))


def put_until_full(s3: Any, data: bytes) -> set[str]:
    keys = set()
    for number in itertools.count():
        key = f"{len(data)}-{number}"
        if (refused := put(s3, key, data)) is not None:
            assert refused == FULL
            return keys
        keys.add(key)
    raise AssertionError("the disk has no end")


def listed(s3: Any) -> set[str]:
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET)
    return {one["Key"] for page in pages for one in page["Contents"]}


def delete(s3: Any, *keys: str) -> None:
    for key in keys:
        s3.delete_object(Bucket=BUCKET, Key=key)


def check_puts_again(s3: Any, held: set[str]) -> None:
    wait_until(lambda: put(s3, "again", LARGE) is None, "a put succeeds", SECONDS)
    assert listed(s3) == held | {"again"}
    assert s3.get_object(Bucket=BUCKET, Key="kept")["Body"].read() == LARGE


@pytest.mark.parametrize("disk_of", [disk, ext4_disk])
def test_a_disk_that_others_have_filled_is_emptied_by_deletes_alone(tmp_path: Path, disk_of: Disk) -> None:
    with disk_of(tmp_path / "disk", DISK_BYTES) as folder, running(folder) as platform:
        s3, whole = made(platform), held_bytes(platform)
        with filled(folder):
            filled_by_ours = put_until_full(s3, SMALL)  # the database's log may have been longer
            delete(s3, *(f"victim-{number}" for number in range(4)))
            assert listed(s3) == {"kept", "victim-4", *filled_by_ours}
            wait_until(lambda: free_bytes(folder) >= 3 * len(LARGE), "there is room", SECONDS)
            wait_until(lambda: held_bytes(platform) == whole, "the reserve is whole again", SECONDS)
            check_puts_again(s3, {"kept", "victim-4", *filled_by_ours})
        assert platform.state.processes[0].restarts == 0


def test_a_disk_that_puts_have_filled_is_emptied_by_deletes(tmp_path: Path) -> None:
    with ext4_disk(tmp_path / "disk", DISK_BYTES) as folder, running(folder) as platform:
        s3 = made(platform)
        puts = put_until_full(s3, LARGE) | put_until_full(s3, SMALL)
        delete(s3, *(f"victim-{number}" for number in range(5)))
        check_puts_again(s3, puts | {"kept"})


def test_while_the_reserve_is_out_what_does_not_free_is_refused_and_the_operator_is_told(tmp_path: Path) -> None:
    with disk(tmp_path / "disk", DISK_BYTES) as folder, running(folder) as platform:
        s3 = made(platform)
        with filled(folder):
            put_until_full(s3, SMALL)
            numbers = iter(range(5))
            wait_until(lambda: delete(s3, f"victim-{next(numbers)}") or not held_bytes(platform), "it is out", SECONDS)
            assert [put(s3, "eats", data) for data in (b"", SMALL, LARGE)] == [FULL] * 3
            assert "kept for deletes" in supervisor.status(platform.settings).problems["reserve"]
        wait_until(lambda: not supervisor.status(platform.settings).problems, "all is well", SECONDS)


def test_room_in_the_database_is_used_again_however_often_it_was_full(tmp_path: Path) -> None:
    """What is deleted there gives nothing back to the disk; the reserve must not dwindle, nor keep puts out."""
    with ext4_disk(tmp_path / "disk", SMALL_DISK_BYTES) as folder, running(folder) as platform:
        s3 = made(platform, victims=0)
        left = []
        for _ in range(4):
            puts = sorted(put_until_full(s3, SMALL))
            for start in range(0, len(puts), 1000):
                gone = {"Objects": [{"Key": key} for key in puts[start : start + 1000]]}
                assert len(s3.delete_objects(Bucket=BUCKET, Delete=gone)["Deleted"]) == len(gone["Objects"])
            wait_until(lambda: held_bytes(platform) > 0, "the reserve is held again", SECONDS)
            left.append(held_bytes(platform))
            wait_until(lambda: put(s3, "small", SMALL) is None, "a put succeeds", SECONDS)
        assert left[-1] > left[0] * 3 / 4


@pytest.mark.layouts("one", reason="its database is PostgreSQL")
def test_where_the_database_is_elsewhere_files_go_from_a_full_disk_without_a_reserve(tmp_path: Path) -> None:
    with disk(tmp_path / "disk", DISK_BYTES) as folder, shared_server() as server:
        starting = running_platform(folder, application=HASTY, database=fresh_database(server))
        with starting as platform, filled_behind(platform, folder) as s3:
            delete(s3, "victim-0", "victim-1")
            wait_until(lambda: free_bytes(folder) >= 2 * len(LARGE), "there is room", SECONDS)
            assert not (platform.data / FILE).exists()


@contextlib.contextmanager
def filled_behind(platform: RunningPlatform, folder: Path) -> Iterator[Any]:
    """A client of S3, once there are victims and no room."""
    s3 = door_of(platform).client()
    s3.create_bucket(Bucket=BUCKET)
    for number in range(2):
        s3.put_object(Bucket=BUCKET, Key=f"victim-{number}", Body=LARGE)
    with filled(folder):
        yield s3


@pytest.mark.parametrize("deleted", [(), ("victim-0", "victim-1")])
def test_a_platform_that_is_killed_on_a_full_disk_starts_there_and_goes_on_to_empty_it(
    tmp_path: Path, deleted: tuple[str, ...]
) -> None:
    """Before and after the reserve was let go."""
    with disk(tmp_path / "disk", DISK_BYTES) as folder, contextlib.ExitStack() as stack:
        with running(folder) as platform:
            s3, door = made(platform), door_of(platform)
            stack.enter_context(filled(folder))
            puts = put_until_full(s3, SMALL)
            delete(s3, *deleted)
            for pid in (platform.process.pid, platform.front_pid):
                os.kill(pid, signal.SIGKILL)
            platform.process.wait(SECONDS)
        with running(folder) as platform:
            port = platform.s3_address.rpartition(":")[2]
            s3 = dataclasses.replace(door, endpoint=f"https://localhost:{port}").client()
            held = {"kept", *puts, *(f"victim-{number}" for number in range(5))} - set(deleted)
            assert listed(s3) == held
            delete(s3, "victim-3", "victim-4")
            check_puts_again(s3, held - {"victim-3", "victim-4"})
