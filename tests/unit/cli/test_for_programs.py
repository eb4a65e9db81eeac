"""`--output json`: one document whatever comes of a command, also where nothing was done or the line was wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.unit.cli.conftest import Portico
from tests.unit.sdk.fake_platform import FakePlatform

JSON = ("--output", "json")


@pytest.fixture(autouse=True)
def bucket(fake: FakePlatform, portico: Portico) -> None:
    assert portico("objects", "mb", "portico://photos").code == 0
    assert portico("objects", "cp", "-", "portico://photos/a", given=b"x").code == 0


def test_what_would_be_done_is_told_as_what_was_done_is(portico: Portico, tmp_path: Path) -> None:
    (tmp_path / "b").write_bytes(b"12")
    told = portico("objects", "cp", tmp_path / "b", "portico://photos/", "--dry-run", *JSON).json()
    target = "portico://photos/b"
    assert told == [
        {"action": "copy", "source": f"{tmp_path}/b", "target": target, "sizeBytes": 2, "dryRun": True},
    ]
    assert portico("objects", "rm", "-r", "portico://photos", "--dry-run", *JSON).json() == {
        "dryRun": True,
        "removed": ["a"],
    }
    assert portico("objects", "rm", "-r", "portico://photos", *JSON).json() == {"removed": ["a"]}


@pytest.mark.parametrize("command", [("cp", "-r"), ("mv", "-r"), ("sync",), ("sync", "--dry-run")])
def test_nothing_below_a_prefix_is_an_empty_list(portico: Portico, tmp_path: Path, command: tuple[str, ...]) -> None:
    outcome = portico("objects", *command, "portico://photos/none", tmp_path, *JSON)
    assert (outcome.code, outcome.json(), outcome.err) == (3, [], "")


@pytest.mark.parametrize("option", [JSON, ("--output=json",)])
def test_a_line_that_is_wrong_is_told_in_json_where_that_was_asked_for(portico: Portico, option: tuple[str]) -> None:
    for line in (("mb", "BAD"), ("cp", "a"), ("ls", "--nothing"), ("rb", "photos", "--force")):
        outcome = portico("objects", *line, *option)
        error = json.loads(outcome.err)["error"]
        assert (outcome.code, outcome.out, error["code"]) == (2, "", "INVALID_ARGUMENT")
        assert error["message"]


@pytest.mark.parametrize("command", [("cp", "nofile", "portico://photos/"), ("lifecycle", "set", "photos", "nofile")])
def test_a_file_that_is_not_there_has_the_code_of_what_is_not_there(portico: Portico, command: tuple[str, ...]) -> None:
    outcome = portico("objects", *command, *JSON)
    assert json.loads(outcome.err) == {"error": {"code": "NOT_FOUND", "message": "nofile: No such file or directory"}}
