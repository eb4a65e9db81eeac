"""The examples that `portico objects COMMAND --help` shows are run as they stand there."""

from __future__ import annotations

import glob
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from portico import connect
from portico_cli.commands.objects import objects
from tests.unit.cli.conftest import Portico
from tests.unit.sdk.fake_platform import FakePlatform

NOT_HERE = ("hold", "lock", "presign", "tag", "uploads", "usage", "webhooks")
"""What the small platform of these tests does not know: `tests/e2e/test_cli_transfers.py` runs their examples."""
GIVEN = b"bytes"
BUCKETS = ("photos", "web", "backup", "logs", "inbox", "records", "films", "private")
OBJECTS = (
    "photos/cat.jpg",
    "photos/2026/cat.jpg",
    "web/site/index.html",
    "backup/home.tar",
    "logs/today.txt",
    "logs/today/a.log",
    "inbox/done/a",
)
FOLDERS = ("site", "copy", "done")
NO_VERSIONS = "--restore previous"
"""What the small platform of these tests has none for."""


def examples(*, here: bool = True) -> Iterator[tuple[str, str]]:
    """Each command with one line of its examples; `here`: those of this file, else the others."""
    for name, command in objects.commands.items():
        if (name in NOT_HERE) == here:
            continue
        told = (command.help or "").partition("Examples:")[2]
        yield from ((name, line.strip()) for line in told.splitlines() if line.strip())


def words_of(line: str) -> list[str]:
    """The words behind `portico` of a line for a shell: files for patterns, and without the programs around it."""
    ours = next(part for part in re.split(r" \| | > ", line) if part.strip().startswith("portico "))
    found: list[str] = []
    for word in re.findall(r"'[^']*'|\S+", ours)[1:]:
        found += sorted(glob.glob(word)) or shlex.split(word)
    return found


@pytest.fixture
def somewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder with the files that the examples name."""
    monkeypatch.chdir(tmp_path)
    for name in FOLDERS:
        (tmp_path / name).mkdir()
        (tmp_path / name / "index.html").write_bytes(GIVEN)
    (tmp_path / "rules.yaml").write_text("[]")
    for name in ("cat.jpg", "today.log", "disk.img"):
        (tmp_path / name).write_bytes(GIVEN)


@pytest.mark.usefixtures("somewhere")
@pytest.mark.parametrize(("command", "line"), list(examples()), ids=lambda text: text if " " not in text else "")
def test_an_example_does_what_it_shows(portico: Portico, fake: FakePlatform, command: str, line: str) -> None:
    with connect() as client:
        for bucket in BUCKETS if command != "mb" else ():
            client.buckets.create(bucket)
        for place in OBJECTS if command not in ("mb", "rb") else ():
            client.objects.put(*place.split("/", 1), GIVEN)
    asks = line.endswith("--force")
    outcome = portico(*words_of(line), given=b"y\n" if asks else GIVEN, terminal=asks)
    assert outcome.code == 0 or (NO_VERSIONS in line and "no version before" in outcome.err), outcome.err


def test_every_command_has_examples() -> None:
    assert {name for name, _ in [*examples(), *examples(here=False)]} == set(objects.commands)
