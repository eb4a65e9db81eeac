"""A process killed in the middle of puts: what was acknowledged is there, whole; nothing else is half there."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import time
from pathlib import Path

import pytest

from portico_server.objects.upkeep import orphans
from portico_server.platform.settings import Settings
from tests.contract.objects.putting_process import QUEUE, content
from tests.contract.objects.stand import Stand, keys, standing

ROOT = Path(__file__).resolve().parents[3]


def acknowledged_before_the_kill(data: Path, seed: int, lines: int) -> dict[str, int]:
    """The number of the last acknowledged put of each key."""
    command = [sys.executable, "-m", "tests.contract.objects.putting_process", str(data), str(seed)]
    last: dict[str, int] = {}
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        for line in process.stdout:
            key, number, _ = line.split()
            last[key.decode()] = int(number)
            lines -= 1
            if lines == 0:
                process.kill()
    assert lines <= 0, "the process ended before it was killed"
    return last


async def told_last(stand: Stand) -> dict[str, str]:
    """The ETag that the queue was told last of each key."""
    last: dict[str, str] = {}
    sequence = 0
    while page := (await stand.list_notifications(QUEUE, start_after_sequence=sequence)).notifications:
        last |= {one.object.partition("/objects/")[2]: one.etag for one in page}
        sequence = page[-1].sequence
    return last


async def check_after_a_kill(data: Path, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    last = acknowledged_before_the_kill(data, seed, lines=150 + 40 * seed)
    async with standing(Settings(data=data)) as stand:
        listed: list[str] = []
        token = ""
        while True:
            page = await stand.list(page_token=token)
            listed += keys(page)
            token = page.next_page_token
            if not token:
                break
        assert set(listed) >= last.keys()
        told = await told_last(stand)
        for key in listed:
            described, bytes_read = await stand.head(key), await stand.get(key)
            assert described.size_bytes == len(bytes_read)
            assert described.etag == hashlib.md5(bytes_read).hexdigest()
            assert told[key] == described.etag, "a put and what is told of it are not one"
            number = int(bytes_read.split(b"\n")[0].split()[1])
            assert bytes_read == content(key, number, len(bytes_read))
            assert number >= last.get(key, 0), "a put was acknowledged and is lost"
        real_time = time.time
        await stand.collect()
        for seconds in (orphans.ORPHAN_SECONDS, orphans.ASIDE_SECONDS):
            monkeypatch.setattr(time, "time", lambda seconds=seconds: real_time() + seconds + 1)
            await stand.orphans.remove()
        large = await stand.database.scan("SELECT count(*) FROM object WHERE file <> ''")
        assert len(stand.files()) == large[0][0]


@pytest.mark.parametrize("seed", range(3))
async def test_a_kill_loses_nothing_that_was_acknowledged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    await check_after_a_kill(tmp_path, seed, monkeypatch)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(3, 60))
async def test_many_kills_lose_nothing_that_was_acknowledged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    await check_after_a_kill(tmp_path, seed, monkeypatch)
