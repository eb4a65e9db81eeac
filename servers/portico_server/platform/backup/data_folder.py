"""What of a data directory is in a backup besides databases and blobs: everything that no start makes anew."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from portico_server.platform.reserve import FILE as RESERVE

MADE_ANEW = frozenset({"run", "logs", "telemetry", "profile", "lock", RESERVE})
"""Sockets, logs, request events and spans, the administrator's profile, room on the disk."""

LOCK, LATEST = "backup.lock", "backup.json"
"""Held while a backup is made; and what the last one was, for the doctor."""

RESTORING = ".restoring"
"""What is being restored, until all of it has its name."""

_APART = MADE_ANEW | {"databases", "blobs", LOCK, LATEST}


def kept_files(data: Path) -> list[tuple[str, Path]]:
    """Path within the data directory, and the file, of each; in order. Files that begin with a dot are unfinished."""
    found = []
    for top in data.iterdir():
        if top.name not in _APART:
            found += [(path.relative_to(data).as_posix(), path) for path in _files(top)]
    return sorted(found)


def _files(path: Path) -> Iterator[Path]:
    if path.name.startswith("."):
        return
    if path.is_dir():
        for child in path.iterdir():
            yield from _files(child)
    elif path.is_file():
        yield path
