"""`portico objects tag`, `lock` and `hold`."""

from __future__ import annotations

import pytest

from tests.unit.cli.conftest import Portico
from tests.unit.sdk.fake_platform import FakePlatform

PLACE = "portico://photos/cat.jpg"


@pytest.fixture(autouse=True)
def cat(fake: FakePlatform, portico: Portico) -> None:
    assert portico("objects", "mb", "portico://photos").code == 0
    assert portico("objects", "cp", "-", PLACE, given=b"meow").code == 0


def test_tags_are_set_shown_and_cleared(portico: Portico) -> None:
    assert portico("objects", "tag", PLACE, "year=2026", "animal=cat").out == "animal=cat\nyear=2026\n"
    assert portico("objects", "tag", PLACE).out == "animal=cat\nyear=2026\n"
    assert portico("objects", "tag", PLACE, "--clear").out == ""
    assert portico("objects", "tag", PLACE).out == ""
    assert portico("objects", "tag", PLACE, "a=b", "--output", "json").json()["tags"] == {"a": "b"}


def test_an_object_is_locked_and_unlocked(portico: Portico, fake: FakePlatform) -> None:
    assert "is not locked" in portico("objects", "lock", PLACE).out
    assert "(compliance)" in portico("objects", "lock", PLACE, "compliance:30d").out
    told = portico("objects", "lock", PLACE, "governance:2030-01-31", "--output", "json").json()
    assert told["retention"] == {"mode": "RETENTION_MODE_GOVERNANCE", "retainUntilTime": "2030-01-31T00:00:00Z"}
    assert "is not locked" in portico("objects", "lock", PLACE, "none", "--bypass-governance").out
    assert fake.requests["UpdateObject"][-1].bypass_governance


def test_objects_are_named_as_s3_names_them_too(portico: Portico) -> None:
    place = PLACE.replace("portico://", "s3://")
    assert portico("objects", "tag", place, "animal=cat").out == "animal=cat\n"
    assert "(compliance)" in portico("objects", "lock", place, "compliance:30d").out
    assert "under legal hold" in portico("objects", "hold", place, "on").out


def test_an_object_is_held(portico: Portico) -> None:
    assert "is under legal hold" in portico("objects", "hold", PLACE, "on").out
    assert "is not locked" in portico("objects", "hold", PLACE, "off").out


def test_a_locked_version_is_removed_if_that_is_asked_for(portico: Portico, fake: FakePlatform) -> None:
    portico("objects", "rm", PLACE, "--version", "null", "--bypass-governance")
    assert fake.requests["DeleteObjects"][-1].bypass_governance


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("tag", "portico://photos/", "a=b"), "an object is needed"),
        (("tag", "/photos/cat.jpg", "a=b"), "is not portico://BUCKET/KEY"),
        (("tag", "gs://photos/cat.jpg", "a=b"), "is not portico://BUCKET/KEY"),
        (("tag", PLACE, "a=1", "a=2"), "a is given twice"),
        (("tag", PLACE, "a"), "KEY=VALUE"),
        (("tag", PLACE, "a=b", "--clear"), "contradict"),
        (("lock", PLACE, "sometimes"), "governance:30d"),
        (("lock", PLACE, "governance:2030-99-01"), "no date or time"),
        (("hold", "portico://photos/", "on"), "an object is needed"),
    ],
)
def test_what_is_wrong_on_the_command_line_is_told(portico: Portico, words: tuple[str, ...], told: str) -> None:
    outcome = portico("objects", *words)
    assert outcome.code == 2
    assert told in outcome.err
