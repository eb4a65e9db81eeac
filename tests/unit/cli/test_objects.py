"""`portico objects`: buckets and objects by URL."""

from __future__ import annotations

import json
import os
from pathlib import Path

import grpc
import pytest

from portico import connect
from tests.unit.cli.conftest import Portico
from tests.unit.sdk.fake_platform import ACCOUNT, FakePlatform, Fault


@pytest.fixture(autouse=True)
def bucket(fake: FakePlatform, portico: Portico) -> None:
    assert portico("objects", "mb", "portico://photos").code == 0


def keys(fake: FakePlatform) -> list[str]:
    return sorted(name.partition("/objects/")[2] for name in fake.objects)


def tree(folder: Path, **files: bytes) -> Path:
    for name, content in files.items():
        path = folder / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def test_a_bucket_is_made_listed_and_removed(portico: Portico) -> None:
    assert (
        portico("objects", "mb", "more", "--versioning", "--output", "json").json()["versioning"]
        == "VERSIONING_ENABLED"
    )
    assert portico("objects", "ls").out.split()[-1] == "photos"
    assert portico("objects", "rb", "portico://more").out == "removed portico://more/\n"
    assert "more" not in portico("objects", "ls").out


def test_a_bucket_that_is_there_is_a_conflict(portico: Portico) -> None:
    outcome = portico("objects", "mb", "portico://photos")
    assert outcome.code == 5
    assert "choose another id (BUCKET_ALREADY_EXISTS)" in outcome.err
    assert "portico trace" in outcome.err


def test_a_file_is_copied_there_and_back(portico: Portico, fake: FakePlatform, tmp_path: Path) -> None:
    source = tree(tmp_path / "from", **{"cat.jpg": b"meow" * 1000}) / "cat.jpg"
    outcome = portico("objects", "cp", source, "portico://photos/2026/", "--metadata", "by=me", "--metadata", "of=cat")
    assert outcome.out == f"copied {source} -> portico://photos/2026/cat.jpg\n"
    stored = fake.objects[f"{ACCOUNT}/buckets/photos/objects/2026/cat.jpg"][0]
    assert (stored.metadata.content_type, dict(stored.metadata.custom)) == ("image/jpeg", {"by": "me", "of": "cat"})
    (tmp_path / "to").mkdir()
    portico("objects", "cp", "portico://photos/2026/cat.jpg", tmp_path / "to")
    assert (tmp_path / "to" / "cat.jpg").read_bytes() == source.read_bytes()
    portico("objects", "cp", "portico://photos/2026/cat.jpg", tmp_path / "to" / "copy", "--quiet")
    assert (tmp_path / "to" / "copy").read_bytes() == source.read_bytes()


def test_standard_input_and_output_carry_bytes(portico: Portico) -> None:
    content = bytes(range(256)) * 10
    portico("objects", "cp", "-", "portico://photos/k", given=content)
    assert portico("objects", "cp", "portico://photos/k", "-").out.encode(errors="surrogateescape") == content
    assert portico("objects", "cat", "portico://photos/k").out.encode(errors="surrogateescape") == content


def test_what_goes_to_standard_output_by_its_name_is_the_bytes_alone(portico: Portico, tmp_path: Path) -> None:
    portico("objects", "cp", "-", "portico://photos/k", given=b"meow\n")
    outcome = portico("objects", "cp", "portico://photos/k", "/proc/self/fd/1")
    assert outcome.out == "meow\n"
    assert outcome.err.startswith("copied ")


def test_an_object_is_copied_on_the_platform(portico: Portico, fake: FakePlatform) -> None:
    portico("objects", "cp", "-", "portico://photos/a", given=b"x")
    portico("objects", "cp", "portico://photos/a", "portico://photos/b/")
    assert keys(fake) == ["a", "b/a"]
    assert fake.calls["CopyObject"] == 1


def test_a_folder_is_copied_there_and_back(portico: Portico, fake: FakePlatform, tmp_path: Path) -> None:
    source = tree(tmp_path / "site", **{"index.html": b"i", "css__a.css": b"a", "css__deep__b.css": b"b", "empty": b""})
    outcome = portico("objects", "cp", "-r", source, "portico://photos/web")
    assert outcome.code == 0
    assert keys(fake) == ["web/css/a.css", "web/css/deep/b.css", "web/empty", "web/index.html"]
    assert portico("objects", "cp", "-r", "portico://photos/web/", tmp_path / "back").code == 0
    found = {
        path.relative_to(tmp_path / "back").as_posix(): path.read_bytes() for path in (tmp_path / "back").rglob("*.*")
    }
    assert found == {"index.html": b"i", "css/a.css": b"a", "css/deep/b.css": b"b"}
    assert portico("objects", "cp", "-r", "portico://photos/web", "portico://photos/copy").code == 0
    assert "copy/css/deep/b.css" in keys(fake)


@pytest.mark.parametrize("key", ["web/../../evil", "web//etc/passwd", "web/a/./b"])
def test_a_key_cannot_lead_out_of_the_target_folder(
    portico: Portico, fake: FakePlatform, tmp_path: Path, key: str
) -> None:
    portico("objects", "cp", "-", f"portico://photos/{key}", given=b"evil")
    assert key in keys(fake)
    outcome = portico("objects", "cp", "-r", "portico://photos/web", tmp_path / "in" / "target")
    assert outcome.code != 0
    assert "is no path below" in outcome.err
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and path.read_bytes() == b"evil"]


def test_of_a_folder_all_is_copied_that_can_be(portico: Portico, fake: FakePlatform, tmp_path: Path) -> None:
    source = tree(tmp_path / "site", a=b"1", b=b"2", c=b"3")
    fake.fail("PutObject", Fault(grpc.StatusCode.PERMISSION_DENIED, "PERMISSION_DENIED"))
    outcome = portico("objects", "cp", "-r", source, "portico://photos/")
    assert outcome.code == 1
    assert len(keys(fake)) == 2
    assert outcome.err.count("not copied") == 1
    assert "portico: 1 of 3 failed\n" in outcome.err


def test_objects_are_listed_by_folder_or_all(portico: Portico) -> None:
    for key in ("2025/a", "2026/b", "top"):
        portico("objects", "cp", "-", f"portico://photos/{key}", given=b"12345")
    lines = portico("objects", "ls", "portico://photos").out.splitlines()
    assert [line.split()[-1] for line in lines] == ["2025/", "2026/", "top"]
    assert lines[-1].split()[-2] == "5"
    assert [line.split()[-1] for line in portico("objects", "ls", "portico://photos/2026/").out.splitlines()] == ["b"]
    everything = portico("objects", "ls", "-r", "portico://photos", "--output", "json").json()
    assert [item["name"].partition("/objects/")[2] for item in everything["objects"]] == ["2025/a", "2026/b", "top"]


def test_objects_are_removed_one_or_all_below_a_prefix(portico: Portico, fake: FakePlatform) -> None:
    for key in ("a/1", "a/2", "b"):
        portico("objects", "cp", "-", f"portico://photos/{key}", given=b"x")
    assert portico("objects", "rm", "portico://photos/b").out == "removed portico://photos/b\n"
    assert portico("objects", "rm", "-r", "portico://photos/a/").out.count("removed") == 2
    assert keys(fake) == []


def test_a_whole_bucket_is_not_emptied_by_mistake(portico: Portico, fake: FakePlatform) -> None:
    portico("objects", "cp", "-", "portico://photos/k", given=b"x")
    assert portico("objects", "rm", "portico://photos").code == 2
    assert keys(fake) == ["k"]


def test_an_object_and_a_bucket_are_shown(portico: Portico) -> None:
    portico("objects", "cp", "-", "portico://photos/k", "--content-type", "text/x", "--metadata", "a=b", given=b"12345")
    shown = portico("objects", "stat", "portico://photos/k").out
    for text in ("5 bytes", "text/x", "metadata a", "827ccb0eea8a706c4c34a16891f84e7b"):
        assert text in shown
    assert portico("objects", "stat", "portico://photos/k", "--output", "json").json()["sizeBytes"] == "5"
    assert "disabled" in portico("objects", "stat", "portico://photos").out


def test_all_that_is_known_of_an_object_is_shown(portico: Portico, fake: FakePlatform) -> None:
    portico("objects", "cp", "-", "portico://photos/k", given=b"12345")
    item = fake.objects[f"{ACCOUNT}/buckets/photos/objects/k"][0]
    item.MergeFrom(
        type(item)(
            parts_count=3,
            checksums={"crc32": b"abcd", "type": "CHECKSUM_TYPE_COMPOSITE"},
            tags={"team": "web"},
            retention={"mode": "RETENTION_MODE_GOVERNANCE", "retain_until_time": {"seconds": 1_893_456_000}},
            legal_hold=True,
            expire_rule_id="old",
        )
    )
    lines = portico("objects", "stat", "portico://photos/k").out.splitlines()
    shown = {name: value.strip() for name, _, value in (line.partition("  ") for line in lines)}
    assert (shown["crc32"], shown["digests of"], shown["parts"]) == ("61626364", "the parts' digests", "3")
    assert (shown["tag team"], shown["legal hold"], shown["expires by"]) == ("web", "on", "old")
    assert shown["retention"].startswith("governance until 20")


def test_versions_are_listed_and_kept(portico: Portico, fake: FakePlatform) -> None:
    portico("objects", "cp", "-", "portico://photos/k", given=b"12345")
    assert portico("objects", "versions", "portico://photos").out.splitlines()[1].split()[-4:] == [
        "5",
        "null",
        "latest",
        "k",
    ]
    assert portico("objects", "versioning", "photos", "on").code == 0
    assert fake.buckets[f"{ACCOUNT}/buckets/photos"].versioning == 2


def test_what_is_not_there_is_not_found(portico: Portico) -> None:
    outcome = portico("objects", "cat", "portico://photos/nothing")
    assert outcome.code == 3
    assert outcome.err.splitlines()[0] == "portico: there is no object nothing (OBJECT_NOT_FOUND)"
    assert len(outcome.err.splitlines()) == 2


@pytest.mark.parametrize(
    "arguments",
    [
        ("cp", "a", "b"),
        ("cp", "-", "portico://photos"),
        ("cp", "-", "b"),
        ("cp", "portico://photos/", "-"),
        ("cp", "portico://photos", "."),
        ("cp", ".", "portico://photos/"),
        ("cp", "x", "portico://photos/", "--metadata", "novalue"),
        ("cat", "portico://photos"),
        ("cat", "/photos/k"),
        ("rm", "photos/k"),
        ("ls", "gs://photos"),
        ("mb", "portico://photos/key"),
        ("rm", "-r", "--version", "v", "portico://photos/a"),
        ("versioning", "photos", "off"),
        ("nothing",),
    ],
)
def test_wrong_usage_is_told_before_anything_is_done(
    portico: Portico, fake: FakePlatform, arguments: tuple[str, ...]
) -> None:
    fake.calls.clear()
    outcome = portico("objects", *arguments)
    assert outcome.code == 2
    assert outcome.err.startswith("Usage:")
    assert not fake.calls


@pytest.mark.parametrize(
    "command",
    [
        ("cp", "MISSING", "portico://photos/"),
        ("cp", "-r", "MISSING", "portico://photos/"),
        ("cp", "MISSING", "other", "portico://photos/in/"),
        ("mv", "MISSING", "portico://photos/k"),
        ("sync", "MISSING", "portico://photos/"),
        ("lifecycle", "set", "photos", "MISSING"),
        ("cors", "set", "photos", "MISSING"),
    ],
)
def test_a_missing_file_is_told_in_one_line(portico: Portico, tmp_path: Path, command: tuple[str, ...]) -> None:
    missing = str(tmp_path / "missing")
    outcome = portico("objects", *(missing if word == "MISSING" else word for word in command))
    assert (outcome.code, outcome.err) == (3, f"portico: {missing}: No such file or directory\n")


def test_what_this_machine_does_not_allow_is_told_as_what_the_platform_does_not(
    portico: Portico, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, shut = Path.read_bytes, tmp_path / "shut.txt"

    def refuse(path: Path) -> bytes:
        if path == shut:
            raise PermissionError(13, "Permission denied", str(path))
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", refuse)
    shut.write_text("x")
    outcome = portico("objects", "cp", shut, "portico://photos/")
    assert (outcome.code, outcome.err) == (4, f"portico: {shut}: Permission denied\n")


ODD_KEYS = {
    "\x1b[31mred\x07": r"$'\x1b[31mred\x07'",
    "one\nremoved other": r"$'one\nremoved other'",
    "\u202eback\x9b": r"$'\u202eback\u009b'",
    "it's\t\\": r"$'it\'s\t\\'",
    "ü it's \\ fine": "ü it's \\ fine",
}


@pytest.mark.parametrize("key", ODD_KEYS)
def test_a_key_is_shown_as_what_it_is_and_does_nothing_to_the_terminal(
    portico: Portico, fake: FakePlatform, tmp_path: Path, key: str
) -> None:
    told = ODD_KEYS[key]
    in_url = told.replace("$'", "$'portico://photos/") if told != key else f"portico://photos/{key}"
    assert portico("objects", "cp", "-", f"portico://photos/{key}").out == f"copied standard input -> {in_url}\n"
    assert keys(fake) == [key]
    assert portico("objects", "ls", "portico://photos").out.endswith(f"0  {told}\n")
    assert portico("objects", "ls", "-r", "portico://photos").out.endswith(f"0  {told}\n")
    assert portico("objects", "versions", "portico://photos").out.endswith(f"  {told}\n")
    assert f"key      {told}\n" in portico("objects", "stat", f"portico://photos/{key}").out
    copied = portico("objects", "cp", "-r", "portico://photos", tmp_path / "all", "--output", "json")
    assert [item["source"] for item in copied.json()] == [f"portico://photos/{key}"]
    assert portico("objects", "ls", "-r", "portico://photos", "--output", "json").json()["objects"][0]["name"] == (
        f"{ACCOUNT}/buckets/photos/objects/{key}"
    )
    assert portico("objects", "rm", "-r", "portico://photos").out == f"removed {in_url}\n"
    missing = portico("objects", "stat", f"portico://photos/{key}").err.splitlines()
    assert len(missing) == 2
    assert "\x1b" not in missing[0]


def test_what_is_not_utf_8_is_told_as_such(portico: Portico, fake: FakePlatform, tmp_path: Path) -> None:
    outcome = portico("objects", "cp", "-", "portico://photos/bad\udcff")
    assert (outcome.code, "is not UTF-8" in outcome.err) == (2, True)
    assert r"bad\xff" in outcome.err
    outcome = portico("objects", "cp", "-", "portico://photos/k", "--content-type", "bad\udcff")
    assert (outcome.code, outcome.err) == (1, "portico: bad\\xff is not UTF-8, which all text in requests is\n")
    source = tree(tmp_path / "site", good=b"1")
    (source / "bad\udcff").write_bytes(b"2")
    outcome = portico("objects", "cp", "-r", source, "portico://photos/")
    assert outcome.code == 1
    assert outcome.err == f"portico: not copied: $'{source}/bad\\xff': its name is not UTF-8, which keys are\n" + (
        "portico: 1 of 2 failed\n"
    )
    assert keys(fake) == ["good"]
    outcome = portico("objects", "cp", "-r", source, "portico://photos/", "--output", "json")
    (told,) = [one for one in outcome.json() if "error" in one]
    assert told["source"] == f"{source}/bad\ufffd"


def test_what_is_no_file_is_left_out_and_told_and_the_rest_is_copied(
    portico: Portico, fake: FakePlatform, tmp_path: Path
) -> None:
    source = tree(tmp_path / "site", a=b"1", z=b"2")
    (source / "dangling").symlink_to("nowhere")
    (source / "folder").symlink_to(tmp_path)
    (source / "link").symlink_to("a")
    os.mkfifo(source / "pipe")
    outcome = portico("objects", "cp", "-r", source, "portico://photos/")
    assert outcome.code == 1
    assert outcome.err.splitlines() == [
        f"portico: not copied: {source}/dangling: a link to what is not there",
        f"portico: not copied: {source}/folder: a link to a folder: --follow-symlinks takes what it holds",
        f"portico: not copied: {source}/pipe: no regular file",
        "portico: 3 of 6 failed",
    ]
    assert keys(fake) == ["a", "link", "z"]


def test_a_key_that_is_no_path_is_left_out_and_told_and_the_rest_is_copied(portico: Portico, tmp_path: Path) -> None:
    for key in (".", "../x", "a", "z"):
        portico("objects", "cp", "-", f"portico://photos/{key}", given=b"x")
    outcome = portico("objects", "cp", "-r", "portico://photos", tmp_path / "all")
    assert outcome.code == 1
    assert outcome.err.count("portico: not copied: portico://photos/.") == 2
    assert sorted(path.name for path in (tmp_path / "all").iterdir()) == ["a", "z"]


def test_nothing_to_copy_is_told(portico: Portico, tmp_path: Path) -> None:
    outcome = portico("objects", "cp", "-r", "portico://photos/nonesuch/", tmp_path / "all")
    assert (outcome.code, outcome.err) == (3, "portico: there is nothing below portico://photos/nonesuch/\n")
    (tmp_path / "empty").mkdir()
    outcome = portico("objects", "cp", "-r", tmp_path / "empty", "portico://photos/")
    assert (outcome.code, "nothing below" in outcome.err) == (0, True)


def test_a_target_that_ends_in_a_slash_is_a_folder(portico: Portico, tmp_path: Path) -> None:
    portico("objects", "cp", "-", "portico://photos/fox.txt", given=b"x")
    assert portico("objects", "cp", "portico://photos/fox.txt", f"{tmp_path}/new/").code == 0
    assert (tmp_path / "new" / "fox.txt").read_bytes() == b"x"
    (tmp_path / "file").write_bytes(b"mine")
    outcome = portico("objects", "cp", "portico://photos/fox.txt", f"{tmp_path}/file/")
    assert (outcome.code, (tmp_path / "file").read_bytes()) == (1, b"mine")


def test_a_key_that_leads_out_of_a_folder_is_not_copied_into_one(portico: Portico, tmp_path: Path) -> None:
    portico("objects", "cp", "-", "portico://photos/a/..", given=b"x")
    outcome = portico("objects", "cp", "portico://photos/a/..", tmp_path)
    assert (outcome.code, "is no path below" in outcome.err) == (1, True)


def test_what_standard_input_became_is_told(portico: Portico) -> None:
    arguments = ("objects", "cp", "-", "portico://photos/k")
    assert portico(*arguments, given=b"12345").out == "copied standard input -> portico://photos/k\n"
    assert portico(*arguments, "--output", "json", given=b"12345").json()["sizeBytes"] == "5"
    assert portico(*arguments, "--quiet", given=b"12345").out == ""


def test_only_what_was_there_is_said_to_be_removed(portico: Portico) -> None:
    outcome = portico("objects", "rm", "portico://photos/nothing")
    assert (outcome.code, outcome.out) == (0, "")
    assert outcome.err == "there was nothing to remove: portico://photos/nothing\n"
    assert portico("objects", "rm", "portico://photos/nothing", "--output", "json").json() == {"removed": []}
    assert "nothing to remove" in portico("objects", "rm", "-r", "portico://photos/none/").err
    portico("objects", "cp", "-", "portico://photos/k", given=b"x")
    outcome = portico("objects", "rm", "portico://photos/k", "portico://photos/nothing")
    assert (outcome.code, outcome.out) == (0, "removed portico://photos/k\n")
    assert outcome.err == "nothing was there: portico://photos/nothing\n"


@pytest.mark.parametrize("name", ["NO", "ab", "-a-", "192.168.0.1", "a..b", "a.-b", "x" * 64])
def test_the_rule_for_a_buckets_id_is_told_in_words(portico: Portico, fake: FakePlatform, name: str) -> None:
    fake.calls.clear()
    outcome = portico("objects", "mb", f"portico://{name}")
    assert (outcome.code, "3 to 63 lower-case letters" in outcome.err, "^" in outcome.err) == (2, True, False)
    assert not fake.calls


def test_the_rule_for_keys_of_metadata_is_told_in_words(portico: Portico, fake: FakePlatform) -> None:
    outcome = portico("objects", "cp", "-", "portico://photos/k", "--metadata", "K=v")
    assert (outcome.code, "lower-case letters" in outcome.err) == (2, True)
    assert keys(fake) == []


def test_no_bucket_that_may_be_seen_is_told_as_such(portico: Portico, fake: FakePlatform) -> None:
    fake.buckets.clear()
    assert "no buckets that you may see" in portico("objects", "ls").err


def test_scrub_tells_what_is_damaged_and_fails_then(portico: Portico, fake: FakePlatform) -> None:
    with connect() as client:
        client.buckets.create("attic")
        client.objects.put("attic", "whole", b"bytes")
        outcome = portico("objects", "scrub", "attic")
        assert (outcome.code, outcome.out) == (0, "1 versions, 0 B read, 0 damaged\n")
        client.objects.put("attic", "damaged", b"bytes")
    outcome = portico("objects", "scrub", "portico://attic")
    assert outcome.code == 1
    assert [line.split() for line in outcome.out.splitlines()][1] == ["damaged", "null", "length", "it", "was", "cut"]
    outcome = portico("objects", "scrub", "attic", "--output", "json")
    assert outcome.code == 1
    (found,) = outcome.json()["damagedVersions"]
    assert found["damage"] == "DAMAGE_LENGTH"
    assert portico("objects", "scrub", "absent").code == 3


@pytest.mark.parametrize("command", ["scrub", "relocate"])
def test_work_that_a_store_ended_says_what_to_do_about_the_store(
    portico: Portico, fake: FakePlatform, command: str
) -> None:
    with connect() as client:
        client.buckets.create("attic")
        client.objects.put("attic", "away", b"bytes")
    outcome = portico("objects", command, "attic")
    assert outcome.code == 6
    assert "the store archive cannot be reached (STORE_UNREACHABLE)" in outcome.err
    assert ("portico stores check" in outcome.err, "does it run?" in outcome.err) == (True, False)
    error = json.loads(portico("objects", command, "attic", "--output", "json").err)["error"]
    assert error["metadata"] == {"store": "archive", "operation": f"operations/objects/{'23'[command == 'relocate']}"}


def test_relocate_tells_what_was_moved_and_may_say_where_to(portico: Portico, fake: FakePlatform) -> None:
    with connect() as client:
        client.buckets.create("attic")
        client.objects.put("attic", "key", b"bytes")
    outcome = portico("objects", "relocate", "portico://attic")
    assert (outcome.code, outcome.out) == (0, "1 versions, 1 moved (1.0 KiB)\n")
    moved = portico("objects", "relocate", "attic", "--location", "weur", "--output", "json")
    assert "the bytes go to the store local" in moved.err
    assert moved.json()["progress"] == {
        "versions": "1",
        "movedVersions": "1",
        "movedBytes": "1024",
    }
    with connect() as client:
        assert client.buckets.get("attic").location_hint == "weur"
        assert client.buckets.relocate("attic", location_hint="").progress.moved_versions == 1
        assert client.buckets.get("attic").location_hint == ""
    assert portico("objects", "relocate", "absent").code == 3


def test_a_bucket_is_made_where_its_bytes_should_and_must_be(portico: Portico, fake: FakePlatform) -> None:
    outcome = portico("objects", "mb", "attic", "--location", "weur", "--jurisdiction", "eu")
    assert outcome.code == 0
    assert "no store is in weur, which is a hint: the bytes go to the store local, which is in enam" in outcome.err
    assert portico("objects", "mb", "cellar", "--location", "enam").err == ""
    with connect() as client:
        made = client.buckets.get("attic")
    assert (made.location_hint, made.jurisdiction) == ("weur", "eu")
