"""Suites of tests that others wrote for S3: as they are, out of the source distributions of their packages."""

from __future__ import annotations

import subprocess
import sys
import tarfile
from pathlib import Path

_SECONDS = 600


def source(package: str, folder: Path) -> Path:
    """A package's source distribution, unpacked; wheels hold no tests. `package`: name and version, `moto==5.2.5`."""
    name, _, version = package.partition("==")
    _run(sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", name, "-d", folder, package)
    with tarfile.open(folder / f"{name}-{version}.tar.gz") as archive:
        archive.extractall(folder, filter="data")
    return folder / f"{name}-{version}"


def environment(folder: Path, *packages: str) -> Path:
    """The Python of an environment with these packages."""
    _run(sys.executable, "-m", "venv", "--without-pip", folder)
    python = folder / "bin" / "python"
    _run(sys.executable, "-m", "pip", "--python", python, "install", "--quiet", *packages)
    return python


def _run(*command: str | Path) -> None:
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=_SECONDS)
    assert done.returncode == 0, done.stderr[-2000:]
