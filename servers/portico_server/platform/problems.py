"""What a process that serves has found wrong and goes on without: in its run folder, for `portico status` and
`portico doctor`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from portico_server.platform.private_files import replace_file

FILE = "problems.json"


def write_problems(folder: Path, problems: Mapping[str, str]) -> None:
    """`problems`: by what is at fault, a sentence each. Raises OSError."""
    replace_file(folder / FILE, json.dumps(dict(problems)).encode())


def read_problems(folder: Path) -> dict[str, str]:
    """What was last written; nothing where there is nothing readable."""
    try:
        found = json.loads((folder / FILE).read_bytes())
        return {str(name): str(problem) for name, problem in found.items()}
    except (OSError, ValueError, AttributeError):
        return {}
