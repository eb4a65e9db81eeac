"""A platform whose state goes from files to PostgreSQL and back, by the command, with backups across the engines."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from portico_cli.main import run
from tests.e2e.calls import Objects
from tests.harness import RunningPlatform, running_platform
from tests.harness.layouts import SPREADS_ITSELF
from tests.harness.postgresql import fresh_database, shared_server

pytestmark = SPREADS_ITSELF

DATA = {"small": b"x" * 100, "large": bytes(range(256)) * 1000, "none": b"", "ä/😀": b"y"}


@pytest.fixture(scope="module")
def dsns() -> Iterator[list[str]]:
    with shared_server() as server:
        yield [fresh_database(server) for _ in range(2)]


def portico(*arguments: object, given: str = "") -> str:
    command = [sys.executable, "-P", "-m", "portico_cli.main", *map(str, arguments)]
    done = subprocess.run(command, input=given, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def check(platform: RunningPlatform, bucket: str) -> None:
    with platform.channel() as channel:
        objects = Objects(channel)
        assert {key: objects.get(f"{bucket}/objects/{key}") for key in DATA} == DATA
        assert sorted(objects.keys(bucket)) == sorted(DATA)
        objects.put(f"{bucket}/objects/small", DATA["small"])


def test_from_files_to_postgresql_by_a_backup_to_another_and_back(
    tmp_path: Path, dsns: list[str], capfd: pytest.CaptureFixture[str]
) -> None:
    first, second = dsns
    with running_platform(tmp_path) as platform:
        with platform.channel() as channel:
            objects = Objects(channel)
            bucket = objects.make_bucket()
            for key, data in DATA.items():
                objects.put(f"{bucket}/objects/{key}", data)
        assert run(["state", "move", "--to", first, "--data", str(platform.data)]) == 1
        assert "A platform already runs" in capfd.readouterr().err
    moved = json.loads(
        portico("state", "move", "--to", "-", "--data", tmp_path / "data", "--output", "json", given=first)
    )
    assert moved["rows"]["objects"]["object"] == len(DATA)
    assert f'database = "{first}"' in (tmp_path / "data" / "portico.toml").read_text()
    left = sorted(path.name for path in (tmp_path / "data" / "databases").iterdir())
    assert left == ["access.sqlite.moved", "dns.sqlite.moved", "objects.sqlite.moved"]

    with running_platform(tmp_path, database=first) as platform:
        check(platform, bucket)
        portico("backup", tmp_path / "backup", "--data", platform.data)  # while it runs
    found = json.loads(portico("backup", "verify", tmp_path / "backup", "--output", "json"))
    assert found["engine"] == "postgresql"

    assert run(["restore", str(tmp_path / "backup"), "--data", str(tmp_path / "other" / "data")]) == 1
    assert "say with --database where" in capfd.readouterr().err
    portico("restore", tmp_path / "backup", "--data", tmp_path / "other" / "data", "--database", second)
    assert not (tmp_path / "other" / "data" / "databases").exists()
    assert run(["restore", str(tmp_path / "backup"), "--data", str(tmp_path / "new"), "--database", first]) == 1
    assert "with other rows" in capfd.readouterr().err
    portico("state", "move", "--to", "sqlite", "--data", tmp_path / "other" / "data")
    with running_platform(tmp_path / "other") as platform:
        check(platform, bucket)


def test_a_password_is_not_taken_from_the_command_line(capfd: pytest.CaptureFixture[str]) -> None:
    for command in (["state", "move", "--to"], ["restore", "backup", "--database"]):
        assert run([*command, "postgresql://me:secret@host/x"]) == 2
        told = capfd.readouterr().err
        assert "give the URL as `-`" in told
        assert "secret" not in told
