"""A running platform whose disk is full, read-only or failing, or which may open no more files: what callers are told,
that nothing is half applied, and that it goes on by itself. docs/faults.md has the table."""

from __future__ import annotations

import contextlib
import os
import resource
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from portico_server.host import supervisor
from portico_server.host.supervisor import Announcement, Event
from portico_server.platform.settings import Settings
from tests.e2e.s3.conftest import door_of
from tests.faults.attached import answer, attached, request
from tests.faults.conftest import DISK_BYTES
from tests.faults.disks import abort, disk, ext4_disk, filled
from tests.faults.storing import check_is_the_same, unfinished
from tests.harness import RunningPlatform, running_platform
from tests.harness.clients import Response
from tests.harness.credentials import ssl_context
from tests.harness.waiting import wait_until

BUCKETS = "/v1/accounts/default/buckets"
OBJECTS = f"{BUCKETS}/faults/objects"
LARGE = bytes(100_000)  # in a file of its own
SMALL = b"a few bytes"  # in the database
SECONDS = 60


@pytest.fixture(scope="module")
def platform(platform: RunningPlatform) -> RunningPlatform:
    make_content(platform)
    return platform


def make_content(platform: RunningPlatform) -> None:
    assert platform.http("POST", f"{BUCKETS}?bucketId=faults", json_body={}).status == 200
    for name, content in (("large", LARGE), ("small", SMALL)):
        assert put(platform, name, content).status == 200


def put(platform: RunningPlatform, key: str, content: bytes) -> Response:
    return platform.http("PUT", f"{OBJECTS}/{key}", body=content)


def reason(response: Response) -> tuple[int, str]:
    return response.status, "" if response.status == 200 else response.json()["details"][0]["reason"]


def listed(platform: RunningPlatform) -> list[str]:
    page = platform.http("GET", OBJECTS).json()
    return [item["name"].rpartition("/")[2] for item in page.get("objects", [])]


def check_reads(platform: RunningPlatform) -> None:
    assert platform.http("GET", f"{OBJECTS}/large").body == LARGE
    assert platform.http("GET", f"{OBJECTS}/small").body == SMALL
    assert listed(platform) == ["large", "small"]


def check_writes_again(platform: RunningPlatform) -> None:
    """Without a start in between."""
    front = platform.front_pid
    for content in (LARGE, SMALL):
        wait_until(lambda content=content: put(platform, "again", content).status == 200, "a put succeeds", SECONDS)
    assert platform.http("DELETE", f"{OBJECTS}/again").status == 200
    check_is_the_same(platform, front)


def test_a_full_disk_refuses_what_writes_serves_what_reads_and_is_forgotten_with_room(
    platform: RunningPlatform, small_disk: Path
) -> None:
    with filled(small_disk):
        for content in (LARGE, SMALL * 1000):
            assert reason(put(platform, "more", content)) == (429, "STORAGE_FULL")
        assert reason(put(platform, "large", LARGE[::-1] + b"other")) == (429, "STORAGE_FULL")
        check_reads(platform)
        assert unfinished(platform) == []
    check_writes_again(platform)


def failing(pid: int, call: str) -> contextlib.AbstractContextManager[None]:
    """Makes a system call of a process fail with EIO instead of being made."""
    return attached(pid, ["-f", "-qq", "-e", f"trace={call}", "-e", f"inject={call}:error=EIO"], os.devnull)


def test_while_the_disk_refuses_to_sync_nothing_is_acknowledged_and_then_it_goes_on(tmp_path: Path) -> None:
    """Without background jobs: one of them might meet the failing sync before the put that is told of it."""
    with running_platform(tmp_path, application="tests.faults.without_jobs:app") as platform:
        make_content(platform)
        with failing(platform.front_pid, "fdatasync"):
            assert reason(put(platform, "more", LARGE)) == (503, "STORAGE_FAILED")
            assert reason(put(platform, "maybe", SMALL)) == (500, "OUTCOME_UNKNOWN")
            assert reason(put(platform, "more", SMALL)) == (503, "STORAGE_FAILED")
            assert platform.http("GET", f"{OBJECTS}/large").body == LARGE
        # The log held the whole transaction, and it is settled with it: what was told to be unknown is there.
        wait_until(lambda: platform.http("DELETE", f"{OBJECTS}/maybe").status == 200, "a delete succeeds", SECONDS)
        check_writes_again(platform)
        check_reads(platform)


def test_without_a_file_descriptor_to_spare_calls_are_refused_and_served_again_later(
    platform: RunningPlatform,
) -> None:
    """Connections that are there go on; those that come wait until there is one."""
    pid = platform.front_pid
    before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    with platform.connect() as connection:
        connection.sendall(request(platform, "GET", f"{OBJECTS}/small"))
        assert answer(connection).body == SMALL
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (3, before[1]))  # all below are taken
        try:
            for method, path, content in (("GET", "large", b""), ("PUT", "more", LARGE)):
                connection.sendall(request(platform, method, f"{OBJECTS}/{path}", content))
                assert reason(answer(connection)) == (503, "TOO_MANY_OPEN_FILES")
            connection.sendall(request(platform, "GET", f"{OBJECTS}/small"))
            assert answer(connection).body == SMALL
            late = socket.create_connection(("127.0.0.1", platform.port), timeout=SECONDS)
        finally:
            resource.prlimit(pid, resource.RLIMIT_NOFILE, before)
    context = ssl_context(platform.authority, platform.certificate)
    with context.wrap_socket(late, server_hostname="localhost") as connection:
        connection.sendall(request(platform, "GET", f"{OBJECTS}/large"))
        assert answer(connection).body == LARGE
    check_reads(platform)
    check_writes_again(platform)


def test_a_file_system_that_takes_no_writes_any_more_is_read_for_long_and_that_is_told(tmp_path: Path) -> None:
    """As a kernel leaves it that met an error of the device. Of other callers than before are counts to be begun."""
    with ext4_disk(tmp_path / "disk", DISK_BYTES) as folder, running_platform(folder) as platform:
        make_content(platform)
        s3 = door_of(platform).client()
        subprocess.run(["sync", "-f", str(folder)], check=True)  # what is mapped must be written to be changed again
        abort(folder)
        for _ in range(50):  # more than are counted at once
            check_reads(platform)
        for content in (LARGE, SMALL):
            assert reason(put(platform, "more", content)) == (503, "STORAGE_READ_ONLY")
        assert reason(platform.http("DELETE", f"{OBJECTS}/large")) == (503, "STORAGE_READ_ONLY")
        revoked = platform.http("POST", "/v1/accounts/default/principals/other:revokeTokens", json_body={})
        assert reason(revoked) == (503, "STORAGE_READ_ONLY")
        assert portico_command(platform, "cat", "portico://faults/large").stdout == LARGE
        assert b"small" in portico_command(platform, "ls", "portico://faults").stdout
        assert s3.head_object(Bucket="faults", Key="large")["ContentLength"] == len(LARGE)
        check_reads(platform)
        assert platform.state.processes[0].restarts == 0


def portico_command(platform: RunningPlatform, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "portico_cli.main", "objects", *arguments]
    environment = {**os.environ, "PORTICO_PROFILE_DIR": str(platform.profile)}
    return subprocess.run(command, capture_output=True, check=True, env=environment)


@pytest.mark.parametrize("detach", [False, True])
def test_a_read_only_data_directory_is_refused_at_the_start_with_what_to_do(tmp_path: Path, detach: bool) -> None:
    with disk(tmp_path / "disk", DISK_BYTES) as folder:
        data = folder / "data"
        data.mkdir()
        subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)
        told: list[Announcement] = []
        assert supervisor.up(Settings(data=data), detach=detach, announce=told.append) == 1
    expected = f"Cannot use {data} as data directory: Read-only file system. Choose another with --data."
    assert [(news.event, news.message) for news in told] == [(Event.FAILED, expected)]
