"""Who is reading a blob that is no file here: locks of single bytes of one file, which all processes and nodes share.

Each blob has its own bytes of that file, by its name, and nothing is ever written there. The locks belong to an open
descriptor (OFD locks), so that two readers of one process do not undo one another, and the kernel drops those of a
process that dies.
"""

from __future__ import annotations

import errno
import fcntl
import os
import struct
from enum import IntEnum
from pathlib import Path

from portico_server.platform.blobs.open_files import OpenFile
from portico_server.platform.private_files import own_as

FILE = "pins"
_FLOCK = "hhqqi"  # struct flock: type, whence, start, length, process (0)
_NAME_DIGITS = 15
"""Of the hexadecimal name: 60 bits, and one for the kind, are less than what a file may have."""


class Kind(IntEnum):
    """What is locked of a blob."""

    READ = 0
    """It is read, or written: it must not be removed."""
    PIN = 1
    """It is pinned (`Blobs.open`)."""


def lock(folder: Path, name: str, kind: Kind, *, alone: bool) -> OpenFile | None:
    """The lock, held until it is closed; None where another holds it and one of both wants it alone."""
    descriptor = _opened(folder, os.O_RDWR if alone else os.O_RDONLY)
    held = OpenFile(descriptor)
    place = int(name[:_NAME_DIGITS], 16) * len(Kind) + kind
    wanted = struct.pack(_FLOCK, fcntl.F_WRLCK if alone else fcntl.F_RDLCK, os.SEEK_SET, place, 1, 0)
    try:
        fcntl.fcntl(descriptor, fcntl.F_OFD_SETLK, wanted)
    except OSError as error:
        held.close()
        if error.errno in (errno.EAGAIN, errno.EACCES):
            return None
        raise
    return held


def _opened(folder: Path, access: int) -> int:
    """Who only reads need not be able to write: the disk may have become read-only."""
    try:
        return os.open(folder / FILE, access | os.O_CLOEXEC)
    except FileNotFoundError:
        descriptor = os.open(folder / FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        own_as(folder, descriptor)
        return descriptor
