"""`portico objects sync`: what is copied, what is left, what is removed."""

from __future__ import annotations

import os
import zlib
from pathlib import Path
from typing import Any

import grpc
import pytest

from portico_cli.remote import Remote
from portico_cli.transfers import removing
from tests.unit.cli.conftest import Portico
from tests.unit.sdk.fake_platform import ACCOUNT, FakePlatform, Fault

HOUR_NS = 3_600_000_000_000


@pytest.fixture(autouse=True)
def bucket(fake: FakePlatform, portico: Portico) -> None:
    assert portico("objects", "mb", "portico://photos").code == 0


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A folder whose files are an hour old."""
    for name in ("a.txt", "a/b.txt", "a0", "c.tmp"):
        path = tmp_path / "site" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())
        age(path, 1)
    return tmp_path / "site"


def age(path: Path, hours: float) -> None:
    """Makes a file look as if it had been changed so long ago."""
    now_ns = path.stat().st_ctime_ns
    os.utime(path, ns=(now_ns, now_ns - int(hours * HOUR_NS)))


def keys(fake: FakePlatform) -> list[str]:
    return sorted(name.partition("/objects/")[2] for name in fake.objects)


def stored(fake: FakePlatform, key: str) -> bytes:
    return fake.objects[f"{ACCOUNT}/buckets/photos/objects/{key}"][1]


def files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir())


def test_only_what_is_new_or_differs_is_copied(portico: Portico, fake: FakePlatform, site: Path) -> None:
    sync = ("objects", "sync", site, "portico://photos/web")
    assert portico(*sync).out.count("copied") == 4
    assert keys(fake) == ["web/a.txt", "web/a/b.txt", "web/a0", "web/c.tmp"]
    assert portico(*sync).out == ""
    (site / "a0").write_bytes(b"longer than before")
    (site / "a.txt").write_bytes(b"A.txt")
    age(site / "a.txt", -1)
    assert portico(*sync).out.count("copied") == 2
    assert (stored(fake, "web/a0"), stored(fake, "web/a.txt")) == (b"longer than before", b"A.txt")


def test_what_was_copied_from_a_bucket_is_the_same_as_there(
    portico: Portico, fake: FakePlatform, site: Path, tmp_path: Path
) -> None:
    portico("objects", "sync", site, "portico://photos/web")
    back = ("objects", "sync", "portico://photos/web", tmp_path / "back")
    assert portico(*back, "--dry-run").out.count("would copy") == 4
    assert portico(*back).out.count("copied portico") == 4
    assert files(tmp_path / "back") == files(site)
    assert portico(*back).out == ""
    assert portico("objects", "sync", tmp_path / "back", "portico://photos/web").out == ""


def test_times_are_compared_as_asked(portico: Portico, site: Path, tmp_path: Path) -> None:
    portico("objects", "sync", site, "portico://photos/web")
    back = ("objects", "sync", "portico://photos/web", tmp_path / "back")
    portico(*back)
    age(tmp_path / "back" / "a0", -1)
    assert portico(*back).out == ""
    assert portico(*back, "--exact-timestamps").out.count("copied") == 1
    age(tmp_path / "back" / "a0", 1)
    assert portico(*back, "--size-only").out == ""
    assert portico(*back).out.count("copied") == 1


def test_bytes_are_compared_if_asked(portico: Portico, fake: FakePlatform, site: Path) -> None:
    sync = ("objects", "sync", site, "portico://photos/web")
    portico(*sync)
    (site / "a0").write_bytes(b"0a")
    age(site / "a0", 2)
    age(site / "a.txt", -1)
    assert portico(*sync, "--dry-run").out.count("would copy") == 1
    assert portico(*sync, "--checksum").out == f"copied {site}/a0 -> portico://photos/web/a0\n"
    assert stored(fake, "web/a0") == b"0a"


@pytest.mark.parametrize(("digest", "copied"), [("crc32", 0), ("wrong", 1), ("", 1)])
def test_bytes_of_an_object_that_was_put_in_parts_are_compared_by_another_digest(
    portico: Portico, fake: FakePlatform, site: Path, digest: str, copied: int
) -> None:
    sync = ("objects", "sync", site, "portico://photos/web", "--exclude", "*", "--include", "a0")
    portico(*sync)
    item = fake.objects[f"{ACCOUNT}/buckets/photos/objects/web/a0"][0]
    item.etag = f"{item.etag}-2"
    item.checksums.Clear()
    if digest:
        item.checksums.crc32 = zlib.crc32(b"a0" if digest == "crc32" else b"a1").to_bytes(4, "big")
    age(site / "a0", -1)
    assert portico(*sync, "--checksum").out.count("copied /") == copied


def test_buckets_are_made_the_same_on_the_platform(portico: Portico, fake: FakePlatform, site: Path) -> None:
    portico("objects", "sync", site, "portico://photos/web")
    assert portico("objects", "sync", "portico://photos/web", "portico://photos/copy").out.count("copied") == 4
    assert portico("objects", "sync", "portico://photos/web", "portico://photos/copy").out == ""
    assert fake.calls["CopyObject"] == 4
    assert fake.calls["GetObject"] == 0


def test_what_the_source_does_not_have_is_removed_if_asked(
    portico: Portico, fake: FakePlatform, site: Path, tmp_path: Path
) -> None:
    sync = ("objects", "sync", site, "portico://photos/web")
    portico(*sync)
    (site / "a0").unlink()
    (site / "c.tmp").unlink()
    assert portico(*sync).out == ""
    filtered = (*sync, "--delete", "--exclude", "*.tmp")
    assert portico(*filtered, "--dry-run").out == "would remove portico://photos/web/a0\n"
    assert portico(*filtered).out == "removed portico://photos/web/a0\n"
    assert keys(fake) == ["web/a.txt", "web/a/b.txt", "web/c.tmp"]
    portico("objects", "sync", "portico://photos/web", tmp_path / "back")
    portico("objects", "rm", "portico://photos/web/a/b.txt")
    portico("objects", "sync", "portico://photos/web", tmp_path / "back", "--delete")
    assert files(tmp_path / "back") == ["a.txt", "c.tmp"]


def test_what_changes_before_it_is_removed_is_left_and_told(
    portico: Portico, fake: FakePlatform, site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sync = ("objects", "sync", site, "portico://photos/web", "--delete")
    portico(*sync)
    for name in ("a0", "c.tmp", "a/b.txt"):
        (site / name).unlink()
    remove = removing._remove_unchanged

    async def remove_late(client: Any, place: Remote, seen: Any) -> Any:
        if place.key == "web/a0":
            await client.objects.put(place.bucket, place.key, b"put meanwhile")
        if place.key == "web/c.tmp":
            await client.objects.delete(place.bucket, place.key)
        return await remove(client, place, seen)

    monkeypatch.setattr(removing, "_remove_unchanged", remove_late)
    outcome = portico(*sync)
    assert (outcome.code, outcome.out) == (1, "removed portico://photos/web/a/b.txt\n")
    assert "portico://photos/web/a0: it was put anew meanwhile" in outcome.err
    assert keys(fake) == ["web/a.txt", "web/a0"]


def test_nothing_is_removed_where_not_all_could_be_copied(portico: Portico, fake: FakePlatform, site: Path) -> None:
    portico("objects", "cp", "-", "portico://photos/web/old", given=b"x")
    fake.fail("PutObject", Fault(grpc.StatusCode.PERMISSION_DENIED, "PERMISSION_DENIED"))
    outcome = portico("objects", "sync", site, "portico://photos/web", "--delete")
    assert (outcome.code, "nothing was removed" in outcome.err) == (1, True)
    assert "web/old" in keys(fake)


def test_an_empty_source_does_not_empty_the_target(portico: Portico, fake: FakePlatform, tmp_path: Path) -> None:
    portico("objects", "cp", "-", "portico://photos/web/old", given=b"x")
    (tmp_path / "empty").mkdir()
    outcome = portico("objects", "sync", tmp_path / "empty", "portico://photos/web", "--delete")
    assert (outcome.code, "`portico objects rm -r`" in outcome.err) == (1, True)
    assert keys(fake) == ["web/old"]
    missing = portico("objects", "sync", tmp_path / "missing", "portico://photos/web", "--delete")
    assert (missing.code, keys(fake)) == (3, ["web/old"])


def test_a_prefix_with_nothing_below_it_is_not_found(portico: Portico, fake: FakePlatform, site: Path) -> None:
    before = sorted(site.rglob("*"))
    for options in ((), ("--delete",)):
        outcome = portico("objects", "sync", "portico://photos/none", site, *options)
        assert (outcome.code, outcome.out) == (3, "")
        assert "there is nothing below portico://photos/none" in outcome.err
    assert sorted(site.rglob("*")) == before
    assert portico("objects", "sync", "portico://photos", site).code == 0, "a bucket that is empty is there"


def test_a_folder_that_cannot_be_read_is_no_empty_one(
    portico: Portico, fake: FakePlatform, site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    portico("objects", "sync", site, "portico://photos/web")
    scan = os.scandir

    def refuse(path: str) -> object:
        if path.endswith("/a"):
            raise PermissionError(13, "Permission denied", path)
        return scan(path)

    monkeypatch.setattr("portico_cli.transfers.entries.os.scandir", refuse)
    outcome = portico("objects", "sync", site, "portico://photos/web", "--delete")
    assert (outcome.code, "Permission denied" in outcome.err) == (4, True)
    assert "web/a/b.txt" in keys(fake)


@pytest.mark.parametrize(
    "places", [("a", "b"), ("portico://photos/a", "portico://photos/a/"), ("portico://photos", "s3://photos/")]
)
def test_what_cannot_be_made_the_same_is_told(portico: Portico, fake: FakePlatform, places: tuple[str, str]) -> None:
    fake.calls.clear()
    assert portico("objects", "sync", *places).code == 2
    assert not fake.calls
