"""The README's tour, command by command, as a newcomer types it: in an empty folder, with an empty home."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from tests.harness.layouts import BY_COMMAND

pytestmark = BY_COMMAND

ROOT = Path(__file__).resolve().parents[2]
TIMEOUT_SECONDS = 240

EXPECTED = [
    ["ready at", "platform +https://"],
    ["made portico://zoo", "copied", "animals/fox.txt", "size +20 bytes", "the quick brown fox"],
    ["portico.objects.v1.ObjectService", "rpc PutObject", '"key|animals/fox.txt', "InvalidArgument", "bucket_id"],
    ["the quick brown fox"],
    ["animals/fox.txt 20", "animals/owl.txt 17"],
    ["PutObject", "objects.store.put"],
    ["made portico://keeps", "delete"],
    ["objects.object.read", "www", "192.0.2.1"],
    ["ok +envoy", "stopped"],
]
"""What each block must print, in order: a few words of it, so that the text may change."""


def blocks() -> list[tuple[str, str]]:
    """Language and text of the tour's blocks."""
    tour = (ROOT / "README.md").read_text().partition("## A tour of five minutes")[2].partition("\n## ")[0]
    return re.findall(r"^```(sh|python)\n(.*?)^```$", tour, re.MULTILINE | re.DOTALL)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the tour is taken. `./portico` there runs this environment's: the launcher's own set-up is tested apart."""
    launcher = tmp_path / "portico"
    launcher.write_text(f'#!/bin/sh\nexec "{sys.executable}" -P -m portico_cli.main "$@"\n')
    launcher.chmod(0o755)
    return tmp_path


def test_the_tour_does_what_it_says(folder: Path) -> None:
    script = ["set -eu"]
    for number, (language, text) in enumerate(blocks()):
        script.append(f"echo '== {number}'")
        script.append(text if language == "sh" else f"\"{sys.executable}\" -P - <<'PYTHON'\n{text}PYTHON")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PORTICO_", "OTEL_"))}
    environment |= {
        "HOME": str(folder),
        "XDG_CONFIG_HOME": str(folder / "configuration"),
        "XDG_DATA_HOME": str(folder / "share"),
        "PORTICO_LISTEN": f"127.0.0.1:{free_port()}",
        "PORTICO_WEB_LISTEN": "127.0.0.1:0",
        "PORTICO_S3_LISTEN": "127.0.0.1:0",
    }
    try:
        done = subprocess.run(
            ["bash", "-c", "\n".join(script)], cwd=folder, env=environment, text=True, timeout=TIMEOUT_SECONDS,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
        )  # fmt: skip
    finally:
        subprocess.run(["./portico", "down"], cwd=folder, env=environment, capture_output=True, timeout=30)
    left = sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))
    printed = re.split(r"^== \d+$", done.stdout, flags=re.MULTILINE)[1:]
    assert done.returncode == 0, done.stdout[-3000:]
    assert len(printed) == len(EXPECTED), "a block was added to the tour or taken away"
    for output, expected in zip(printed, EXPECTED, strict=True):
        for words in expected:
            assert re.search(words, output), textwrap.indent(output, "  ")
    assert left == ["configuration", "portico", "share"], "the tour leaves files behind"


def test_the_tours_token_is_for_no_other_eyes() -> None:
    written = [line for _, text in blocks() for line in text.splitlines() if "Bearer" in line]
    assert written
    assert all("umask 077" in line for line in written)


def free_port() -> int:
    """The tour runs several commands, which must agree on a port before the platform runs."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
