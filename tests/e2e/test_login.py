"""Logging in by the command line, as somebody does who has an API token, or is a service account."""

from __future__ import annotations

import io
import json
import stat
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from portico_cli.main import run
from tests.e2e.calls import ACCOUNT, ADMIN
from tests.e2e.test_api_tokens import issue, policy, rest
from tests.harness import RunningPlatform

ROBOT = f"{ACCOUNT}/serviceAccounts/login-robot"


@pytest.fixture(scope="module", autouse=True)
def robot(platform: RunningPlatform) -> None:
    """A service account that may do everything with objects, and a bucket."""
    rest(platform, "POST", f"{ACCOUNT}/buckets?bucketId=login-photos", {})
    rest(platform, "POST", f"{ACCOUNT}/serviceAccounts?serviceAccountId=login-robot", {})
    rest(platform, "POST", f"{ACCOUNT}/policies?policyId=login-robot", policy(principals=[ROBOT]))


Portico = Callable[..., tuple[int, str, str]]


@pytest.fixture
def portico(
    platform: RunningPlatform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Portico:
    """Runs a command line in this process, given a text to read: its exit code, its output, its errors."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("PORTICO_PROFILE_DIR", str(platform.profile))
    for name in ("PORTICO_TOKEN", "PORTICO_ADDRESS", "PORTICO_PROFILE", "PORTICO_ACCOUNT"):
        monkeypatch.delenv(name, raising=False)

    def ran(*arguments: str, read: str = "") -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "stdin", io.StringIO(read))
        capfd.readouterr()
        code = run(list(arguments))
        told = capfd.readouterr()
        return code, told.out, told.err

    return ran


def who(portico: Portico, profile: str) -> dict[str, Any]:
    code, out, err = portico("whoami", "--profile", profile, "--output", "json")
    assert code == 0, err
    found: dict[str, Any] = json.loads(out)
    return found


def test_an_api_token_logs_in_and_out(platform: RunningPlatform, portico: Portico, tmp_path: Path) -> None:
    made = issue(platform, policy())
    code, out, err = portico("login", "ci", read=made["secret"] + "\n")
    assert (code, f"logged in as {ADMIN}" in out) == (0, True), err
    told = who(portico, "ci")
    assert (told["principal"], told["by"], told["address"]) == (ADMIN, "an API token", platform.web_address)
    code, out, _ = portico("objects", "ls", "--profile", "ci")
    assert (code, "login-photos" in out) == (0, True)
    assert portico("access", "list", "members", "--profile", "ci", "--output", "json")[1].count("members/") == 0
    folder = tmp_path / "portico" / "profiles" / "ci"
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (folder, *folder.iterdir())}
    assert modes == {"ci": 0o700, **dict.fromkeys(("token", "ca.pem", "profile.toml"), 0o600)}
    assert portico("logout", "ci")[0] == 0
    assert [path.name for path in folder.iterdir() if path.name != "ca.pem"] == []
    code, _, err = portico("whoami", "--profile", "ci")
    assert (code, "there is no profile" in err) == (6, True)


def test_a_service_account_logs_in_by_a_secret_and_its_tokens_are_renewed(
    platform: RunningPlatform, portico: Portico, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    made = rest(platform, "POST", f"{ROBOT}/secrets", {})
    code, out, err = portico("login", "robot", "--client-id", ROBOT, read=made["secret"])
    assert (code, f"logged in as {ACCOUNT}/principals/login-robot" in out) == (0, True), err
    assert (err, caplog.messages) == ("", []), "what went well is told with a warning"
    told = who(portico, "robot")
    assert (told["principal"], told["by"]) == (f"{ACCOUNT}/principals/login-robot", f"a secret of {ROBOT}")
    token = tmp_path / "portico" / "profiles" / "robot" / "token"
    first = token.read_text()
    token.unlink()
    assert who(portico, "robot")["principal"] == f"{ACCOUNT}/principals/login-robot"
    assert token.read_text() not in ("", first)
    rest(platform, "DELETE", made["clientSecret"]["name"])
    code, _, err = portico("objects", "ls", "--profile", "robot")
    assert code != 0
    assert made["secret"] not in out + err


@pytest.mark.parametrize("read", ["", "two words", "portico_token_x." + "A" * 43])
def test_what_is_not_good_writes_no_profile(portico: Portico, tmp_path: Path, read: str) -> None:
    code, _, err = portico("login", "wrong", read=read)
    assert code != 0
    assert "A" * 43 not in err
    assert not (tmp_path / "portico" / "profiles" / "wrong" / "profile.toml").exists()


def test_a_profile_that_logs_in_by_its_certificate_is_left_alone(platform: RunningPlatform, portico: Portico) -> None:
    before = {path.name: path.read_bytes() for path in platform.profile.iterdir()}
    for command in ("login", "logout"):
        code, _, err = portico(command, str(platform.profile), read="portico_token_x.y")
        assert (code, "certificate" in err) == (1, True)
    assert {path.name: path.read_bytes() for path in platform.profile.iterdir()} == before
    assert portico("login", "x", "portico_token_x.y")[0] == 2, "a secret is no argument"
