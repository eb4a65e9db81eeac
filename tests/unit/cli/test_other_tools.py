"""What people type who know `aws s3` and `s5cmd`: it does the same, or says what does."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.cli.conftest import Portico
from tests.unit.sdk.fake_platform import FakePlatform


@pytest.fixture(autouse=True)
def bucket(fake: FakePlatform, portico: Portico) -> None:
    assert portico("objects", "mb", "portico://photos").code == 0


@pytest.mark.parametrize("place", ["s3://", "portico://"])
def test_a_scheme_alone_lists_the_buckets(portico: Portico, place: str) -> None:
    assert portico("objects", "ls", place).out == portico("objects", "ls").out
    assert portico("objects", "ls", place).out.endswith("photos\n")
    assert portico("objects", "du", place).code == 2


@pytest.mark.parametrize(
    ("name", "ours"),
    [
        ("delete", "rm"),
        ("copy", "cp"),
        ("put", "cp"),
        ("head", "stat"),
        ("move", "mv"),
        ("pipe", "cp -"),
        ("list", "ls"),
    ],
)
def test_a_command_by_another_name_is_told_with_ours(portico: Portico, name: str, ours: str) -> None:
    outcome = portico("objects", name, "portico://photos/a")
    assert outcome.code == 2
    assert f"`portico objects {ours}`" in outcome.err or f"'{ours}'" in outcome.err


@pytest.mark.parametrize("command", ["cp", "mv"])
def test_who_leaves_the_target_out_is_told_that_both_are_needed(portico: Portico, command: str) -> None:
    for given in ((), ("portico://photos/a",)):
        outcome = portico("objects", command, *given)
        assert (outcome.code, "SOURCE and TARGET are needed" in outcome.err) == (2, True)


@pytest.mark.parametrize("command", [("ls",), ("rm",), ("cat",), ("stat",), ("cp",), ("mv",)])
def test_a_key_that_looks_like_a_pattern_is_told_to_be_none(
    portico: Portico, tmp_path: Path, command: tuple[str, ...]
) -> None:
    target = (str(tmp_path),) if command[0] in ("cp", "mv") else ()
    outcome = portico("objects", *command, "portico://photos/*.txt", *target)
    assert "* and ? stand for themselves in keys; `cp -r`, `rm -r` and others take --exclude" in outcome.err
    assert outcome.code == (0 if command == ("rm",) else 3)
    other = portico("objects", *command, "portico://photos/none.txt", *target)
    assert "stand for themselves" not in other.err
