"""Where a download goes: into regular files whole, through links, into what is no file as it comes."""

from __future__ import annotations

import asyncio
import os
import stat
import subprocess
import sys
import threading
import tty
from pathlib import Path

import pytest

from portico import AsyncClient, Client
from tests.unit.sdk.fake_platform import FakePlatform

CONTENT = b"the quick brown fox\n"


@pytest.fixture(autouse=True)
def fox(client: Client) -> None:
    client.buckets.create("zoo")
    client.objects.put("zoo", "fox.txt", CONTENT)


def download(client: Client, target: str | Path) -> None:
    client.objects.download("zoo", "fox.txt", target)


def read_in_thread(path: Path, into: list[bytes]) -> threading.Thread:
    thread = threading.Thread(target=lambda: into.append(path.read_bytes()), daemon=True)
    thread.start()
    return thread


def test_a_device_stays_and_gets_the_bytes(client: Client) -> None:
    ours, theirs = os.openpty()
    tty.setraw(theirs)
    device = Path(os.ttyname(theirs))
    download(client, device)
    assert stat.S_ISCHR(device.stat().st_mode)
    assert os.read(ours, 100) == CONTENT
    os.close(ours)
    os.close(theirs)


def test_a_pipe_stays_and_gets_the_bytes(client: Client, tmp_path: Path) -> None:
    pipe, got = tmp_path / "pipe", list[bytes]()
    os.mkfifo(pipe)
    reader = read_in_thread(pipe, got)
    download(client, pipe)
    reader.join(10)
    assert got == [CONTENT]
    assert stat.S_ISFIFO(pipe.lstat().st_mode)


async def test_a_pipe_that_nobody_reads_yet_does_not_stop_the_event_loop(
    async_client: AsyncClient, tmp_path: Path
) -> None:
    pipe, got = tmp_path / "pipe", list[bytes]()
    os.mkfifo(pipe)
    task = asyncio.ensure_future(async_client.objects.download("zoo", "fox.txt", pipe))
    await asyncio.wait([task], timeout=0.2)  # returns only if the loop runs
    reader = read_in_thread(pipe, got)
    await asyncio.wait_for(task, 10)
    await asyncio.to_thread(reader.join, 10)
    assert stat.S_ISFIFO(pipe.lstat().st_mode)
    assert got == [CONTENT]


@pytest.mark.parametrize("name", ["link", "/dev/fd/1", "/proc/self/fd/1"])
def test_standard_output_gets_the_bytes_where_it_stands(fake: FakePlatform, tmp_path: Path, name: str) -> None:
    (tmp_path / "link").symlink_to("/proc/self/fd/1")  # what /dev/stdout is, which a failing test must not harm
    program = f"import portico; portico.connect().objects.download('zoo', 'fox.txt', {str(tmp_path / name)!r})"
    command = [sys.executable, "-c", program]
    assert subprocess.run(command, stdout=subprocess.PIPE, check=True, timeout=30).stdout == CONTENT
    file = tmp_path / "all"
    file.write_bytes(b"before\n")
    with file.open("ab") as appended:
        subprocess.run(command, stdout=appended, check=True, timeout=30)
        appended.write(b"after\n")
    assert file.read_bytes() == b"before\n" + CONTENT + b"after\n"


def test_a_symbolic_link_stays_and_its_file_gets_the_bytes(client: Client, tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "file").write_bytes(b"old")
    (tmp_path / "second").symlink_to("there/file")
    (tmp_path / "first").symlink_to("second")
    download(client, tmp_path / "first")
    assert (tmp_path / "first").is_symlink()
    assert (tmp_path / "second").is_symlink()
    assert (tmp_path / "there" / "file").read_bytes() == CONTENT
    (tmp_path / "dangling").symlink_to("there/new")
    download(client, tmp_path / "dangling")
    assert (tmp_path / "there" / "new").read_bytes() == CONTENT


@pytest.mark.parametrize("name", ["x" * 255, "ü" * 127])
def test_a_name_may_be_as_long_as_the_file_system_lets_it(client: Client, tmp_path: Path, name: str) -> None:
    download(client, tmp_path / name)
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == [name]


def test_an_error_names_the_target(client: Client, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as missing:
        download(client, tmp_path / "none" / "target")
    assert missing.value.filename == str(tmp_path / "none" / "target")
    with pytest.raises(IsADirectoryError):
        download(client, tmp_path)
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(OSError, match="symbolic links"):
        download(client, tmp_path / "loop")
    assert not list(tmp_path.glob(".*.part"))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
def test_a_file_that_is_replaced_keeps_its_owner(client: Client, tmp_path: Path) -> None:
    target = tmp_path / "file"
    target.write_bytes(b"old")
    os.chown(target, 1234, 1234)
    download(client, target)
    assert (target.stat().st_uid, target.stat().st_gid) == (1234, 1234)
