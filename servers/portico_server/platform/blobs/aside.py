"""Blobs that are set aside: in a folder beside the others, so that they can be brought back.

All of it blocks: for threads. Renames are not synced; whoever sets aside looks again later.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path


def set_aside(path: Path, aside: Path) -> None:
    """Moves the file; its time of change becomes now, by which its time aside is counted."""
    for folder in (aside.parent.parent, aside.parent):  # `parents=True` would give its mode to the last one alone
        folder.mkdir(mode=0o700, exist_ok=True)
    with contextlib.suppress(FileNotFoundError):
        os.utime(path)
        os.rename(path, aside)


def bring_back(aside: Path, path: Path) -> None:
    with contextlib.suppress(FileNotFoundError):
        os.rename(aside, path)
