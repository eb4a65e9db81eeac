"""Large objects moved in parts by the SDK, against a real platform."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import portico
from portico import Client, errors
from portico._clients import object_parts, objects
from portico.objects.v1.buckets_pb2 import Bucket
from portico.objects.v1.objects_pb2 import Retention
from tests.harness import RunningPlatform

MEBIBYTE = 1 << 20
PART_BYTES = 5 * MEBIBYTE
CONTENT = os.urandom(17 * MEBIBYTE + 3)

Command = Callable[..., str]


@pytest.fixture(scope="module")
def profile(platform: RunningPlatform, tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("uploads") / "profile"
    shutil.copytree(platform.profile, folder)
    return str(folder)


@pytest.fixture
def client(profile: str) -> Iterator[Client]:
    with portico.connect(profile, transfer_timeout_seconds=60) as client:
        yield client


@pytest.fixture
def bucket(client: Client) -> Iterator[str]:
    name = f"uploads-{secrets.token_hex(4)}"
    client.buckets.create(name)
    yield name
    client.buckets.delete(name, force=True)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "film.mp4"
    path.write_bytes(CONTENT)
    return path


def test_a_file_is_moved_in_parts_each_way(
    client: Client, bucket: str, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[int] = []
    stored = client.objects.upload(bucket, "a/film", source, part_bytes=PART_BYTES, progress=told.append)
    assert (stored.size_bytes, stored.parts_count, stored.metadata.content_type) == (len(CONTENT), 4, "video/mp4")
    assert told[-1] == len(CONTENT)
    assert [part.size_bytes for part in client.objects.parts(bucket, "a/film")] == [PART_BYTES] * 3 + [2 * MEBIBYTE + 3]
    assert (
        client.objects.read(bucket, "a/film", offset_bytes=PART_BYTES - 2, limit_bytes=4)
        == CONTENT[PART_BYTES - 2 : PART_BYTES + 2]
    )
    for least_bytes in (len(CONTENT), len(CONTENT) + 1):  # in parts, and as one
        monkeypatch.setattr(objects, "LARGE_BYTES", least_bytes)
        target = tmp_path / "copy"
        client.objects.download(bucket, "a/film", target)
        assert target.read_bytes() == CONTENT
    assert not list(client.uploads.list(bucket))


def test_a_stream_of_unknown_length_is_uploaded_in_parts(client: Client, bucket: str) -> None:
    pieces = (CONTENT[start : start + 700_000] for start in range(0, len(CONTENT), 700_000))
    stored = client.objects.upload(bucket, "k", pieces, part_bytes=PART_BYTES)
    assert (stored.size_bytes, stored.parts_count) == (len(CONTENT), 4)
    assert client.objects.read(bucket, "k") == CONTENT
    assert client.objects.upload(bucket, "empty", iter([])).size_bytes == 0


async def test_the_asyncio_client_does_the_same(profile: str, bucket: str, source: Path, tmp_path: Path) -> None:
    async with portico.connect_async(profile) as client:
        stored = await client.objects.upload(bucket, "k", source, part_bytes=PART_BYTES)
        assert stored.parts_count == 4
        await client.objects.download(bucket, "k", tmp_path / "copy")
        assert (tmp_path / "copy").read_bytes() == CONTENT


def test_what_is_uploaded_in_parts_is_tagged_and_locked(client: Client, bucket: str, source: Path) -> None:
    client.buckets.update(bucket, Bucket(object_lock={"enabled": True}, versioning="VERSIONING_ENABLED"))
    until = Retention(mode="RETENTION_MODE_GOVERNANCE")
    until.retain_until_time.FromSeconds(int(time.time()) + 3600)
    marks = {"tags": {"kind": "film"}, "retention": until, "legal_hold": True}
    for part_bytes in (0, PART_BYTES):  # at one go, and in parts
        stored = client.objects.upload(bucket, "k", source, part_bytes=part_bytes, **marks)
        assert stored.parts_count == (4 if part_bytes else 0)
        assert (dict(stored.tags), stored.retention, stored.legal_hold) == tuple(marks.values())
        client.objects.set_legal_hold(bucket, "k", False)
        assert client.objects.delete(bucket, "k", version_id=stored.version_id, bypass_governance=True).version_id


class Broken(Exception):
    """What ends an upload in these tests."""


def break_off(done_bytes: int) -> None:
    if done_bytes > PART_BYTES:
        raise Broken


def test_an_upload_that_breaks_off_is_given_up(client: Client, bucket: str, source: Path) -> None:
    with pytest.raises(Broken):
        client.objects.upload(bucket, "k", source, part_bytes=PART_BYTES, parallel=1, progress=break_off)
    assert not list(client.uploads.list(bucket))
    with pytest.raises(errors.NotFound):
        client.objects.head(bucket, "k")


def test_an_upload_that_breaks_off_is_resumed(
    client: Client, bucket: str, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    resume = tmp_path / "state" / "upload.json"
    with pytest.raises(Broken):
        client.objects.upload(bucket, "k", source, part_bytes=PART_BYTES, parallel=1, progress=break_off, resume=resume)
    (upload,) = client.uploads.list(bucket)
    assert [part.number for part in client.uploads.parts(bucket, "k", upload.upload_id)] == [1, 2]
    client.uploads.put_part(bucket, "k", upload.upload_id, 1, b"other bytes")
    sent: list[int] = []
    put_part = object_parts.put_part

    def counted(session: object, name: str, upload_id: str, number: int, data: bytes) -> object:
        sent.append(number)
        return put_part(session, name, upload_id, number, data)  # type: ignore[arg-type]

    monkeypatch.setattr(object_parts, "put_part", counted)
    client.objects.upload(bucket, "k", source, resume=resume)
    assert sorted(sent) == [1, 3, 4]
    assert client.objects.read(bucket, "k") == CONTENT
    assert not resume.exists()


def test_an_upload_is_made_step_by_step(client: Client, bucket: str) -> None:
    client.objects.put(bucket, "source", b"0123456789")
    upload = client.uploads.create(bucket, "k", content_type="text/plain", metadata={"by": "me"}, tags={"a": "b"})
    first = client.uploads.put_part(bucket, "k", upload.upload_id, 1, CONTENT[:PART_BYTES])
    second = client.uploads.copy_part(
        bucket, "k", upload.upload_id, 2, bucket, "source", source_offset_bytes=2, source_limit_bytes=5
    )
    stored = client.uploads.complete(bucket, "k", upload.upload_id, [first, second])
    assert client.uploads.complete(bucket, "k", upload.upload_id, [first, second]) == stored
    assert client.objects.read(bucket, "k") == CONTENT[:PART_BYTES] + b"23456"
    assert (stored.metadata.content_type, dict(stored.metadata.custom), dict(stored.tags)) == (
        "text/plain",
        {"by": "me"},
        {"a": "b"},
    )
    other = client.uploads.create(bucket, "other")
    client.uploads.abort(bucket, "other", other.upload_id)
    with pytest.raises(errors.NotFound):
        client.uploads.abort(bucket, "other", other.upload_id)


@pytest.fixture
def command(profile: str, tmp_path: Path) -> Command:
    """Runs `portico ARGUMENTS`; answers its standard output."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PORTICO_", "XDG_"))}
    variables = {**kept, "HOME": str(tmp_path), "PORTICO_PROFILE_DIR": profile}

    def run(*arguments: object) -> str:
        words = [sys.executable, "-P", "-m", "portico_cli.main", *map(str, arguments)]
        done = subprocess.run(words, capture_output=True, timeout=60, env=variables, check=False)
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode()

    return run


def test_the_command_line_moves_large_files_in_parts(
    client: Client, bucket: str, command: Command, tmp_path: Path
) -> None:
    source, target = tmp_path / "film", tmp_path / "copy"
    source.write_bytes(CONTENT * 4)
    command("objects", "cp", source, f"portico://{bucket}/film")
    assert client.objects.head(bucket, "film").parts_count == 5
    command("objects", "cp", f"portico://{bucket}/film", target)
    assert target.read_bytes() == source.read_bytes()
    assert not list((tmp_path / ".local" / "state" / "portico" / "uploads").iterdir())


def test_the_command_line_lists_and_aborts_uploads(client: Client, bucket: str, command: Command) -> None:
    ids = [client.uploads.create(bucket, key).upload_id for key in ("a/1", "a/2", "b")]
    listed = command("objects", "uploads", "ls", f"portico://{bucket}/a/")
    assert [line.split()[-2:] for line in listed.splitlines()[1:]] == [[ids[0], "a/1"], [ids[1], "a/2"]]
    command("objects", "uploads", "abort", f"portico://{bucket}/a/1", ids[0])
    command("objects", "uploads", "abort", f"portico://{bucket}/a/", "--all")
    assert [upload.upload_id for upload in client.uploads.list(bucket)] == ids[2:]
