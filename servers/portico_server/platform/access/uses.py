"""When credentials of accounts were last used: noted by whatever process lets a call in, collected by who keeps them.

A note is a small file, once an hour for each credential and process: no call waits for a database, and none fails
because a note cannot be made. What is lost with the machine is the last second's notes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

import structlog

from portico_server.platform.private_files import make_private_folder

FOLDER = "access-uses"
"""In the platform's run folder."""

_MOST_COLLECTED = 1_000
"""At once."""

_log = structlog.get_logger(__name__)


class UseNotes:
    """The notes in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def make_folder(self) -> None:
        """By who collects: where nobody does, nothing is noted. Raises OSError."""
        make_private_folder(self._folder)

    def note(self, name: str, at_seconds: int) -> None:
        """That the credential of this name was used."""
        path = self._folder / hashlib.sha256(name.encode()).hexdigest()
        try:
            path.write_text(f"{at_seconds} {name}")
        except FileNotFoundError:  # nobody collects
            return
        except OSError as error:
            _log.warning("use_not_noted", credential=name, error=str(error))

    def read(self) -> dict[Path, tuple[str, int]]:
        """The notes that there are, some of many: name and time, by the file that is to be removed when they are kept.
        What is just being written is left for the next time. Raises OSError."""
        found: dict[Path, tuple[str, int]] = {}
        for path in self._folder.iterdir():
            at, _, name = path.read_text().partition(" ")
            if at.isdecimal() and name:
                found[path] = name, int(at)
            if len(found) == _MOST_COLLECTED:
                break
        return found

    def remove(self, kept: Iterable[Path]) -> None:
        """Removes notes. One that was written anew meanwhile goes along: then a use may be told
        an hour late."""
        for path in kept:
            path.unlink(missing_ok=True)
