"""A backup of a platform under load, restored elsewhere: nothing that was acknowledged before it is missing."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.api import httpbody_pb2

from portico.objects.v1 import objects_pb2, uploads_pb2, uploads_pb2_grpc
from portico_cli.main import run
from tests.e2e.calls import Objects
from tests.harness import RunningPlatform, clients, running_platform
from tests.harness.waiting import wait_until

pytestmark = pytest.mark.layouts(
    "one", "apart", "plain", reason="it restores to SQLite; backups of PostgreSQL are restored by test_state_move"
)

SIZES = (0, 10, 5_000, 20_000, 300_000)
PARTS = (bytes(5 * 2**20), b"the last one")
WRITERS = 3


@dataclass
class Written:
    """What was acknowledged: the bytes of each object by its name, and when (time.monotonic)."""

    bytes_of: dict[str, bytes] = field(default_factory=dict)
    at: dict[str, float] = field(default_factory=dict)


class Load:
    """Writers that put, replace and delete objects, each its own, until they are stopped."""

    def __init__(self, platform: RunningPlatform, bucket: str) -> None:
        self.written = [Written() for _ in range(WRITERS)]
        self.failures: list[Exception] = []
        self._platform = platform
        self._bucket = bucket
        self._stopping = threading.Event()
        self._threads = [threading.Thread(target=self._write, args=(number,)) for number in range(WRITERS)]

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join()

    @property
    def count(self) -> int:
        return sum(len(one.bytes_of) for one in self.written)

    def _write(self, number: int) -> None:
        chance, written = random.Random(number), self.written[number]
        try:
            with self._platform.channel() as channel:
                objects = Objects(channel)
                for step in range(1_000_000):
                    if self._stopping.is_set():
                        return
                    name = f"{self._bucket}/objects/{number}/{step}"
                    data = chance.randbytes(chance.choice(SIZES))
                    objects.put(name, data)
                    written.bytes_of[name] = data
                    written.at[name] = time.monotonic()
                    # One that is put and deleted: its blob is retired, and must not be missed in the backup.
                    objects.put(f"{self._bucket}/objects/{number}/passing", data)
                    request = objects_pb2.DeleteObjectRequest(name=f"{self._bucket}/objects/{number}/passing")
                    objects.stub.DeleteObject(request, timeout=30)
        except Exception as error:
            self.failures.append(error)


@dataclass(frozen=True)
class BackedUp:
    """A platform with objects and a backup made under load; `before` are the objects acknowledged before it began."""

    platform: RunningPlatform
    folder: Path
    bucket: str
    before: dict[str, bytes]
    token: str
    underway: str
    """The id of an upload of the object `underway` that has its parts and is not complete."""


@pytest.fixture(scope="module")
def backed_up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BackedUp]:
    folder = tmp_path_factory.mktemp("backup")
    with running_platform(folder) as platform, platform.channel() as channel:
        bucket = Objects(channel).make_bucket()
        complete(channel, f"{bucket}/objects/parts", upload(channel, f"{bucket}/objects/parts"))
        underway = upload(channel, f"{bucket}/objects/underway")
        with Load(platform, bucket) as load:
            wait_until(lambda: load.count >= 30 or load.failures, "the load runs", 60)
            begin = time.monotonic()
            backup(platform.data, folder / "backup")
            begun_after = load.count
            wait_until(lambda: load.count > begun_after or load.failures, "the load runs on", 60)
        assert load.failures == []
        before = {name: data for one in load.written for name, data in one.bytes_of.items() if one.at[name] < begin}
        assert len(before) >= 20
        before[f"{bucket}/objects/parts"] = b"".join(PARTS)
        yield BackedUp(platform, folder / "backup", bucket, before, platform.token, underway)


def upload(channel: grpc.Channel, name: str) -> str:
    """The id of a multipart upload whose parts are there."""
    stub = uploads_pb2_grpc.UploadServiceStub(channel)
    begun = stub.CreateMultipartUpload(uploads_pb2.CreateMultipartUploadRequest(name=name), timeout=30).upload
    for number, data in enumerate(PARTS, 1):
        messages = [
            uploads_pb2.UploadPartRequest(name=name, upload_id=begun.upload_id, part_number=number),
            *(
                uploads_pb2.UploadPartRequest(data=httpbody_pb2.HttpBody(data=data[at : at + 2**20]))
                for at in range(0, len(data), 2**20)
            ),
        ]
        stub.UploadPart(iter(messages), timeout=30)
    return str(begun.upload_id)


def complete(channel: grpc.Channel, name: str, upload_id: str) -> None:
    parts = [uploads_pb2.CompleteMultipartUploadRequest.Part(number=number + 1) for number in range(len(PARTS))]
    request = uploads_pb2.CompleteMultipartUploadRequest(name=name, upload_id=upload_id, parts=parts)
    uploads_pb2_grpc.UploadServiceStub(channel).CompleteMultipartUpload(request, timeout=30)


def backup(data: Path, destination: Path, *more: object) -> str:
    """What the command answers, in a process of its own, as it steps back behind all others."""
    command = [sys.executable, "-P", "-m", "portico_cli.main", "backup", destination, "--data", data, *more]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def restore(folder: Path, data: Path, *more: object) -> int:
    return run(["restore", str(folder), "--data", str(data), *map(str, more)])


def test_all_is_restored_byte_by_byte_and_certificates_and_tokens_of_before_are_good(
    backed_up: BackedUp, tmp_path: Path
) -> None:
    assert restore(backed_up.folder, tmp_path / "data") == 0
    old = {
        "authority": backed_up.platform.authority,
        "certificate": backed_up.platform.certificate,
        "token": backed_up.token,
    }
    with running_platform(tmp_path) as platform, clients.channel(platform.address, **old) as channel:
        objects = Objects(channel)
        wrong = [name for name, data in backed_up.before.items() if objects.get(name) != data]
        assert wrong == []
        for key in objects.keys(backed_up.bucket, page_size=1000):  # nothing is listed whose bytes are not there
            objects.get(f"{backed_up.bucket}/objects/{key}")
        complete(channel, f"{backed_up.bucket}/objects/underway", backed_up.underway)
        assert objects.get(f"{backed_up.bucket}/objects/underway") == b"".join(PARTS)
        objects.put(f"{backed_up.bucket}/objects/new", b"x")


def test_a_backup_is_readable_by_its_owner_alone(backed_up: BackedUp) -> None:
    modes = {path.stat().st_mode & 0o077 for path in (backed_up.folder, *backed_up.folder.rglob("*"))}
    assert modes == {0}


def test_the_passing_files_are_not_left_behind(backed_up: BackedUp) -> None:
    left = [path.name for path in backed_up.platform.data.iterdir() if path.name.startswith(".")]
    assert left == []
    assert not backed_up.folder.with_name("backup.unfinished").exists()


def test_verify_tells_that_it_is_whole(backed_up: BackedUp, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["backup", "verify", str(backed_up.folder), "--output", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["engine"] == "sqlite"
    assert found["databases"] == {
        product: {product: newest_format(product), "platform": newest_format("platform.database.platform_tables")}
        for product in ("access", "dns", "objects")
    }
    assert not found["encrypted"]
    listed = (backed_up.folder / "SHA256SUMS").read_text().splitlines()
    assert found["members"] == len(listed)


def newest_format(owner: str) -> int:
    """How many migrations a product has, or the platform for the tables that it puts into each database."""
    folder = resources.files(f"portico_server.{owner}")
    if "." not in owner:
        folder = folder / "migrations"
    return sum(1 for file in folder.iterdir() if file.name.endswith(".sql"))


@pytest.mark.parametrize("harm", ["flip", "cut", "remove"])
@pytest.mark.parametrize(
    "member",
    ["manifest.json", "SHA256SUMS", "files/keys/authority.key", "databases/objects.sqlite", "blobs"],
)
def test_a_damaged_backup_is_refused_and_changes_nothing(
    backed_up: BackedUp, tmp_path: Path, capfd: pytest.CaptureFixture[str], member: str, harm: str
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(backed_up.folder, copy)
    path = next(copy.glob("blobs/objects/??/*")) if member == "blobs" else copy / member
    content = path.read_bytes()
    if harm == "remove":
        path.unlink()
    elif harm == "cut":
        path.write_bytes(content[:-1])
    else:
        path.write_bytes(
            content[: len(content) // 2] + bytes([content[len(content) // 2] ^ 1]) + content[len(content) // 2 + 1 :]
        )
    for command in (["backup", "verify", str(copy)], ["restore", str(copy), "--data", str(tmp_path / "data")]):
        assert run(command) == 1
        told = capfd.readouterr().err
        assert path.name in told
        assert "Use another copy" in told or "is no whole backup" in told
    assert not (tmp_path / "data").exists()


def test_a_newer_backup_is_refused_with_what_to_do(
    backed_up: BackedUp, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    from portico_server.platform.backup.manifest import check_line

    for changes, told in (
        ({"format": 3}, "Restore it with the release that made it, or a newer one"),
        ({"databases": {"objects": {"formats": {"objects": 99}}}}, "format 99, this release knows formats up to"),
    ):
        copy = tmp_path / "copy"
        shutil.copytree(backed_up.folder, copy)
        fields: dict[str, Any] = json.loads((copy / "manifest.json").read_bytes())
        content = json.dumps({**fields, **changes}).encode()
        (copy / "manifest.json").write_bytes(content)
        (copy / "manifest.json.sha256").write_bytes(check_line(content))
        assert restore(copy, tmp_path / "data") == 1
        assert told in capfd.readouterr().err
        assert not (tmp_path / "data").exists()
        shutil.rmtree(copy)


def test_a_directory_with_something_in_it_is_refused(
    backed_up: BackedUp, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "precious").write_text("x")
    assert restore(backed_up.folder, tmp_path / "data") == 1
    assert "is not empty (precious)" in capfd.readouterr().err
    assert {path.name for path in (tmp_path / "data").iterdir()} == {"precious", "lock"}


def test_a_running_platform_is_not_restored_into(backed_up: BackedUp, capfd: pytest.CaptureFixture[str]) -> None:
    assert restore(backed_up.folder, backed_up.platform.data) == 1
    assert "A platform already runs" in capfd.readouterr().err


def test_one_that_was_cut_short_is_not_started_and_is_done_again(
    backed_up: BackedUp, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    from portico_server.host.supervisor.announcement import StartError
    from portico_server.host.supervisor.first_start import prepare

    (tmp_path / "data" / ".restoring" / "files").mkdir(parents=True)
    (tmp_path / "data" / ".restoring" / "files" / "half").write_text("x")
    with pytest.raises(StartError, match="Do it again: portico restore"):
        prepare(tmp_path / "data")
    assert restore(backed_up.folder, tmp_path / "data") == 0
    assert not (tmp_path / "data" / ".restoring").exists()
    assert not (tmp_path / "data" / "half").exists()
    assert (tmp_path / "data" / "keys" / "authority.key").exists()


def test_the_next_backup_links_what_the_earlier_one_has(backed_up: BackedUp) -> None:
    destination = backed_up.folder.with_name("next")
    made = json.loads(backup(backed_up.platform.data, destination, "--since", backed_up.folder, "--output", "json"))
    assert made["reusedBytes"] > 0
    # What was replaced meanwhile, the collector may have removed.
    earlier = [path.relative_to(backed_up.folder) for path in backed_up.folder.glob("blobs/objects/??/*")]
    shared = [path for path in earlier if (destination / path).exists()]
    assert shared
    assert all((destination / path).samefile(backed_up.folder / path) for path in shared)
    assert run(["backup", "verify", str(destination)]) == 0


def test_an_encrypted_one_shows_nothing_and_opens_with_its_passphrase_alone(
    backed_up: BackedUp, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "passphrase").write_text("correct horse battery staple\n")
    (tmp_path / "other").write_text("incorrect horse\n")
    right, wrong = ("--passphrase-file", tmp_path / "passphrase"), ("--passphrase-file", tmp_path / "other")
    backup(backed_up.platform.data, tmp_path / "sealed", *right)
    assert not any(b"PRIVATE KEY" in path.read_bytes() for path in (tmp_path / "sealed").rglob("*") if path.is_file())
    capfd.readouterr()
    for options, told in (((), "give its passphrase"), (wrong, "not the one")):
        assert restore(tmp_path / "sealed", tmp_path / "data", *options) == 1
        assert told in capfd.readouterr().err
        assert not (tmp_path / "data").exists()
    data = ("--data", backed_up.platform.data)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))  # nothing may be put there
        assert run(["backup", "verify", str(tmp_path / "sealed"), *map(str, (*right, *data))]) == 0
        assert restore(tmp_path / "sealed", tmp_path / "data", *right) == 0
    key = Path("keys") / "authority.key"
    assert (tmp_path / "data" / key).read_bytes() == (backed_up.platform.data / key).read_bytes()


def test_a_platform_that_does_not_run_is_backed_up_too(backed_up: BackedUp, tmp_path: Path) -> None:
    assert restore(backed_up.folder, tmp_path / "data") == 0
    backup(tmp_path / "data", tmp_path / "again")
    lists = [
        sorted((folder / "SHA256SUMS").read_text().splitlines()) for folder in (backed_up.folder, tmp_path / "again")
    ]
    assert lists[0] == lists[1]


def test_what_cannot_be_backed_up_is_said_so(
    backed_up: BackedUp, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    from portico_server.platform.backup.failures import BackupError
    from portico_server.platform.backup.making import make

    settings = backed_up.platform.settings
    for data, destination, told in (
        (tmp_path / "nowhere", tmp_path / "backup", "there is no platform in"),
        (settings.data, backed_up.folder, "is there already"),
        (settings.data, settings.data / "backup", "choose a place outside"),
        (settings.data, tmp_path / "no" / "folder", "there is no folder"),
    ):
        with pytest.raises(BackupError, match=told):
            make(settings.replace(data=data), [], destination)


def test_a_lost_blob_is_told_and_the_rest_is_kept(backed_up: BackedUp, tmp_path: Path) -> None:
    from portico_server.platform.backup.making import make
    from portico_server.registry import product_states

    assert restore(backed_up.folder, tmp_path / "data") == 0
    lost = next((tmp_path / "data").glob("blobs/objects/??/*"))
    lost.unlink()
    settings = backed_up.platform.settings.replace(data=tmp_path / "data")
    made = make(settings, product_states(settings), tmp_path / "backup")
    assert made.missing == (lost.name,)
    assert lost.name in (tmp_path / "backup" / "manifest.json").read_text()
    assert run(["backup", "verify", str(tmp_path / "backup")]) == 0
