"""What the documents point to is there: files, folders and other documents, by the names that they give."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted(
    str(path.relative_to(CHECKOUT))
    for path in (
        *CHECKOUT.glob("*.md"),
        *CHECKOUT.glob("docs/**/*.md"),
        *CHECKOUT.glob("servers/**/*.md"),
        *CHECKOUT.glob("bench/*.md"),
    )
)
# In backticks: a path that begins with a folder of the checkout, or one of the documents at its top.
FOLDERS = "bench|clients|deploy|docs|gen|proto|servers|tests|\\.ci"
PATH = re.compile(
    rf"`((?:{FOLDERS})/[\w./-]*|(?:README|ARCHITECTURE|CONTRIBUTING|SECURITY)\.md|pyproject\.toml|buf\.yaml)`"
)
LINK = re.compile(r"\]\((?!https?:|#)([^)#]+)")
# The guide's own product, which is made by following it.
MADE_BY_THE_GUIDE = "greetings"


def named(document: str) -> list[str]:
    """The paths that a document names, relative to the checkout."""
    text = (CHECKOUT / document).read_text()
    links = [str(((CHECKOUT / document).parent / link).resolve().relative_to(CHECKOUT)) for link in LINK.findall(text)]
    return [path for path in (*PATH.findall(text), *links) if MADE_BY_THE_GUIDE not in path]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_what_the_document_names_is_there(document: str) -> None:
    assert [path for path in named(document) if not (CHECKOUT / path).exists()] == []


def test_each_threat_names_the_tests_that_try_it() -> None:
    text = (CHECKOUT / "SECURITY.md").read_text()
    rows = [row.split(" | ") for row in text.partition("| threat |")[2].splitlines()[2:] if row.startswith("| ")]
    assert len(rows) > 30
    assert [threat for threat, _, tests in rows if not re.search(r"`tests/[\w/]+/test_\w+\.py`", tests)] == []


def test_there_is_something_to_look_at() -> None:
    assert {"README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md"} <= set(DOCUMENTS)
    assert len(named("ARCHITECTURE.md")) >= 15


def test_a_wrong_path_would_be_found() -> None:
    assert PATH.findall("see `servers/portico_server/nowhere.py` and `README.md`, not `accounts/a`") == [
        "servers/portico_server/nowhere.py",
        "README.md",
    ]
