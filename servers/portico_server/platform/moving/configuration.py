"""The setting `database` in a portico.toml, after state has gone elsewhere."""

from __future__ import annotations

import json
import re
from pathlib import Path

from portico_server.platform.private_files import replace_file

_LINES = re.compile(r"(?m)^[ \t]*(?:database|data)[ \t]*=.*\n?")


def settle(path: Path, database: str) -> None:
    """Names the database in the file, made if there is none, in place of what it named; all else stays. What it says of
    the data directory goes: the file stands in it.

    A platform must not write into the database that its state was before, nor look for its data in the old place.
    """
    if not path.exists() and database == "sqlite":
        return
    before = path.read_text() if path.exists() else ""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    line = f"database = {json.dumps(database, ensure_ascii=False)}\n"
    replace_file(path, (line + _LINES.sub("", before)).encode())
