"""Packages of candidates that are not ours, installed once, each set in a folder of its own."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from bench.candidates import CACHE, CandidateError

_NODE = Path(__file__).parent / "node"
_NODE_FILES = (".npmrc", "package.json", "package-lock.json", "r2.mjs")
_SECONDS = 300


def python_with(name: str, requirement: str) -> Path:
    """A Python that has the package. Raises CandidateError where it cannot be installed."""
    folder = CACHE / f"{name}-{_digest(requirement.encode())}"
    python = folder / "bin" / "python"
    if not (folder / "installed").exists():
        _run([sys.executable, "-m", "venv", "--clear", str(folder)])
        _run([str(python), "-m", "pip", "install", "--quiet", requirement])
        (folder / "installed").touch()
    return python


def node_folder() -> Path:
    """A copy of `node/` with its packages. Raises CandidateError where they cannot be installed."""
    if shutil.which("npm") is None:
        raise CandidateError("npm is not installed")
    folder = CACHE / f"node-{_digest(*((_NODE / name).read_bytes() for name in _NODE_FILES))}"
    if not (folder / "installed").exists():
        folder.mkdir(parents=True, exist_ok=True)
        for name in _NODE_FILES:
            shutil.copy(_NODE / name, folder)
        _run(["npm", "ci", "--no-progress"], folder)
        (folder / "installed").touch()
    return folder


def _digest(*contents: bytes) -> str:
    return hashlib.sha256(b"".join(contents)).hexdigest()[:16]


def _run(command: Sequence[str], folder: Path | None = None) -> None:
    CACHE.mkdir(parents=True, exist_ok=True)
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise CandidateError(f"{command[0]} did not install: {error}") from error
    if done.returncode:
        raise CandidateError(f"{' '.join(command[:3])} failed: {done.stderr.strip()[-300:]}")
