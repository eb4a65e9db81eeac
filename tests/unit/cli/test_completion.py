"""Completion at a prompt: commands, files, and the platform's buckets and keys."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import grpc
import pytest

import portico
from portico_cli import completing
from tests.unit.cli.conftest import Portico
from tests.unit.cli.conftest import portico as run
from tests.unit.sdk.fake_platform import FakePlatform, Fault

__all__ = ["run"]


@pytest.fixture
def stored(fake: FakePlatform) -> FakePlatform:
    """A platform with two buckets and some objects."""
    with portico.connect() as client:
        for bucket in ("photos", "papers"):
            client.buckets.create(bucket)
        for key in ("2026/cat.jpg", "2026/dog.jpg", "a b", "read\nme", "readme"):
            client.objects.put("photos", key, b"x")
    return fake


def program_in(folder: Path) -> Path:
    """A `portico` to be found there."""
    program = folder / "portico"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -P -m portico_cli.main "$@"\n')
    program.chmod(0o755)
    return program


def offered(line: str, tmp_path: Path) -> list[str]:
    """What a real bash would offer at the end of a line."""
    program = program_in(tmp_path)
    script = f"""
    source <({program} completion bash)
    COMP_LINE='{line}' COMP_POINT=${{#COMP_LINE}}
    COMP_POINT=${{#COMP_LINE}}
    _portico_completion portico
    printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    environment = {**os.environ, "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(
        ["bash", "-c", script], env=environment, capture_output=True, text=True, timeout=60, check=True
    )
    return done.stdout.split()


def offered_by_fish(line: str, tmp_path: Path) -> list[str]:
    """What a real fish would offer at the end of a line, without its descriptions."""
    program_in(tmp_path)
    environment = {**os.environ, "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}", "HOME": str(tmp_path)}
    script = f"portico completion fish | source; complete -C '{line}'"
    done = subprocess.run(
        ["fish", "-c", script], env=environment, capture_output=True, text=True, timeout=60, check=True
    )
    return [one.partition("\t")[0] for one in done.stdout.splitlines()]


def items(begun: str, *, bucket_only: bool = False, bare: bool = False) -> list[str]:
    return [item.value for item in completing.places(begun, None, bucket_only=bucket_only, bare=bare)]


def test_bash_completes_commands(tmp_path: Path) -> None:
    assert "backup" in offered("portico back", tmp_path)
    assert {"mb", "ls", "cp"} <= set(offered("portico objects ", tmp_path))
    assert "--passphrase-file" in offered("portico backup verify --pass", tmp_path)


def test_bash_completes_buckets_and_keys_behind_the_colon(stored: FakePlatform, tmp_path: Path) -> None:
    assert offered("portico objects ls portico://p", tmp_path) == ["//papers/", "//photos/"]
    assert offered("portico objects cat portico://photos/20", tmp_path) == ["//photos/2026/"]
    assert offered("portico objects cat portico://photos/2026/c", tmp_path) == ["//photos/2026/cat.jpg"]


@pytest.mark.skipif(shutil.which("fish") is None, reason="fish is not installed")
def test_fish_completes_keys_with_commas(stored: FakePlatform, tmp_path: Path) -> None:
    with portico.connect() as client:
        client.objects.put("papers", "a,b.txt", b"x")
    assert offered_by_fish("portico objects ls portico://papers/", tmp_path) == ["portico://papers/a,b.txt"]
    assert "cp" in offered_by_fish("portico objects c", tmp_path)


@pytest.mark.skipif(shutil.which("zsh") is None, reason="zsh is not installed")
def test_zsh_takes_the_script(run: Portico) -> None:
    script = run("completion", "zsh").out
    subprocess.run(["zsh", "-f", "-n"], input=script, capture_output=True, text=True, timeout=60, check=True)


def test_scripts_keep_commas_of_keys_and_put_no_space_behind_folders(run: Portico) -> None:
    """What the shells do with them, tests above try where the shells are."""
    assert "string split --max 1 " in run("completion", "fish").out
    assert "-S '' -a folders" in run("completion", "zsh").out


def test_buckets_with_and_without_their_scheme(stored: FakePlatform) -> None:
    assert items("portico://ph") == ["portico://photos/"]
    assert items("portico://ph", bucket_only=True) == ["portico://photos"]
    assert items("pa", bucket_only=True) == ["papers"]
    assert items("") == items("porti") == ["portico://papers/", "portico://photos/"]
    assert items("cat.jpg") == []
    assert items("ph", bare=True) == ["photos/"]
    assert items("photos/2026/d", bare=True) == ["photos/2026/dog.jpg"]


def test_keys_that_a_prompt_can_show(stored: FakePlatform) -> None:
    assert items("portico://photos/") == ["portico://photos/2026/", "portico://photos/a b", "portico://photos/readme"]
    assert items("portico://photos/2026/d") == ["portico://photos/2026/dog.jpg"]
    assert items("portico://nowhere/") == []


def test_nothing_is_offered_and_nothing_told_where_the_platform_does_not_answer(
    stored: FakePlatform, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    stored.fail("ListBuckets", *[Fault(grpc.StatusCode.PERMISSION_DENIED, "DENIED", "no")] * 3)
    assert items("portico://") == []
    monkeypatch.setenv("PORTICO_ADDRESS", "localhost:1")
    assert items("portico://") == []
    monkeypatch.setenv("PORTICO_PROFILE_DIR", "/nowhere")
    assert items("portico://") == []
    assert capfd.readouterr() == ("", "")


def test_a_platform_that_hangs_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    def hang(*_: object, **__: object) -> None:
        time.sleep(60)

    monkeypatch.setattr(completing, "_found", hang)
    begin = time.monotonic()
    assert items("portico://") == []
    assert time.monotonic() - begin < 30
