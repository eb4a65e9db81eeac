"""Virtual environments for tests, made in a second: the project is their own, its dependencies those of the tests."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
from pathlib import Path


def run(*command: str | Path, cwd: Path) -> str:
    """A command's output. Fails the test if the command does."""
    done = subprocess.run([str(part) for part in command], cwd=cwd, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def environment(folder: Path, *what: str | Path) -> Path:
    """A new virtual environment in `folder` with `what` installed by pip. Answers its Python."""
    run(sys.executable, "-m", "venv", "--without-pip", folder, cwd=folder.parent)
    python = folder / "bin" / "python"
    packages = Path(run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=folder).strip())
    # A path in a .pth file is searched, but its own .pth files are not read: the editable install there stays out.
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    options = ("--no-deps", "--no-index", "--no-build-isolation", "--ignore-installed", "--quiet")
    run(sys.executable, "-m", "pip", "--python", python, "install", *options, *what, cwd=folder)
    return python
