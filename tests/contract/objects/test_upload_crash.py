"""A process killed in the middle of multipart uploads: parts and objects that were acknowledged are there, whole."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import time
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from portico_server.objects.upkeep import orphans
from portico_server.objects.uploads import composing
from portico_server.platform.settings import Settings
from tests.contract.objects.conftest import settings_of
from tests.contract.objects.putting_process import content
from tests.contract.objects.stand import Stand, keys, standing

_LATER_SECONDS = 30 * 24 * 3600.0
"""The process had moved its clock far on, and here it begins anew."""
ROOT = Path(__file__).resolve().parents[3]


@dataclass
class Acknowledged:
    """What the process said before it was killed."""

    parts: dict[str, dict[int, str]] = field(default_factory=lambda: defaultdict(dict))
    """By upload and number the ETags."""
    ended: set[str] = field(default_factory=set)
    whole: dict[str, int] = field(default_factory=dict)
    """By key the number of the last object."""

    def take(self, line: str) -> None:
        match line.split():
            case ["part", upload, number, etag]:
                self.parts[upload][int(number)] = etag
            case ["again", upload, number]:
                del self.parts[upload][int(number)]
            case ["ending", upload]:
                self.ended.add(upload)
            case ["whole", key, number]:
                self.whole[key] = int(number)


def acknowledged_before_the_kill(settings: Settings, seed: int, lines: int) -> Acknowledged:
    module = "tests.contract.objects.uploading_process"
    command = [sys.executable, "-m", module, str(settings.data), settings.database, str(seed)]
    said = Acknowledged()
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            said.take(line)
            lines -= 1
            if lines == 0:
                process.kill()
    assert lines <= 0, "the process ended before it was killed"
    return said


async def check_after_a_kill(settings: Settings, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    said = acknowledged_before_the_kill(settings, seed, lines=120 + 30 * seed)
    monkeypatch.setattr(composing, "MIN_PART_BYTES", 0)
    async with standing(settings) as stand:
        await check_objects(stand, said)
        await check_uploads(stand, said)
        await check_nothing_else_is_left(stand, monkeypatch)


async def check_objects(stand: Stand, said: Acknowledged) -> None:
    listed = keys(await stand.list())
    assert set(listed) >= said.whole.keys()
    for key in listed:
        data = await whole(stand, key)
        number = int(data.split(b"\n")[0].split()[1])
        assert data == content(key, number, len(data))
        assert number >= said.whole.get(key, 0), "an object was acknowledged and is lost"


async def whole(stand: Stand, key: str) -> bytes:
    """The object's bytes, which are as its parts are said to be."""
    described, data = await stand.head(key), await stand.get(key)
    parts = (await stand.list_object_parts(key)).parts
    begin = 0
    for part in parts:
        assert hashlib.md5(data[begin : begin + part.size_bytes]).hexdigest() == part.etag
        begin += part.size_bytes
    assert begin == len(data) == described.size_bytes
    joined = bytes.fromhex("".join(part.etag for part in parts))
    assert described.etag == f"{hashlib.md5(joined).hexdigest()}-{len(parts)}"
    return data


async def check_uploads(stand: Stand, said: Acknowledged) -> None:
    """Those that were not about to end are underway, with all parts that were acknowledged; each can be completed."""
    underway = {
        upload.upload_id: upload.name.partition("/objects/")[2] for upload in (await stand.list_uploads()).uploads
    }
    assert underway.keys() >= said.parts.keys() - said.ended
    for upload, key in underway.items():
        parts = {part.number: part.etag for part in (await stand.list_parts(key, upload)).parts}
        acknowledged = said.parts.get(upload, {})
        assert {number: parts.get(number) for number in acknowledged} == acknowledged
        if parts:
            await stand.complete(key, upload, sorted(parts.items()))
            await whole(stand, key)
        else:
            await stand.abort(key, upload)


async def check_nothing_else_is_left(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    stand.clock.pass_seconds(_LATER_SECONDS)
    await stand.collect()
    real_time = time.time
    for seconds in (orphans.ORPHAN_SECONDS, orphans.ASIDE_SECONDS):
        monkeypatch.setattr(time, "time", lambda seconds=seconds: real_time() + seconds + 1)
        await stand.orphans.remove()
    objects = (await stand.list()).objects
    assert await stand.usage() == (len(objects), sum(one.size_bytes for one in objects))
    parts, files, inline = [
        (await stand.database.scan(f"SELECT count(*) FROM {table}"))[0][0]
        for table in ("part", "part WHERE file <> ''", "inline_bytes")
    ]
    assert parts == sum(one.parts_count for one in objects)
    assert len(stand.files()) == files
    assert inline == parts - files


@pytest.mark.parametrize("seed", range(1))
async def test_a_kill_loses_no_part_that_was_acknowledged(
    tmp_path: Path, request: pytest.FixtureRequest, engine: str, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    await check_after_a_kill(settings_of(engine, request, tmp_path), seed, monkeypatch)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(1, 40))
async def test_many_kills_lose_no_part_that_was_acknowledged(
    tmp_path: Path, request: pytest.FixtureRequest, engine: str, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    await check_after_a_kill(settings_of(engine, request, tmp_path), seed, monkeypatch)
