"""Names that are none: it is said which word that is, and what names may be; and names of what is not there."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.cli.conftest import Portico
from tests.unit.sdk.fake_platform import FakePlatform

OF_BUCKETS = (
    *(f"{command} portico://BAD/k" for command in ("ls", "cat", "presign", "stat", "tag", "rm")),
    *(f"{command} portico://BAD" for command in ("ls", "du", "versions", "rm -r", "uploads ls", "uploads abort --all")),
    *(f"{command} BAD" for command in ("describe", "mb", "rb", "relocate", "scrub", "webhooks ls")),
    *(f"{rules} {command} BAD" for rules in ("lifecycle", "cors", "notifications") for command in ("get", "rm")),
    *(f"{command} . portico://BAD/k" for command in ("cp -r", "mv -r", "sync")),
    *(f"{command} s3://BAD/k ." for command in ("cp", "cp -r", "mv", "sync")),
    "lock portico://BAD/k governance:1d",
    "hold portico://BAD/k on",
    "versioning BAD on",
    "update BAD --public-list",
)


@pytest.mark.parametrize("command", OF_BUCKETS)
def test_what_no_bucket_can_be_called_is_told_as_such(portico: Portico, fake: FakePlatform, command: str) -> None:
    before = fake.calls.total()
    outcome = portico("objects", *command.split())
    assert outcome.code == 2
    assert "BAD cannot be a bucket's " in outcome.err
    assert "3 to 63 lower-case letters, digits, hyphens and dots" in outcome.err
    assert "parent" not in outcome.err
    assert fake.calls.total() == before


def test_what_no_queue_can_be_called_is_told_as_such(portico: Portico, fake: FakePlatform) -> None:
    for command in (("read", "NO NAME"), ("ack", "NO NAME", "1")):
        outcome = portico("objects", "notifications", *command)
        assert (outcome.code, "NO NAME cannot be a queue's name: those have 1 to 63" in outcome.err) == (2, True)


@pytest.mark.parametrize(
    "command",
    [
        ("backup", "verify", "none"),
        ("restore", "none", "--data", "new"),
        ("backup", "new", "--data", "none"),
        ("stores", "ls", "--data", "none"),
        ("stores", "check", "--data", "none"),
        ("stores", "claim", "archive", "--data", "none"),
        ("config", "--config", "none"),
        ("demo", "none"),
        ("login", "somewhere", "--authority", "none"),
    ],
)
def test_a_file_or_a_platform_that_is_not_there_is_not_found(
    portico: Portico, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    outcome = portico(*command)
    assert (outcome.code, outcome.out, "none" in outcome.err) == (3, "", True)
