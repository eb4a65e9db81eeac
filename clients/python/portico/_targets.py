"""Where a download's bytes go: a file that appears whole or not at all, or what is no file and is written into.

A regular file is made beside its place and renamed, so that nobody ever reads half of it. Symbolic links are followed
and stay. A device, a pipe, a socket or an open descriptor (`/dev/stdout`) cannot be replaced: bytes go into it as they
come.
"""

from __future__ import annotations

import contextlib
import os
import re
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

_SCRATCH_NAME_BYTES = 64
_MOST_LINKS = 40
_DESCRIPTORS = re.compile(r"/proc/(self|thread-self|\d+)(/task/\d+)?/fd")


@contextlib.contextmanager
def written(path: Path, *, stream: bool) -> Iterator[BinaryIO]:
    """A file to write what `path` is to hold; `stream`: what `is_stream` says of it. OSErrors name `path`, not what
    stands in its place meanwhile."""
    try:
        with _in_place(path) if stream else _replaced(Path(os.path.realpath(path))) as file:
            yield file
    except OSError as error:
        if error.errno is not None:
            error.filename = str(path)
        raise


def is_stream(path: Path) -> bool:
    """Whether it is there and no regular file, or is an open descriptor, whatever that leads to."""
    try:
        return not stat.S_ISREG(path.stat().st_mode) or _descriptor(path) is not None
    except FileNotFoundError:
        return _descriptor(path) is not None


def _in_place(path: Path) -> BinaryIO:
    """Opens what is there; of our own descriptors a copy, so that what stands before in them stays."""
    found = _descriptor(path)
    own = found is not None and found.parts[2] == str(os.getpid())
    return os.fdopen(os.dup(int(found.name)), "wb") if found is not None and own else path.open("wb")


def _descriptor(path: Path) -> Path | None:
    """`/proc/<process>/fd/<number>` where symbolic links lead there; None where they do not."""
    for _ in range(_MOST_LINKS):
        folder = os.path.realpath(path.parent)
        if _DESCRIPTORS.fullmatch(folder) and path.name.isdecimal():
            return Path(folder, path.name)
        if not path.is_symlink():
            return None
        path = Path(folder, os.readlink(path))
    return None


@contextlib.contextmanager
def _replaced(path: Path) -> Iterator[BinaryIO]:
    """A new file beside `path` that takes its place at the end, with its mode and owner; on an error it is removed."""
    shown = os.fsencode(path.name)[:_SCRATCH_NAME_BYTES].decode(errors="ignore")  # names have 255 bytes at most
    descriptor, scratch = tempfile.mkstemp(prefix=f".{shown}.", suffix=".part", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
        take_after(scratch, path)
        os.replace(scratch, path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(scratch)
        raise


def take_after(scratch: str, path: Path) -> None:
    """Gives a new file the mode and owner of the one whose place it is to take, or those of any new file."""
    try:
        before = path.stat()
    except FileNotFoundError:
        os.chmod(scratch, 0o666 & ~_umask())
        return
    with contextlib.suppress(PermissionError):  # only root may give files away
        os.chown(scratch, before.st_uid, before.st_gid)
    os.chmod(scratch, before.st_mode & 0o777)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
