"""CONTRIBUTING.md, "Add a product", works as it is written: its steps are done in a copy of the checkout."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.harness.layouts import BY_COMMAND
from tests.packaging.environments import environment

pytestmark = BY_COMMAND

CHECKOUT = Path(__file__).resolve().parents[2]
COPIED = (
    "proto",
    "gen",
    "servers",
    "clients",
    "tests",
    "portico",
    "pyproject.toml",
    "buf.yaml",
    "README.md",
    "LICENSE",
)
CACHES = (".mypy_cache",)  # what was looked at before need not be looked at again
TOOLS = ("buf", "mypy", "ruff")
STEP_SECONDS = 120

# A block with its language, and before it, on a line of its own, the file that it is or changes.
BLOCK = re.compile(r"(?:^`(?P<path>[^`\n]+)`\n\n)?^```(?P<language>\w+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Step:
    """One block of the guide: a file to write, a change to make (`diff`), or commands to run (`sh`)."""

    language: str
    path: str
    text: str


def steps() -> Iterator[Step]:
    guide = (CHECKOUT / "CONTRIBUTING.md").read_text()
    for block in BLOCK.finditer(guide[guide.index("## Add a product") :]):
        yield Step(block["language"], block["path"] or "", block["text"])


def do(step: Step, checkout: Path) -> str:
    """Does the step, and answers what its commands printed."""
    path = checkout / step.path
    if step.language == "sh":
        return run_commands(step.text, checkout)
    if step.language == "diff":
        old, new = (re.search(rf"^{sign}(.*)$", step.text, re.MULTILINE) for sign in (r"-", r"\+"))
        assert old is not None
        assert new is not None
        text = path.read_text()
        assert text.count(old[1]) == 1, f"{step.path} does not hold the line that the guide changes"
        path.write_text(text.replace(old[1], new[1]))
    else:
        assert step.path, f"the guide does not say which file this is: {step.text[:80]}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(step.text)
    return ""


def run_commands(commands: str, checkout: Path) -> str:
    variables = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "PORTICO_"))}
    done = subprocess.run(
        ["sh", "-e", "-c", commands],
        cwd=checkout,
        env=variables,
        capture_output=True,
        text=True,
        timeout=STEP_SECONDS,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of the checkout whose test environment is set up: the launcher will find nothing left to install."""
    copy = tmp_path / "checkout"
    copy.mkdir()
    for name in (*COPIED, *(name for name in CACHES if (CHECKOUT / name).exists())):
        source = CHECKOUT / name
        if source.is_dir():
            shutil.copytree(source, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, copy / name)
    python = environment(copy / ".venv-test", "--editable", copy)
    for tool in TOOLS:
        (python.parent / tool).symlink_to(Path(sys.executable).parent / tool)
    key = subprocess.run(["cksum"], input=(copy / "pyproject.toml").read_bytes(), capture_output=True, check=True)
    (copy / ".venv-test" / "portico-stamp").write_text(f"{copy} [dev] {key.stdout.decode()}")
    return copy


def test_the_guide_adds_a_product_that_works(checkout: Path) -> None:
    printed = [do(step, checkout) for step in steps()]
    files = {str(path.relative_to(checkout / "servers")) for path in (checkout / "servers").rglob("greetings/**/*.*")}
    assert "portico_server/greetings/service.py" in files
    assert re.search(r"\d+ passed", printed[-1])
    assert "failed" not in printed[-1]


def test_a_guide_that_does_not_work_is_found(tmp_path: Path) -> None:
    (tmp_path / "code.py").write_text("THERE = 1\n")
    with pytest.raises(AssertionError):
        do(Step("sh", "", "true\nfalse\ntrue\n"), tmp_path)
    with pytest.raises(AssertionError):
        do(Step("diff", "code.py", "-MISSING = 1\n+MISSING = 2\n"), tmp_path)
    do(Step("diff", "code.py", "-THERE = 1\n+THERE = 2\n"), tmp_path)
    assert (tmp_path / "code.py").read_text() == "THERE = 2\n"
