"""Whoever is told to run a command of ours, by a message or a page, can: it is there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from portico_cli.kinds import KINDS
from portico_cli.root import portico

ROOT = Path(__file__).resolve().parents[3]
TEXTS = (
    ("servers", "*.py"),
    ("servers", "*.html"),
    ("clients/cli", "*.py"),
    ("clients/python", "*.py"),
    ("clients/node/src", "*.ts"),
    ("proto", "*.proto"),
    ("docs", "*.md"),
    ("deploy", "*.yaml"),
    (".", "README.md"),
    (".", "SECURITY.md"),
    (".", "ARCHITECTURE.md"),
    (".", "CONTRIBUTING.md"),
)
NAMED = re.compile(r"(?<![\w./:=-])(?<!from )(?<!exec )(?:\./)?portico((?: +[a-z][a-z0-9-]*\b(?![./:=(_]))+)")
OF_A_CHECKOUT = ("dev", "test")
"""Commands of the script in a checkout alone."""
NO_COMMANDS = ("sealing", "backup manifest", "backup member")
"""What keys are derived for, by a name that begins alike."""
OF_A_KIND = ("list", "show", "create", "update", "delete")
"""Commands of `portico access` whose next word is a kind of thing."""


def named() -> Iterator[tuple[str, str]]:
    """Where a command is named, and its words behind `portico`."""
    for folder, pattern in TEXTS:
        found = (ROOT / folder).glob(pattern) if folder == "." else (ROOT / folder).rglob(pattern)
        for path in sorted(found):
            if "node_modules" in path.parts:
                continue
            for number, line in enumerate(path.read_text().splitlines(), 1):
                for match in NAMED.finditer(line):
                    yield f"{path.relative_to(ROOT)}:{number}", " ".join(match[1].split())


def problem_of(words: list[str]) -> str:
    """What is wrong with the words of a command; empty if nothing is."""
    if words[0] in OF_A_CHECKOUT:
        return ""
    command: click.Command = portico
    for number, word in enumerate(words):
        if not isinstance(command, click.Group):
            before = words[number - 2 : number]
            is_kind = before[:1] == ["access"] and before[-1] in OF_A_KIND
            return f"there is no kind {word}" if is_kind and word not in KINDS else ""
        found = command.get_command(click.Context(command), word)
        if found is None and words[:number] == ["backup"]:
            return ""  # which takes a folder, too
        if found is None:
            return f"`portico {' '.join(words[:number])}` has no command {word}"
        command = found
    return ""


def test_commands_that_are_named_exist() -> None:
    every = [(where, words) for where, words in named() if not words.startswith(NO_COMMANDS)]
    assert len(every) > 300, "the search finds nothing any more"
    told = ((f"{where}: `portico {words}`", problem_of(words.split())) for where, words in every)
    wrong = [f"{named_there}: {problem}" for named_there, problem in told if problem]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("words", ["access keys create", "access policies", "access create key laptop", "acces"])
def test_one_that_is_not_there_is_noticed(words: str) -> None:
    assert problem_of(words.split())
