"""`portico objects ls`, `du`, `cat`, `rm` and `versions`: what is shown, and what is removed."""

from __future__ import annotations

import pytest

from portico_cli.commands.objects.listing import _sums
from tests.unit.cli.conftest import Portico
from tests.unit.sdk.fake_platform import FakePlatform, Fault


@pytest.fixture(autouse=True)
def bucket(fake: FakePlatform, portico: Portico) -> None:
    assert portico("objects", "mb", "portico://photos").code == 0


def keys(fake: FakePlatform) -> list[str]:
    return sorted(name.partition("/objects/")[2] for name in fake.objects)


def put(portico: Portico, *names: str, content: bytes = b"12345") -> None:
    for name in names:
        assert portico("objects", "cp", "-", f"portico://photos/{name}", "--quiet", given=content).code == 0


def test_a_listing_is_summed_up(portico: Portico) -> None:
    put(portico, "a/1", "a/2", "b")
    shown = portico("objects", "ls", "-r", "portico://photos", "--summarize", "--human-readable").out.splitlines()
    assert shown[-2:] == ["Total Objects: 3", "   Total Size: 15 B"]
    found = portico("objects", "ls", "portico://photos", "--summarize", "--output", "json").json()
    assert (found["prefixes"], found["summary"]) == (["a/"], {"objects": 1, "sizeBytes": 5})


def test_nothing_below_a_prefix_is_told_by_the_exit_code(portico: Portico) -> None:
    outcome = portico("objects", "ls", "portico://photos/none")
    assert (outcome.code, outcome.out, outcome.err) == (3, "", "nothing below portico://photos/none\n")
    assert portico("objects", "ls", "portico://photos/none", "--output", "json").json() == {
        "objects": [],
        "prefixes": [],
    }
    assert portico("objects", "ls", "portico://photos").code == 0


def test_pages_are_printed_as_they_come(portico: Portico, fake: FakePlatform) -> None:
    put(portico, "k")
    item, data = next(iter(fake.objects.values()))
    for number in range(2_500):
        name = f"accounts/default/buckets/photos/objects/n{number:04}"
        fake.objects[name] = (type(item)(name=name, size_bytes=1), data)
    fake.calls.clear()
    assert len(portico("objects", "ls", "-r", "portico://photos").out.splitlines()) == 2_501
    assert fake.calls["ListObjects"] == 3
    assert len(portico("objects", "ls", "-r", "portico://photos", "--output", "json").json()["objects"]) == 2_501


def test_versions_are_listed_by_folder(portico: Portico) -> None:
    put(portico, "a/1", "b")
    lines = portico("objects", "ls", "portico://photos", "--versions").out.splitlines()
    assert [line.split()[-1] for line in lines] == ["a/", "b"]
    assert lines[1].split()[-3:] == ["null", "latest", "b"]


def test_what_there_is_is_summed_by_folder(portico: Portico) -> None:
    put(portico, "a/1", "a/b/2", "a/b/3", "c/4", "d")
    lines = [line.split() for line in portico("objects", "du", "portico://photos", "--depth", 1).out.splitlines()]
    assert lines == [
        ["15", "3", "portico://photos/a/"],
        ["5", "1", "portico://photos/c/"],
        ["25", "5", "portico://photos/"],
    ]
    assert portico("objects", "du", "portico://photos/a/", "-h").out.split() == ["15", "B", "3", "portico://photos/a/"]
    assert portico("objects", "du", "portico://photos/none", "--output", "json").json() == [
        {"prefix": "none", "objects": 0, "sizeBytes": 0}
    ]


def test_folders_are_summed_down_to_a_depth() -> None:
    items = [("p/a", 1), ("p/b/c", 2), ("p/b/d/e", 4), ("p/b/d/f/g", 8), ("p/c/x", 16)]
    assert list(_sums(items, "p/", 0)) == [("p/", 5, 31)]
    assert list(_sums(items, "p/", 2)) == [
        ("p/b/d/", 2, 12),
        ("p/b/", 3, 14),
        ("p/c/", 1, 16),
        ("p/", 5, 31),
    ]


@pytest.mark.parametrize(
    ("options", "bytes_shown"),
    [
        (("--range", "0-3"), "0123"),
        (("--range", "bytes=4-"), "456789"),
        (("--range", "-2"), "89"),
        (("--offset", 3, "--limit", 2), "34"),
        (("--offset", -3), "789"),
    ],
)
def test_a_part_of_an_object_is_shown(portico: Portico, options: tuple[object, ...], bytes_shown: str) -> None:
    put(portico, "k", content=b"0123456789")
    assert portico("objects", "cat", "portico://photos/k", *options).out == bytes_shown


def test_objects_are_shown_one_behind_the_other(portico: Portico) -> None:
    put(portico, "a", content=b"1")
    put(portico, "b", content=b"2")
    assert portico("objects", "cat", "portico://photos/a", "portico://photos/b").out == "12"


@pytest.mark.parametrize(
    "options", [("--range", "5-3"), ("--range", "-"), ("--range", "x"), ("--range=1-", "--offset=1")]
)
def test_a_range_that_is_none_is_told(portico: Portico, fake: FakePlatform, options: tuple[str, ...]) -> None:
    assert portico("objects", "cat", "portico://photos/k", *options).code == 2
    assert not fake.calls["GetObject"]


def test_what_is_chosen_is_removed(portico: Portico, fake: FakePlatform) -> None:
    put(portico, "a/1.tmp", "a/2", "b.tmp")
    arguments = ("objects", "rm", "-r", "portico://photos/a/", "--exclude", "*", "--include", "*.tmp")
    for option in ("--dry-run", "--dryrun"):  # the latter as `aws s3` has it
        assert portico(*arguments, option).out == "would remove portico://photos/a/1.tmp\n"
    assert keys(fake) == ["a/1.tmp", "a/2", "b.tmp"]
    assert portico(*arguments, "--quiet").out == ""
    assert keys(fake) == ["a/2", "b.tmp"]
    assert portico("objects", "rm", "portico://photos/a/2", "portico://photos/b.tmp").out.count("removed") == 2


def test_a_scheme_may_be_left_out_or_be_that_of_s3_but_for_what_removes(portico: Portico, fake: FakePlatform) -> None:
    put(portico, "a")
    for place in ("portico://photos/a", "s3://photos/a", "photos/a"):
        for command in ("stat", "cat", "tag", "ls", "du"):
            assert portico("objects", command, place).code == 0, (command, place)
    assert portico("objects", "rm", "photos/a").code == 2
    assert keys(fake) == ["a"]
    assert portico("objects", "rm", "s3://photos/a", "--only-show-errors").out == ""
    assert keys(fake) == []


def test_one_that_cannot_be_removed_does_not_keep_the_others(portico: Portico, fake: FakePlatform) -> None:
    import grpc

    put(portico, "a", "b", "c")
    locked = Fault(grpc.StatusCode.FAILED_PRECONDITION, "OBJECT_LOCKED", "it is locked")
    fake.fail("DeleteObjects", locked, locked)
    outcome = portico("objects", "rm", "-r", "portico://photos")
    assert (outcome.code, keys(fake)) == (1, ["a"])
    assert "not removed: portico://photos/a: it is locked (OBJECT_LOCKED)" in outcome.err


def test_all_versions_are_removed_only_when_that_is_confirmed(portico: Portico, fake: FakePlatform) -> None:
    put(portico, "a", "ab")
    refused = portico("objects", "rm", "portico://photos/a", "--all-versions")
    assert (refused.code, "give --yes" in refused.err, keys(fake)) == (2, True, ["a", "ab"])
    found = portico("objects", "rm", "portico://photos/a", "--all-versions", "--yes", "--output", "json").json()
    assert found == {"removed": [{"key": "a", "versionId": "null"}]}
    assert fake.requests["DeleteObjects"][-1].objects[0].version_id == "null"
    assert keys(fake) == ["ab"]
    told = portico("objects", "rm", "portico://photos/ab", "--all-versions", "--yes").out
    assert told == "removed portico://photos/ab version null\n", "each version is named"


def test_a_version_is_restored(portico: Portico, fake: FakePlatform) -> None:
    put(portico, "k")
    assert portico("objects", "versions", "portico://photos/k", "--restore", "v1").code == 0
    request = fake.requests["CopyObject"][-1]
    assert (request.source_version_id, request.source) == ("v1", request.name)
    none = portico("objects", "versions", "portico://photos/k", "--restore", "previous")
    assert (none.code, "no version before" in none.err) == (3, True)
    none = portico("objects", "versions", "portico://photos/absent", "--restore", "previous")
    assert (none.code, "there is no object portico://photos/absent" in none.err) == (3, True)
    assert portico("objects", "versions", "portico://photos", "--restore", "v1").code == 2
    assert portico("objects", "versions", "portico://photos/absent").code == 3
    assert portico("objects", "versions", "portico://photos").code == 0


@pytest.mark.parametrize("month", ["2026-13", "nov", "2026"])
def test_a_month_that_is_none_is_told(portico: Portico, fake: FakePlatform, month: str) -> None:
    outcome = portico("objects", "usage", "--month", month)
    assert (outcome.code, "must be a month as 2026-11" in outcome.err) == (2, True)


@pytest.mark.parametrize("time", ["0", "8d", "1w", "-1", "soon", "169h"])
def test_a_time_that_no_url_can_be_good_for_is_told(portico: Portico, fake: FakePlatform, time: str) -> None:
    fake.calls.clear()
    outcome = portico("objects", "presign", "portico://photos/k", "--expires-in", time)
    assert (outcome.code, "`900`, `15m`, `12h`, `7d`" in outcome.err) == (2, True)
    assert not fake.calls


def test_a_url_needs_a_door(portico: Portico, monkeypatch: pytest.MonkeyPatch) -> None:
    outcome = portico("objects", "presign", "portico://photos/k")
    assert (outcome.code, "S3_DOOR_UNKNOWN" in outcome.err) == (5, True)
    assert 's3_address = "HOST:PORT"' in outcome.err, "nothing says that there is none"
    monkeypatch.setattr("portico._oauth.s3_address", lambda profile, timeout_seconds: "")
    outcome = portico("objects", "presign", "portico://photos/k")
    assert (outcome.code, "has no S3 door: its setting `s3_listen` is empty" in outcome.err) == (5, True)
