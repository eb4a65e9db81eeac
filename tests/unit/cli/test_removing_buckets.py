"""`portico objects rb`: of buckets that hold objects, asked first, told how far it is, and ended by Ctrl-C."""

from __future__ import annotations

import time

import pytest

from tests.unit.cli.conftest import Portico
from tests.unit.sdk.fake_platform import FakePlatform


@pytest.fixture(autouse=True)
def bucket(fake: FakePlatform, portico: Portico) -> None:
    assert portico("objects", "mb", "portico://photos").code == 0


def keys(fake: FakePlatform) -> list[str]:
    return sorted(name.partition("/objects/")[2] for name in fake.objects)


def test_a_bucket_that_holds_objects_needs_force(portico: Portico) -> None:
    portico("objects", "cp", "-", "portico://photos/k", given=b"x")
    refused = portico("objects", "rb", "photos")
    assert refused.code == 5
    assert "--force" in refused.err
    assert portico("objects", "rb", "photos", "--force", "--yes").code == 0


@pytest.mark.parametrize(("answer", "code", "left"), [(b"n\n", 130, ["k"]), (b"\n", 130, ["k"]), (b"y\n", 0, [])])
def test_a_bucket_is_emptied_only_when_that_is_confirmed(
    portico: Portico, fake: FakePlatform, answer: bytes, code: int, left: list[str]
) -> None:
    portico("objects", "cp", "-", "portico://photos/k", given=b"x")
    nobody = portico("objects", "rb", "photos", "--force", given=b"y\n")
    assert (nobody.code, "give --yes" in nobody.err, keys(fake)) == (2, True, ["k"])
    asked = portico("objects", "rb", "photos", "--force", given=answer, terminal=True)
    assert (asked.code, keys(fake)) == (code, left)
    assert "Remove portico://photos/ with all objects and versions that it holds?" in asked.err


def test_an_interrupt_ends_the_removal_on_the_platform_too(
    portico: Portico, fake: FakePlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(seconds: float) -> None:
        raise KeyboardInterrupt

    portico("objects", "cp", "-", "portico://photos/k", given=b"x")
    monkeypatch.setattr(time, "sleep", interrupt)
    outcome = portico("objects", "rb", "photos", "--force", "--yes")
    assert (outcome.code, outcome.err.strip()) == (130, "stopped")
    assert fake.calls["CancelOperation"] == 1


def test_whoever_watches_is_told_how_far_it_is(
    portico: Portico, fake: FakePlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    portico("objects", "cp", "-", "portico://photos/k", given=b"x")
    monkeypatch.setattr("portico_cli.commands.objects.following._Line.__init__", _at_a_terminal)
    outcome = portico("objects", "rb", "photos", "--force", "--yes")
    assert (outcome.code, outcome.out) == (0, "removed portico://photos/\n")
    assert "1 versions removed" in outcome.err


def _at_a_terminal(line: object) -> None:
    vars(line)["_shown"] = True
