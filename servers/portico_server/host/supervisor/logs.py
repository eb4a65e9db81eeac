"""Log files that cannot fill the disk: one that is written, one that was."""

from __future__ import annotations

import contextlib
import os
from collections import deque
from pathlib import Path

from portico_server.platform.private_files import make_private_folder

LOG_BYTES = 8 * 1024 * 1024
"""The size at which a log becomes `NAME.1` (in the place of the one before) and a new one begins."""
_TAIL_CHUNKS = 8


class BoundedLog:
    """A log file that is appended to."""

    def __init__(self, path: Path, limit_bytes: int = LOG_BYTES) -> None:
        make_private_folder(path.parent)
        self.path = path
        self._limit_bytes = limit_bytes
        self._tail: deque[bytes] = deque(maxlen=_TAIL_CHUNKS)
        self._open()

    def write(self, chunk: bytes) -> None:
        """Never raises: a full disk loses log lines, not calls."""
        self._tail.append(chunk)
        with contextlib.suppress(OSError):
            if self._size + len(chunk) > self._limit_bytes and self._size:
                self._begin_anew()
            self._size += os.write(self._descriptor, chunk)

    def tail(self, lines: int) -> str:
        """The last lines that were written."""
        return "\n".join(b"".join(self._tail).decode(errors="replace").splitlines()[-lines:])

    def close(self) -> None:
        os.close(self._descriptor)

    def _begin_anew(self) -> None:
        """The old file is closed last: a number that was closed and kept would soon be some other file's."""
        with contextlib.suppress(FileNotFoundError):  # moved already, by a try that then could not open the next
            self.path.replace(self.path.with_name(self.path.name + ".1"))
        before = self._descriptor
        self._open()
        os.close(before)

    def _open(self) -> None:
        self._descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        self._size = os.fstat(self._descriptor).st_size
