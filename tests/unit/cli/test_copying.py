"""`portico objects cp` and `mv` of many: what is chosen, what is left, and what is told."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path

import grpc
import pytest

from portico.objects.v1.objects_pb2 import RetentionMode
from tests.unit.cli.conftest import Portico
from tests.unit.sdk.fake_platform import ACCOUNT, FakePlatform, Fault

UNAVAILABLE = Fault(grpc.StatusCode.UNAVAILABLE, "AWAY", "it is away")


@pytest.fixture(autouse=True)
def bucket(fake: FakePlatform, portico: Portico) -> None:
    assert portico("objects", "mb", "portico://photos").code == 0


def keys(fake: FakePlatform) -> list[str]:
    return sorted(name.partition("/objects/")[2] for name in fake.objects)


def stored(fake: FakePlatform, key: str) -> bytes:
    return fake.objects[f"{ACCOUNT}/buckets/photos/objects/{key}"][1]


def put(portico: Portico, *names: str, content: bytes = b"x") -> None:
    for name in names:
        assert portico("objects", "cp", "-", f"portico://photos/{name}", "--quiet", given=content).code == 0


def tree(folder: Path, *names: str) -> Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())
    return folder


def files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir())


def test_s3_urls_are_taken_as_our_own(portico: Portico, fake: FakePlatform, tmp_path: Path) -> None:
    source = tree(tmp_path / "from", "a.txt")
    outcome = portico("objects", "cp", source / "a.txt", "s3://photos/b/")
    assert outcome.out == f"copied {source}/a.txt -> portico://photos/b/a.txt\n"
    assert portico("objects", "ls", "s3://photos/b/").out.endswith("  a.txt\n")
    assert portico("objects", "cat", "s3://photos/b/a.txt").out == "a.txt"


def test_several_files_go_into_one_folder(portico: Portico, fake: FakePlatform, tmp_path: Path) -> None:
    source = tree(tmp_path / "from", "a.txt", "b.txt")
    assert portico("objects", "cp", source / "a.txt", source / "b.txt", "portico://photos/in/").code == 0
    assert keys(fake) == ["in/a.txt", "in/b.txt"]
    refused = portico("objects", "cp", source / "a.txt", source / "b.txt", "portico://photos/in")
    assert (refused.code, "need a folder" in refused.err) == (2, True)


@pytest.mark.parametrize(
    ("options", "chosen"),
    [
        (("--exclude", "*.tmp"), ["a.txt", "deep/c.txt"]),
        (("--exclude", "*", "--include", "*.tmp"), ["b.tmp", "deep/d.tmp"]),
        (("--include", "*.tmp", "--exclude", "*"), []),
        (("--exclude", "deep/*"), ["a.txt", "b.tmp"]),
        (("--exclude=*", "--include=deep/*", "--exclude=*.tmp"), ["deep/c.txt"]),
        (("--exclude", "?.t[mx]p"), ["a.txt", "deep/c.txt", "deep/d.tmp"]),
    ],
)
def test_the_last_pattern_that_matches_decides(
    portico: Portico, fake: FakePlatform, tmp_path: Path, options: tuple[str, ...], chosen: list[str]
) -> None:
    source = tree(tmp_path / "from", "a.txt", "b.tmp", "deep/c.txt", "deep/d.tmp")
    assert portico("objects", "cp", "-r", source, "portico://photos", *options).code == 0
    assert keys(fake) == chosen
    fake.objects.clear()
    portico("objects", "cp", "-r", source, "portico://photos/all", "--quiet")
    assert portico("objects", "cp", "-r", "portico://photos/all", tmp_path / "to", *options).code in (0, 3)
    assert files(tmp_path / "to") == chosen


def test_a_dry_run_only_tells(portico: Portico, fake: FakePlatform, tmp_path: Path) -> None:
    source = tree(tmp_path / "from", "a", "b")
    outcome = portico("objects", "cp", "-r", source, "portico://photos/", "--dry-run")
    assert sorted(outcome.out.splitlines()) == [f"would copy {source}/{x} -> portico://photos/{x}" for x in "ab"]
    assert portico("objects", "cp", source / "a", "portico://photos/", "--dry-run").out.startswith("would copy ")
    assert portico("objects", "mv", "-r", source, "portico://photos/", "--dry-run", "--output", "json").json()[0][
        "dryRun"
    ]
    assert keys(fake) == []
    assert files(source) == ["a", "b"]


def test_what_is_there_is_not_replaced_if_so_wished(portico: Portico, fake: FakePlatform, tmp_path: Path) -> None:
    source = tree(tmp_path / "from", "a", "b")
    put(portico, "a", content=b"mine")
    outcome = portico("objects", "cp", "-r", source, "portico://photos/", "--if-not-exists")
    assert (outcome.code, "skipped, for it is there already" in outcome.out) == (0, True)
    assert (stored(fake, "a"), stored(fake, "b")) == (b"mine", b"b")
    assert portico("objects", "cp", source / "a", "portico://photos/a", "--if-not-exists").code == 5
    (source / "b").write_bytes(b"local")
    assert portico("objects", "cp", "-r", "portico://photos", source, "--if-not-exists").code == 0
    assert ((source / "a").read_bytes(), (source / "b").read_bytes()) == (b"a", b"local")


def test_headers_and_metadata_are_kept_and_changed_by_a_copy(
    portico: Portico, fake: FakePlatform, tmp_path: Path
) -> None:
    page = tree(tmp_path, "page.html") / "page.html"
    said = ("--cache-control", "max-age=60", "--content-language", "de", "--metadata", "by=me")
    portico("objects", "cp", page, "portico://photos/", *said)
    portico("objects", "cp", "portico://photos/page.html", "portico://photos/same")
    portico("objects", "cp", "portico://photos/page.html", "portico://photos/new", "--cache-control", "no-store")
    metadata = {key: fake.objects[f"{ACCOUNT}/buckets/photos/objects/{key}"][0].metadata for key in keys(fake)}
    assert metadata["same"] == metadata["page.html"]
    assert (metadata["new"].cache_control, metadata["new"].content_type) == ("no-store", "text/html")
    assert dict(metadata["new"].custom) == {"by": "me"}


def test_a_move_removes_what_was_moved(portico: Portico, fake: FakePlatform, tmp_path: Path) -> None:
    source = tree(tmp_path / "from", "a", "deep/b")
    assert portico("objects", "mv", "-r", source, "portico://photos/in").out.count("moved ") == 2
    assert (files(source), keys(fake)) == ([], ["in/a", "in/deep/b"])
    portico("objects", "mv", "portico://photos/in/a", "portico://photos/c")
    assert keys(fake) == ["c", "in/deep/b"]
    assert portico("objects", "mv", "-r", "portico://photos", tmp_path / "to").code == 0
    assert (files(tmp_path / "to"), keys(fake)) == (["c", "in/deep/b"], [])


def test_a_move_that_fails_removes_nothing(portico: Portico, fake: FakePlatform, tmp_path: Path) -> None:
    source = tree(tmp_path / "from", "a")
    fake.fail("PutObject", Fault(grpc.StatusCode.PERMISSION_DENIED, "PERMISSION_DENIED"))
    assert portico("objects", "mv", source / "a", "portico://photos/").code == 4
    assert files(source) == ["a"]


def test_what_was_put_meanwhile_is_not_removed_by_a_move(portico: Portico, fake: FakePlatform, tmp_path: Path) -> None:
    put(portico, "k", content=b"old")
    portico("objects", "mv", "portico://photos/k", tmp_path / "k")
    assert fake.requests["DeleteObject"][-1].conditions.if_match == ["149603e6c03516362a8da23f624db945"]


@pytest.mark.parametrize("command", ["cp", "mv"])
def test_a_place_is_not_copied_onto_itself(portico: Portico, fake: FakePlatform, command: str) -> None:
    put(portico, "k")
    for source, target in (("photos/k", "photos/k"), ("photos/k", "photos/"), ("photos/a", "photos/a/")):
        recursive = ["-r"] if source.endswith("a") else []
        outcome = portico("objects", command, *recursive, f"portico://{source}", f"portico://{target}")
        assert (outcome.code, "are the same" in outcome.err) == (2, True)
    assert keys(fake) == ["k"]


def test_a_prefix_is_moved_into_one_below_it_once(portico: Portico, fake: FakePlatform) -> None:
    put(portico, "a", "old/b")
    assert portico("objects", "mv", "-r", "portico://photos", "portico://photos/old").code == 0
    assert keys(fake) == ["old/a", "old/old/b"]


def test_a_platform_that_is_away_for_a_moment_is_tried_again(
    portico: Portico, fake: FakePlatform, tmp_path: Path
) -> None:
    source = tree(tmp_path / "from", "a", "b", "c")
    fake.fail("PutObject", *[UNAVAILABLE] * 6)
    assert portico("objects", "cp", "-r", source, "portico://photos/", "--jobs", 1).code == 0
    assert keys(fake) == ["a", "b", "c"]


def test_what_would_fail_for_all_is_given_up(portico: Portico, fake: FakePlatform, tmp_path: Path) -> None:
    source = tree(tmp_path / "from", *map(str, range(50)))
    outcome = portico("objects", "cp", "-r", source, "portico://nowhere/", "--jobs", 2)
    assert outcome.code == 3
    assert fake.calls["PutObject"] <= 3
    assert "BUCKET_NOT_FOUND" in outcome.err


def test_failures_are_json_where_answers_are(portico: Portico, fake: FakePlatform, tmp_path: Path) -> None:
    source = tree(tmp_path / "from", "a", "b")
    fake.fail("PutObject", Fault(grpc.StatusCode.PERMISSION_DENIED, "PERMISSION_DENIED"))
    outcome = portico("objects", "cp", "-r", source, "portico://photos/", "--output", "json")
    assert outcome.code == 1
    assert sorted(item.get("error", {}).get("reason", "") for item in outcome.json()) == ["", "PERMISSION_DENIED"]


def test_links_are_followed_or_left_out_as_asked(portico: Portico, fake: FakePlatform, tmp_path: Path) -> None:
    tree(tmp_path / "other", "c")
    source = tree(tmp_path / "from", "a")
    (source / "link").symlink_to("a")
    (source / "folder").symlink_to(tmp_path / "other")
    assert portico("objects", "cp", "-r", source, "portico://photos/1", "--no-follow-symlinks").code == 0
    assert keys(fake) == ["1/a"]
    assert portico("objects", "cp", "-r", source, "portico://photos/2", "--follow-symlinks").code == 0
    assert keys(fake)[1:] == ["2/a", "2/folder/c", "2/link"]
    (tmp_path / "other" / "round").symlink_to(source)
    outcome = portico("objects", "cp", "-r", source, "portico://photos/3", "--follow-symlinks")
    assert (outcome.code, "leads back" in outcome.err) == (1, True)


def test_a_link_in_the_target_does_not_lead_out_of_it(portico: Portico, tmp_path: Path) -> None:
    put(portico, "link/a", "b")
    target, other = tmp_path / "to", tmp_path / "other"
    target.mkdir()
    other.mkdir()
    (other / "b").write_bytes(b"mine")
    (target / "link").symlink_to(other)
    (target / "b").symlink_to(other / "b")
    outcome = portico("objects", "cp", "-r", "portico://photos", target)
    assert (outcome.code, outcome.err.count("leads out of")) == (1, 2)
    assert (files(other), (other / "b").read_bytes()) == (["b"], b"mine")
    assert portico("objects", "cp", "-r", "portico://photos", target, "--follow-symlinks").code == 0
    assert files(other) == ["a", "b"]


def test_keys_that_are_one_name_to_the_file_system_are_told(
    portico: Portico, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("portico_cli.transfers.targets.ignores_case", lambda folder: True)
    put(portico, "A", "a", "b")
    outcome = portico("objects", "cp", "-r", "portico://photos", tmp_path / "to")
    assert (outcome.code, "the same name as A" in outcome.err) == (1, True)
    assert files(tmp_path / "to") == ["A", "b"]


def test_a_key_and_a_folder_of_one_name_do_not_keep_the_others_away(portico: Portico, tmp_path: Path) -> None:
    put(portico, "a", "a/b", "c")
    outcome = portico("objects", "cp", "-r", "portico://photos", tmp_path / "to", "--jobs", 1)
    assert (outcome.code, outcome.err.count("not copied")) == (1, 1)
    assert files(tmp_path / "to") == ["a", "c"]


def test_a_file_is_as_old_as_the_object_it_came_from(portico: Portico, fake: FakePlatform, tmp_path: Path) -> None:
    put(portico, "k")
    portico("objects", "cp", "portico://photos/k", tmp_path / "k")
    put_at = fake.objects[f"{ACCOUNT}/buckets/photos/objects/k"][0].create_time
    assert os.stat(tmp_path / "k").st_mtime_ns == put_at.ToNanoseconds()


def test_of_a_file_that_changes_meanwhile_is_told(
    portico: Portico, fake: FakePlatform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tree(tmp_path, "a") / "a"

    def change(data: bytes) -> bytes:
        path.write_bytes(b"other")
        return data

    monkeypatch.setattr(fake, "corrupt", change)
    outcome = portico("objects", "mv", path, "portico://photos/")
    assert (outcome.code, "changed while it was copied" in outcome.err) == (1, True)
    assert path.read_bytes() == b"other"


def _stopped() -> Fault:
    return Fault(grpc.StatusCode.PERMISSION_DENIED, "PERMISSION_MISSING", "no more", after_messages=3)


def test_a_download_that_was_stopped_is_gone_on_with(
    portico: Portico, fake: FakePlatform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("portico_cli.transfers.moving.WORTH_RESUMING_BYTES", 100_000)
    content = bytes(range(256)) * 2_000
    put(portico, "big", content=content)
    resume = ("objects", "cp", "portico://photos/big", tmp_path / "to" / "big", "--resume")
    fake.fail("GetObject", _stopped())
    assert portico(*resume).code == 4
    assert [path.stat().st_size for path in (tmp_path / "to").iterdir()] == [3 * 65_536]
    assert portico(*resume).code == 0
    assert fake.requests["GetObject"][-1].offset_bytes == 3 * 65_536
    assert (files(tmp_path / "to"), (tmp_path / "to" / "big").read_bytes()) == (["big"], content)
    (tmp_path / "new").touch()
    assert (tmp_path / "to" / "big").stat().st_mode == (tmp_path / "new").stat().st_mode


def test_what_came_of_another_version_is_not_gone_on_with(
    portico: Portico, fake: FakePlatform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("portico_cli.transfers.moving.WORTH_RESUMING_BYTES", 100_000)
    put(portico, "big", content=b"a" * 300_000)
    resume = ("objects", "cp", "-r", "portico://photos", tmp_path / "to", "--resume")
    fake.fail("GetObject", _stopped())
    assert portico(*resume).code == 4
    put(portico, "big", content=b"b" * 300_000)
    assert portico(*resume).code == 0
    assert (files(tmp_path / "to"), (tmp_path / "to" / "big").read_bytes()) == (["big"], b"b" * 300_000)


def test_what_was_kept_and_is_not_what_it_was_is_thrown_away(
    portico: Portico, fake: FakePlatform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("portico_cli.transfers.moving.WORTH_RESUMING_BYTES", 100_000)
    put(portico, "big", content=b"a" * 300_000)
    resume = ("objects", "cp", "portico://photos/big", tmp_path / "to" / "big", "--resume")
    fake.fail("GetObject", _stopped())
    portico(*resume)
    next((tmp_path / "to").iterdir()).write_bytes(b"x" * 1_000)
    outcome = portico(*resume)
    assert (outcome.code, "CHECKSUM_MISMATCH" in outcome.err, files(tmp_path / "to")) == (1, True, [])
    assert portico(*resume).code == 0


def test_nothing_is_gone_on_with_of_what_the_platform_has_lost(
    portico: Portico, fake: FakePlatform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It compares bytes where all of them, or of a part, are asked for: the rest alone it would give."""
    monkeypatch.setattr("portico_cli.transfers.moving.WORTH_RESUMING_BYTES", 100_000)
    put(portico, "big", content=b"a" * 300_000)
    resume = ("objects", "cp", "portico://photos/big", tmp_path / "to" / "big", "--resume")
    for _ in range(2):
        fake.fail("GetObject", Fault(grpc.StatusCode.DATA_LOSS, "OBJECT_DAMAGED", "it broke", after_messages=3))
        assert portico(*resume).code == 1
        assert files(tmp_path / "to") == []
        assert fake.requests["GetObject"][-1].offset_bytes == 0


def test_what_is_stored_is_tagged_and_locked(portico: Portico, fake: FakePlatform, tmp_path: Path) -> None:
    (tmp_path / "one").write_bytes(b"1")
    marks = ("--tag", "kind=home", "--tag", "year=2026", "--lock", "governance:2100-01-31", "--legal-hold")
    portico("objects", "cp", tmp_path / "one", "portico://photos/one", *marks)
    portico("objects", "cp", "-", "portico://photos/two", *marks, given=b"2")
    portico("objects", "cp", "portico://photos/one", "portico://photos/three", *marks)
    copied = fake.requests["CopyObject"][-1]
    assert copied.replace_tags
    for stored in (*(messages[0] for messages in fake.requests["PutObject"]), copied):
        assert dict(stored.tags) == {"kind": "home", "year": "2026"}
        assert RetentionMode.Name(stored.retention.mode) == "RETENTION_MODE_GOVERNANCE"
        assert stored.retention.retain_until_time.ToDatetime() == datetime(2100, 1, 31)
        assert stored.legal_hold


def test_without_tags_a_copy_has_those_of_its_source(portico: Portico, fake: FakePlatform) -> None:
    portico("objects", "cp", "-", "portico://photos/two", given=b"2")
    portico("objects", "cp", "portico://photos/two", "portico://photos/three")
    assert not fake.requests["CopyObject"][-1].replace_tags


@pytest.mark.parametrize(
    ("option", "told"),
    [
        ("--tag=kind", "KEY=VALUE"),
        ("--lock=30d", "governance:30d"),
        ("--tag=a=1", "a is given twice"),
        ("--metadata=a=1", "a is given twice"),
    ],
)
def test_what_is_no_tag_or_lock_is_refused(portico: Portico, option: str, told: str) -> None:
    before = ("--tag=a=2", "--metadata=a=2") if "twice" in told else ()
    outcome = portico("objects", "cp", "-", "portico://photos/two", *before, option, given=b"2")
    assert (outcome.code, told in outcome.err) == (2, True)
