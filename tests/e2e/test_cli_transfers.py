"""`portico objects` of many, through a running gateway: there and back, in sync, by versions."""

from __future__ import annotations

import re
import secrets
import ssl
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from tests.harness import RunningPlatform
from tests.unit.cli.conftest import Portico, portico
from tests.unit.cli.test_examples import examples, words_of

__all__ = ["portico"]

FILES = {
    "a.txt": b"a",
    "a/b.txt": b"b" * 70_000,
    "a/deep/c d.txt": b"c",
    "a0": b"",
    "ü/größe.bin": bytes(range(256)) * 9_000,
    "z.tmp": b"z",
}


@pytest.fixture(autouse=True)
def profile(platform: RunningPlatform, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PORTICO_PROFILE", "PORTICO_ADDRESS", "PORTICO_ACCOUNT", "PORTICO_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PORTICO_PROFILE_DIR", str(platform.profile))


@pytest.fixture
def bucket(portico: Portico) -> str:
    name = f"cli-{secrets.token_hex(4)}"
    assert portico("objects", "mb", name).code == 0
    return name


@pytest.fixture
def site(tmp_path: Path) -> Path:
    for name, content in FILES.items():
        path = tmp_path / "site" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return tmp_path / "site"


def found(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def keys(portico: Portico, place: str) -> list[str]:
    listed = portico("objects", "ls", "-r", place, "--output", "json").json()
    return [item["name"].partition("/objects/")[2] for item in listed["objects"]]


def test_a_tree_goes_there_and_back_and_stays_in_sync(
    portico: Portico, bucket: str, site: Path, tmp_path: Path
) -> None:
    place, back = f"portico://{bucket}/web", tmp_path / "back"
    assert portico("objects", "cp", "-r", site, place).out.count("copied ") == len(FILES)
    assert portico("objects", "sync", site, place).out == ""
    assert portico("objects", "sync", place, back).out.count("copied ") == len(FILES)
    assert found(back) == FILES
    assert portico("objects", "sync", place, back).out == ""
    assert portico("objects", "sync", place, f"portico://{bucket}/copy", "--exclude", "*.tmp").code == 0
    assert keys(portico, f"portico://{bucket}/copy/") == [f"copy/{name}" for name in FILES if name != "z.tmp"]
    (back / "a0").unlink()
    (back / "a.txt").write_bytes(b"changed")
    outcome = portico("objects", "sync", back, place, "--delete", "--checksum")
    assert sorted(outcome.out.splitlines()) == [
        f"copied {back}/a.txt -> {place}/a.txt",
        f"removed {place}/a0",
    ]
    summed = portico("objects", "du", f"{place}/", "--depth", 1, "--output", "json").json()
    assert [(item["prefix"], item["objects"]) for item in summed] == [("web/a/", 2), ("web/ü/", 1), ("web/", 5)]


def test_moves_leave_nothing_behind(portico: Portico, bucket: str, site: Path, tmp_path: Path) -> None:
    assert portico("objects", "mv", "-r", site, f"portico://{bucket}/in").code == 0
    assert found(site) == {}
    assert portico("objects", "mv", "-r", f"portico://{bucket}/in", f"portico://{bucket}/in/deeper").code == 0
    assert portico("objects", "mv", "-r", f"portico://{bucket}", tmp_path / "out").code == 0
    assert found(tmp_path / "out") == {f"in/deeper/{name}": content for name, content in FILES.items()}
    assert keys(portico, f"portico://{bucket}") == []


def test_what_is_there_is_kept_if_so_wished(portico: Portico, bucket: str, site: Path) -> None:
    place = f"portico://{bucket}/k"
    assert portico("objects", "cp", "-", place, "--if-not-exists", given=b"first").code == 0
    assert portico("objects", "cp", "-", place, "--if-not-exists", given=b"second").code == 5
    assert portico("objects", "cp", site / "a.txt", place, "--if-not-exists").code == 5
    assert portico("objects", "cp", f"portico://{bucket}/k", place + "2", "--if-not-exists").code == 0
    assert portico("objects", "cat", place, "--range", "1-2").out == "ir"


def test_versions_are_restored_and_removed_for_good(portico: Portico, bucket: str) -> None:
    place = f"portico://{bucket}/k"
    portico("objects", "versioning", bucket, "on")
    for content in (b"one", b"two"):
        portico("objects", "cp", "-", place, "--content-type", "text/x", given=content)
    portico("objects", "rm", place)
    assert portico("objects", "versions", place, "--restore", "previous").code == 0
    assert portico("objects", "cat", place).out == "two"
    assert "text/x" in portico("objects", "stat", place).out
    listed = portico("objects", "ls", f"portico://{bucket}", "--versions").out.splitlines()
    assert len(listed) == 4
    assert (listed[0].split()[-2:], "deleted" in listed[1]) == (["latest", "k"], True)
    removed = portico("objects", "rm", place, "--all-versions", "--yes").out.splitlines()
    assert len({line.removeprefix(f"removed {place} version ") for line in removed}) == 4
    assert portico("objects", "rb", bucket).code == 0


def test_a_presigned_url_does_one_thing_to_one_object_for_whoever_has_it(
    platform: RunningPlatform, portico: Portico, bucket: str
) -> None:
    trusted = ssl.create_default_context(cafile=str(platform.profile / "ca.pem"))

    def answer(url: str, *, method: str = "GET", body: bytes | None = None, **headers: str) -> tuple[int, bytes, str]:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        asked = urllib.request.Request(url, data=body, method=method, headers=named)
        try:
            with urllib.request.urlopen(asked, context=trusted, timeout=30) as found:
                return found.status, found.read(), found.headers.get("content-disposition", "")
        except urllib.error.HTTPError as refused:
            return refused.code, b"", ""

    def url(key: str, *options: str) -> str:
        return portico("objects", "presign", f"portico://{bucket}/{key}", *options).out.strip()

    put = url("a/ü b+c", "--method", "PUT", "--content-type", "text/x", "--expires-in", "15m")
    assert answer(put, method="PUT", body=b"hello", content_type="text/y")[0] == 403
    assert answer(put, method="PUT", body=b"hello", content_type="text/x")[0] == 200
    get = url("a/ü b+c", "--save-as", "größe.txt", "--expires-in", "7d")
    assert answer(get) == (200, b"hello", "attachment; filename*=UTF-8''gr%C3%B6%C3%9Fe.txt")
    assert answer(get, method="DELETE")[0] == 403
    assert answer(get.replace("%20b", "%20d"))[0] == 403
    assert portico("objects", "cat", f"portico://{bucket}/a/ü b+c").out == "hello"


def test_the_examples_about_tags_locks_urls_uploads_and_usage_do_what_they_show(portico: Portico) -> None:
    for _, line in examples(here=False):
        bucket = f"cli-{secrets.token_hex(4)}"
        assert portico("objects", "mb", bucket, "--object-lock").code == 0
        for key in ("cat.jpg", "home.tar"):
            assert portico("objects", "cp", "-", f"portico://{bucket}/{key}", given=b"x").code == 0
        outcome = portico(*words_of(re.sub(r"portico://[a-z]+", f"portico://{bucket}", line)))
        assert outcome.code == 0, (line, outcome.err)
