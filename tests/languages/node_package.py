"""The Node client, installed and compiled once for all tests: `npm ci` and `tsc` in clients/node."""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.harness.platform import ROOT

PACKAGE = ROOT / "clients" / "node"
CONTRACTS = ROOT / "gen" / "portico" / "plain.binpb"
OLDEST_NODE = 20
BUILD_SECONDS = 200


def node_package() -> Path:
    """The folder of the compiled package. Skips where there is no Node of a version that it supports."""
    if shutil.which("npm") is None or (version := _node_version()) is None:
        pytest.skip("node and npm are not installed")
    if version < OLDEST_NODE:
        pytest.skip(f"node is of version {version}, the client needs {OLDEST_NODE}")
    (PACKAGE / "build").mkdir(exist_ok=True)
    with (PACKAGE / "build" / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        _once("installed", [PACKAGE / "package-lock.json"], ["npm", "ci", "--no-progress"], PACKAGE / "node_modules")
        written = [
            path for folder in ("src", "test") for path in (PACKAGE / folder).rglob("*.ts") if "gen" not in path.parts
        ]
        settings = [PACKAGE / name for name in ("package-lock.json", "tsconfig.json", "generate.mjs")]
        _once("compiled", [CONTRACTS, *settings, *written], ["npm", "run", "build"], PACKAGE / "build" / "src")
    return PACKAGE


def _node_version() -> int | None:
    try:
        told = subprocess.run(["node", "--version"], capture_output=True, text=True, timeout=60, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return None
    return int(told.removeprefix("v").partition(".")[0])


def _once(what: str, inputs: list[Path], command: list[str], makes: Path) -> None:
    """Runs the command, unless it was run with the same inputs before and what it makes is there."""
    stamp = PACKAGE / "build" / f".{what}"
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in sorted(inputs))).hexdigest()
    if makes.exists() and stamp.exists() and stamp.read_text() == digest:
        return
    done = subprocess.run(command, cwd=PACKAGE, capture_output=True, text=True, timeout=BUILD_SECONDS, check=False)
    assert done.returncode == 0, f"{' '.join(command)}:\n{done.stdout}{done.stderr}"
    stamp.write_text(digest)
