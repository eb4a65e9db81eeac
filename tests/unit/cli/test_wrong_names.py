"""`portico objects` told of what can be no name: it says which word that is, and what names may be; nothing is sent."""

from __future__ import annotations

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
