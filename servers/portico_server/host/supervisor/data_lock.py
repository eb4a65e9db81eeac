"""One platform a data directory: an exclusive lock, held while the supervisor lives, whatever ends it."""

from __future__ import annotations

import contextlib
import fcntl
import os
from pathlib import Path

from portico_server.host.supervisor.announcement import StartError
from portico_server.host.supervisor.state import read_state


class DataLock:
    """The lock on a data directory, from `take` to `release`."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    @classmethod
    def take(cls, data: Path) -> DataLock:
        """Raises StartError where another platform holds it."""
        descriptor = _open(data)
        if not _lock(descriptor):
            os.close(descriptor)
            state = read_state(data / "run")
            whom = f" (process {state.pid}, address {state.address or 'not known yet'})" if state else ""
            raise StartError(
                f"A platform already runs on {data}{whom}. "
                f"Stop it with `portico down --data {data}`, or give this one another directory with --data."
            )
        return cls(descriptor)

    def release(self) -> None:
        os.close(self._descriptor)


def is_taken(data: Path) -> bool:
    """Whether a platform runs on this data directory."""
    if not data.is_dir():
        return False
    with contextlib.suppress(OSError):
        descriptor = _open(data)
        try:
            return not _lock(descriptor)
        finally:
            os.close(descriptor)
    return False


def _open(data: Path) -> int:
    return os.open(data / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def _lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
