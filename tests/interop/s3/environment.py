"""The environment with the S3 clients that tests drive: made once a checkout, anew when `clients.txt` changes."""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

_HERE = Path(__file__).parent
_CLIENTS = _HERE / "clients.txt"
_FOLDER = _HERE.parents[2] / ".venv-s3-clients"
_MAKING_SECONDS = 600


def programs() -> Path:
    """The folder of its programs: `python`, `aws`, `rclone`, `s5cmd`."""
    stamp, wanted = _FOLDER / "clients-stamp", hashlib.sha256(_CLIENTS.read_bytes()).hexdigest()
    _FOLDER.mkdir(exist_ok=True)
    with (_FOLDER / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # several processes of tests may come at once
        if not stamp.exists() or stamp.read_text() != wanted:
            _run(sys.executable, "-m", "venv", "--without-pip", str(_FOLDER))
            python = str(_FOLDER / "bin" / "python")
            # What is used of it is compiled when it is: most never is.
            if shutil.which("uv") is not None:  # takes a seventh of the time that pip does
                install = ("uv", "pip", "install", "--no-compile-bytecode", "--python", python)
            else:
                install = (sys.executable, "-m", "pip", "--python", python, "install", "--no-compile")
            _run(*install, "--quiet", "--requirement", str(_CLIENTS))
            stamp.write_text(wanted)
    return _FOLDER / "bin"


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=_MAKING_SECONDS)
    assert done.returncode == 0, done.stderr[-2000:]
