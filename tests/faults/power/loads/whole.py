"""Whether an SQLite file is whole."""

from __future__ import annotations

from pathlib import Path

import apsw


def check_whole(path: Path) -> None:
    """AssertionError where a page, an index or a reference of it is damaged."""
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
    try:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    finally:
        connection.close()
