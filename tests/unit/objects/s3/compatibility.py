"""The table of `docs/s3.md`, made of the table of operations.

`python -m tests.unit.objects.s3.compatibility` writes it.
"""

from __future__ import annotations

from pathlib import Path

from portico_server.objects.faces.s3.operations.table import OPERATIONS

DOCUMENT = Path(__file__).resolve().parents[4] / "docs" / "s3.md"
_BEGIN, _END = "<!-- operations: made by tests/unit/objects/s3/compatibility.py -->\n", "<!-- end of operations -->\n"


def table() -> str:
    """As Markdown."""
    rows = [f"| {found.name} | {found.support} | {found.note} |\n" for found in OPERATIONS]
    return "".join(["| operation | | what is not as in S3, and what to do |\n", "|---|---|---|\n", *rows])


def current() -> str:
    """The document as it should be."""
    before, begin, rest = DOCUMENT.read_text().partition(_BEGIN)
    _, end, after = rest.partition(_END)
    assert begin, "the document does not say where the table begins"
    assert end, "the document does not say where the table ends"
    return f"{before}{_BEGIN}{table()}{_END}{after}"


if __name__ == "__main__":
    DOCUMENT.write_text(current())
