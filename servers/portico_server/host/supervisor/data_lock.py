"""One platform a data directory: an exclusive lock, held while the supervisor lives, whatever ends it."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path

from portico_server.host.supervisor.announcement import StartError
from portico_server.host.supervisor.state import read_state

_PATIENCE_SECONDS = 0.5
"""How long a start waits for the lock: whoever looks at it (`holder`, `is_taken`) holds it for a moment."""
_POLL_SECONDS = 0.01


class DataLock:
    """The lock on a data directory, from `take` to `release`. The file says who holds it: the process id."""

    def __init__(self, descriptor: int, path: Path) -> None:
        self._descriptor = descriptor
        self._path = path

    @classmethod
    def take(cls, data: Path) -> DataLock:
        """Raises StartError where another platform holds it."""
        path = data / "lock"
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while not (ours := _lock(descriptor)) and time.monotonic() < deadline:
            time.sleep(_POLL_SECONDS)
        if not ours:
            os.close(descriptor)
            raise StartError(
                f"A platform already runs on {data} ({_describe(data)}). "
                f"Stop it with `portico down --data {data}`, or give this one another directory with --data."
            )
        os.ftruncate(descriptor, 0)
        os.write(descriptor, str(os.getpid()).encode())
        return cls(descriptor, path)

    def is_in_place(self) -> bool:
        """Whether the data directory is still where it was, and nobody has put another there."""
        try:
            return os.path.samestat(os.fstat(self._descriptor), self._path.stat())
        except (FileNotFoundError, NotADirectoryError):
            return False
        except OSError:  # nothing is known: a file system that does not answer now
            return True

    def release(self) -> None:
        os.ftruncate(self._descriptor, 0)
        os.close(self._descriptor)


def holder(data: Path) -> int | None:
    """The process id of the platform that runs on this data directory; None where none does."""
    with contextlib.suppress(FileNotFoundError), _opened(data / "lock") as descriptor:
        if not _look(descriptor):
            return int(os.read(descriptor, 32) or 0) or None
    return None


def is_taken(data: Path) -> bool:
    """Whether a platform runs on this data directory, if only since now."""
    with contextlib.suppress(FileNotFoundError), _opened(data / "lock") as descriptor:
        return not _look(descriptor)
    return False


def _describe(data: Path) -> str:
    pid, state = holder(data), read_state(data / "run")
    if state is None or state.pid != pid or not state.address:
        return f"process {pid}"
    return f"process {pid}, at {state.address}"


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[int]:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _lock(descriptor: int) -> bool:
    return _flock(descriptor, fcntl.LOCK_EX)


def _look(descriptor: int) -> bool:
    """Whether no platform holds it. Shared, so that two who look at once do not take one another for a platform."""
    return _flock(descriptor, fcntl.LOCK_SH)


def _flock(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
