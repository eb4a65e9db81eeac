"""What a first start leaves behind: files that only their owner can read, a profile."""

from __future__ import annotations

import stat
import tomllib
from pathlib import Path

import pytest

from tests.e2e.host.conftest import APPLICATION
from tests.harness import RunningPlatform, StartFailed, running_platform


def readable_by_others(folder: Path) -> list[Path]:
    return [path for path in (folder, *folder.rglob("*")) if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO)]


def test_all_files_are_their_owners_only(host: RunningPlatform) -> None:
    assert readable_by_others(host.data) == []
    assert readable_by_others(host.profile) == []


def test_no_secret_is_on_a_command_line_or_in_a_log(host: RunningPlatform) -> None:
    commands = [Path("/proc", str(pid), "cmdline").read_bytes() for pid in (host.process.pid, host.front_pid)]
    told = b"".join(commands) + host.logs().encode()
    assert b"PRIVATE KEY" not in told
    assert host.token.encode() not in told


def test_the_profile_says_where_and_who(host: RunningPlatform) -> None:
    profile = tomllib.loads((host.profile / "profile.toml").read_text())
    here = {"address": host.address, "web_address": host.web_address, "s3_address": host.s3_address}
    assert profile == {**here, "account": "default", "data": str(host.data)}
    assert host.profile.parts[-3:] == ("portico", "profiles", "default")


def test_a_profile_of_another_platform_is_left_alone(tmp_path: Path) -> None:
    with running_platform(tmp_path, application=APPLICATION) as first:
        kept = {path.name: path.read_bytes() for path in first.profile.iterdir()}
        with running_platform(tmp_path, application=APPLICATION, data=tmp_path / "other") as second:
            assert second.profile == tmp_path / "other" / "profile"
            assert second.http("GET", "/echo").status == 200
        assert {path.name: path.read_bytes() for path in first.profile.iterdir()} == kept


@pytest.mark.layouts("one", "apart", "workers", reason="the plain host embeds no interpreter")
def test_the_embedded_interpreter_is_an_ordinary_one(host: RunningPlatform) -> None:
    found = host.http("GET", "/interpreter").json()
    names = [line.partition("=")[0] for line in found["environment"]]
    assert {"LD_PRELOAD", "PYTHONHOME", "PYTHONPATH"}.isdisjoint(names), "a child would load our Python"
    assert "." not in found["path"]
    assert "" not in found["path"]
    assert Path(found["executable"]).name.startswith("python")
    assert Path(found["folder"]) in host.folders


def test_a_damaged_key_is_told_and_not_replaced(tmp_path: Path) -> None:
    with running_platform(tmp_path, application=APPLICATION) as platform:
        key = platform.data / "keys" / "authority.key"
    key.write_text("damaged")
    with (
        pytest.raises(StartFailed, match="Restore it from a backup"),
        running_platform(tmp_path, application=APPLICATION),
    ):
        pass
    assert key.read_text() == "damaged"


def test_a_home_that_cannot_be_written_is_no_hindrance(tmp_path: Path) -> None:
    (tmp_path / "configuration").write_text("no folder")
    with running_platform(tmp_path, application=APPLICATION) as platform:
        assert platform.profile == platform.data / "profile"
        assert platform.http("GET", "/echo").status == 200
