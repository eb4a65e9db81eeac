"""Runs the commands of a document as a newcomer types them: in an empty folder, with an empty home."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 300


def commands_of(document: str) -> list[str]:
    """The blocks of a document, as `docs/backup.md`, that are marked `sh`."""
    return re.findall(r"^```sh\n(.*?)^```$", (ROOT / document).read_text(), re.MULTILINE | re.DOTALL)


def run_document(document: str, folder: Path, **variables: str) -> str:
    """Runs the blocks in order, each until its first failure; answers all that was printed. `./portico` there is this
    environment's. Platforms that were left running are stopped. Raises AssertionError where a command fails."""
    launcher = folder / "portico"
    launcher.write_text(f'#!/bin/sh\nexec "{sys.executable}" -P -m portico_cli.main "$@"\n')
    launcher.chmod(0o755)
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PORTICO_", "OTEL_"))}
    environment |= {
        "HOME": str(folder),
        "XDG_CONFIG_HOME": str(folder / "configuration"),
        "XDG_DATA_HOME": str(folder / "share"),
        "PORTICO_LISTEN": f"127.0.0.1:{_free_port()}",
        "PORTICO_WEB_LISTEN": "127.0.0.1:0",
        "PORTICO_S3_LISTEN": "127.0.0.1:0",
        **variables,
    }
    try:
        done = subprocess.run(
            ["bash", "-c", "\n".join(["set -eu", *commands_of(document)])],
            cwd=folder,
            env=environment,
            text=True,
            timeout=SECONDS,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            check=False,
        )
    finally:
        for lock in folder.rglob("lock"):
            command = ["./portico", "down", "--data", str(lock.parent)]
            subprocess.run(command, cwd=folder, env=environment, capture_output=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout[-4000:]
    return done.stdout


def _free_port() -> int:
    """Several commands must agree on a port before the platform runs."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
