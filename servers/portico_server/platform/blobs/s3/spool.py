"""What waits to be sent to a store: in a file of this machine without a name, so that memory stays small however many
send, another try can read it again, and nothing of it is left when the process dies. All of it blocks: for threads."""

from __future__ import annotations

import errno
import hashlib
import os
import tempfile
import threading
from pathlib import Path

_NO_NAMELESS = frozenset({errno.EOPNOTSUPP, errno.EISDIR, errno.ENOENT, errno.EINVAL})


class Spool:
    """Bytes that are appended, then read any number of times."""

    def __init__(self, folder: Path) -> None:
        self._descriptor = _nameless(folder)
        self._lock = threading.Lock()  # as that of `OpenFile`
        self._hash = hashlib.sha256()
        self.size_bytes = 0

    def __del__(self) -> None:
        self.close()

    @property
    def sha256(self) -> str:
        return self._hash.hexdigest()

    def append(self, data: bytes | memoryview) -> None:
        with self._lock:
            self._check()
            self._hash.update(data)
            self.size_bytes += len(data)
            view = memoryview(data)
            while view:
                view = view[os.write(self._descriptor, view) :]

    def read(self, offset: int, length: int) -> bytes:
        with self._lock:
            self._check()
            return os.pread(self._descriptor, length, offset)

    def close(self) -> None:
        with self._lock:
            if self._descriptor >= 0:
                os.close(self._descriptor)
                self._descriptor = -1

    def _check(self) -> None:
        if self._descriptor < 0:
            raise ValueError("what waited is sent, or discarded")


def _nameless(folder: Path) -> int:
    try:
        return os.open(folder, os.O_TMPFILE | os.O_RDWR | os.O_CLOEXEC, 0o600)
    except OSError as error:
        if error.errno not in _NO_NAMELESS:
            raise
    descriptor, name = tempfile.mkstemp(dir=folder, prefix=".")
    os.unlink(name)
    return descriptor
