"""What a backup needs of a folder of blobs, from another process than the one that serves them.

A hold (flock, shared) keeps every blob that a row refers to in its place, whatever is deleted meanwhile: whoever
removes blobs takes the same lock alone (`removing`), and leaves them for later where he does not get it. The kernel
drops the lock of a process that dies.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from portico_server.platform.private_files import own_as

_HOLD, _ASIDE = "hold", "aside"
OWNER = "owner"


@contextlib.contextmanager
def held(folder: Path) -> Iterator[None]:
    """Waits until nobody removes blobs; then nobody does, while inside. Others may hold them too."""
    descriptor = _opened(folder)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        yield
    finally:
        os.close(descriptor)


def take_to_remove(folder: Path) -> int | None:
    """The descriptor of the lock, to be closed behind the removal; None where somebody holds the blobs."""
    descriptor = _opened(folder)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def places(folder: Path, blob_id: str) -> tuple[Path, Path]:
    """Where a blob is, and where it is if it was set aside."""
    within = f"{blob_id[:2]}/{blob_id}"
    return folder / within, folder / _ASIDE / within


def all_ids(folder: Path) -> Iterator[str]:
    """The ids of the finished blobs of a folder that no database tells of, in order."""
    for shard in sorted(path for path in folder.iterdir() if path.is_dir() and len(path.name) == 2):
        yield from sorted(path.name for path in shard.iterdir() if "." not in path.name)


def _opened(folder: Path) -> int:
    descriptor = os.open(folder / _HOLD, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    own_as(folder, descriptor)
    return descriptor
