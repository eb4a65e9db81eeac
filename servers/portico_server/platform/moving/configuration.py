"""The setting `database` in a portico.toml, after state has gone elsewhere."""

from __future__ import annotations

import json
import re
from pathlib import Path

from portico_server.platform.private_files import replace_file


def settle(path: Path, database: str, *, moved: bool = False) -> None:
    """Names the database in the file, made if there is none, in place of what it named; all else stays. Of a file that
    was `moved` with its data directory goes what it says of that, too.

    A platform must not write into the database that its state was before, nor look for its data in the old place.
    """
    if not path.exists() and database == "sqlite":
        return
    before = path.read_text() if path.exists() else ""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    names = "database|data" if moved else "database"
    kept = re.sub(rf"(?m)^[ \t]*(?:{names})[ \t]*=.*\n?", "", before)
    replace_file(path, f"database = {json.dumps(database, ensure_ascii=False)}\n{kept}".encode())
