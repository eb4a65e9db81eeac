"""`portico trust`: the authority in the system's store and in NSS's, put in and taken out again."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from portico_cli import trust_stores
from portico_server.platform.keyring import Keyring
from tests.unit.cli.conftest import Portico


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The ca.pem of a profile that is in use."""
    folder = tmp_path / "profile"
    folder.mkdir(mode=0o700)
    (folder / "profile.toml").write_text('address = "localhost:1"\n')
    (folder / "ca.pem").write_bytes(Keyring.open(tmp_path / "data", "portico.local", ["localhost"]).authority_pem)
    monkeypatch.setenv("PORTICO_PROFILE_DIR", str(folder))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    return folder / "ca.pem"


@pytest.fixture
def anchors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A system's store of the test's own; its command notes that it ran."""
    folder = tmp_path / "anchors"
    folder.mkdir()
    program = tmp_path / "bin" / "update-anchors"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\nls {folder} >> {tmp_path / 'updates'}\n")
    program.chmod(0o755)
    monkeypatch.setattr(trust_stores, "_SYSTEMS", (("/nowhere", ("true",)), (str(folder), (str(program),))))
    return folder


def test_the_systems_store_gets_it_and_loses_it(portico: Portico, authority: Path, anchors: Path) -> None:
    assert portico("trust").code == 0
    (file,) = anchors.iterdir()
    assert file.name.startswith("portico-")
    assert file.suffix == ".crt"
    assert file.read_bytes() == authority.read_bytes()
    assert (anchors.parent / "updates").read_text() == f"{file.name}\n"
    assert portico("trust").code == 0, "twice is no harm"
    assert portico("trust", "--remove").code == 0
    assert list(anchors.iterdir()) == []
    outcome = portico("trust", "--remove")
    assert outcome.code == 0
    assert "in none of these stores" in outcome.out


def test_a_dry_run_tells_and_does_nothing(portico: Portico, authority: Path, anchors: Path) -> None:
    outcome = portico("trust", "--dry-run")
    assert "would write" in outcome.out
    assert "would run" in outcome.out
    assert list(anchors.iterdir()) == []
    steps = portico("trust", "--dry-run", "--output", "json").json()
    assert not steps["done"]
    assert len(steps["steps"]) == 2


def test_it_is_exported(portico: Portico, authority: Path, tmp_path: Path) -> None:
    assert portico("trust", "--export", tmp_path / "ca.pem").code == 0
    assert (tmp_path / "ca.pem").read_bytes() == authority.read_bytes()
    assert portico("trust", "--export", "-").out.encode() == authority.read_bytes()


@pytest.mark.parametrize(("target", "code"), [("/dev/full", 6), ("/nowhere/ca.pem", 3)])
def test_where_it_cannot_be_written_is_told(portico: Portico, authority: Path, target: str, code: int) -> None:
    outcome = portico("trust", "--export", target)
    assert outcome.code == code
    assert target in outcome.err


def test_a_system_without_a_known_store_says_so(
    portico: Portico, authority: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trust_stores, "_SYSTEMS", ())
    outcome = portico("trust")
    assert outcome.code == 1
    assert "--export" in outcome.err


def test_a_command_that_fails_is_told_with_its_words(portico: Portico, authority: Path, anchors: Path) -> None:
    (anchors.parent / "bin" / "update-anchors").write_text("#!/bin/sh\necho 'no such luck' >&2\nexit 3\n")
    outcome = portico("trust")
    assert outcome.code == 1
    assert "no such luck" in outcome.err


@pytest.mark.skipif(shutil.which("certutil") is None, reason="certutil is not installed (Debian: libnss3-tools)")
def test_nss_gets_it_and_loses_it(portico: Portico, authority: Path, tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    database = f"sql:{tmp_path / 'home' / '.pki' / 'nssdb'}"
    for _ in range(2):  # twice is no harm
        assert portico("trust", "--store", "nss").code == 0
    listed = subprocess.run(["certutil", "-L", "-d", database], capture_output=True, text=True, check=True).stdout
    assert listed.count("portico-") == 1
    assert "C,," in listed
    assert portico("trust", "--store", "nss", "--remove").code == 0
    listed = subprocess.run(["certutil", "-L", "-d", database], capture_output=True, text=True, check=True).stdout
    assert "portico-" not in listed


def test_without_certutil_it_is_said_how_to_get_it(
    portico: Portico, authority: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    outcome = portico("trust", "--store", "nss")
    assert outcome.code == 1
    assert "apt install libnss3-tools" in outcome.err
