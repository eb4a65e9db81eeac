"""What the system says of a disk, as the errors that callers are told of."""

from __future__ import annotations

import errno
from collections.abc import Mapping

from portico_server.platform.database.interface import (
    DatabaseError,
    StorageFailed,
    StorageFull,
    StorageReadOnly,
    TooManyOpenFiles,
)

_MEANINGS: Mapping[int, type[DatabaseError]] = {
    errno.ENOSPC: StorageFull,
    errno.EDQUOT: StorageFull,
    errno.EFBIG: StorageFull,
    errno.EROFS: StorageReadOnly,
    errno.EMFILE: TooManyOpenFiles,
    errno.ENFILE: TooManyOpenFiles,
    errno.EIO: StorageFailed,
}


def meaning_of(number: int | None) -> type[DatabaseError] | None:
    """The kind of error that an error number stands for; None where it says nothing of the disk or of open files."""
    return _MEANINGS.get(number or 0)
