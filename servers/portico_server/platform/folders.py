"""Folders that outlive a loss of power. A name is durable only once the folder that holds it was synced; a sync of the
file or folder itself says nothing of its name."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path


def make_folder(folder: Path) -> None:
    """Makes the folder (mode 0700) and what is missing above it, and makes their names durable."""
    missing = []
    while not folder.exists():
        missing.append(folder)
        folder = folder.parent
    with contextlib.suppress(PermissionError):  # a folder of others that may be entered, not read: nothing of ours
        sync_folder(folder.parent)  # a start that was cut short may have made it, and no more
    for one in reversed(missing):
        one.mkdir(mode=0o700, exist_ok=True)
        sync_folder(one.parent)


def sync_folder(folder: Path) -> None:
    """Makes the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
