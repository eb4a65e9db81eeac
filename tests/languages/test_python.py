"""The program in Python, by the SDK; also over a door that asks for no client certificate."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.harness import RunningPlatform, running_platform
from tests.languages.example import assert_scenario, example, run


def test_the_scenario_is_one_trace_in_python(platform: RunningPlatform) -> None:
    assert_scenario("python", example("python", "python3"), platform)


def test_a_token_is_enough_where_no_certificate_is_asked_for(tmp_path: Path) -> None:
    with running_platform(tmp_path, client_certificates="optional") as open_door:
        profile = Path(shutil.copytree(open_door.profile, tmp_path / "profile"))
        (profile / "client.pem").unlink()
        (profile / "client.key").unlink()
        told = run("python", example("python", "python3"), open_door, profile)
    assert told.splitlines()[-1].startswith("deleted ")
