"""Opens a database in a file without a name (`tempfile.TemporaryFile`), which SQLite by itself cannot.

Nobody else can open what stands in such a file, and nothing is left of it, however the process ends.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

import apsw

_SECTOR_BYTES = 4096


@contextmanager
def nameless_database(file: BinaryIO) -> Iterator[apsw.Connection]:
    """The SQLite database that is the file's content, to be read; nobody may change it meanwhile."""
    vfs = _OneFile(file)
    try:
        connection = apsw.Connection(
            "file:it?mode=ro&immutable=1", flags=apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI, vfs=vfs.name
        )
        try:
            yield connection
        finally:
            connection.close()
    finally:
        vfs.unregister()


class _OneFile(apsw.VFS):
    """A file system with one file."""

    def __init__(self, file: BinaryIO) -> None:
        self.name = f"nameless-{file.fileno()}"
        self._file = file
        super().__init__(self.name, base="")

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> apsw.VFSFile:
        flags[1] = flags[0]
        return _File(self._file)  # type: ignore[return-value]

    def xFullPathname(self, name: str) -> str:
        return name


class _File:
    """What SQLite asks of a file that it only reads (https://www.sqlite.org/c3ref/io_methods.html)."""

    def __init__(self, file: BinaryIO) -> None:
        self._descriptor = file.fileno()

    def xRead(self, amount: int, offset: int) -> bytes:
        return os.pread(self._descriptor, amount, offset)

    def xFileSize(self) -> int:
        return os.fstat(self._descriptor).st_size

    def xFileControl(self, op: int, pointer: int) -> bool:
        return False

    def xDeviceCharacteristics(self) -> int:
        return apsw.SQLITE_IOCAP_IMMUTABLE

    def xSectorSize(self) -> int:
        return _SECTOR_BYTES

    def xLock(self, level: int) -> None:
        pass

    def xUnlock(self, level: int) -> None:
        pass

    def xCheckReservedLock(self) -> bool:
        return False

    def xClose(self) -> None:
        pass
