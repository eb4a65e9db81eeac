"""Files that hold secrets: written whole or not at all, readable by their owner only."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import math
import os
import secrets
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from portico_server.platform.folders import make_folder, sync_folder

_LOCK_POLL_SECONDS = 0.02


def make_private_folder(folder: Path) -> None:
    """Makes the folder and its parents; the folder itself is its owner's only (0700), also if it was there. Raises
    OSError, and leaves alone what is no folder: it may be a device that everybody needs."""
    make_folder(folder)
    if not folder.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(folder))
    folder.chmod(0o700)


def replace_file(path: Path, content: bytes) -> None:
    """Puts the content in the file's place by rename, mode 0600: a reader sees the old one or the new one."""
    scratch = _written(path, content)
    try:
        scratch.rename(path)
    except OSError:
        scratch.unlink()
        raise
    sync_folder(path.parent)


def own_as(folder: Path, file: int | Path) -> None:
    """Gives a file, where root made it, to the folder's owner, whose platform has to open it."""
    if os.geteuid() == 0:
        owner = folder.stat()
        os.chown(file, owner.st_uid, owner.st_gid)


@contextlib.contextmanager
def locked(folder: Path, patience_seconds: float = math.inf) -> Iterator[None]:
    """Holds the folder's lock (flock) against all who read or replace a pair of files in it. Blocks. Raises
    TimeoutError, an OSError, where another program holds it for longer than `patience_seconds`."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        if patience_seconds == math.inf:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        else:
            _lock_soon(descriptor, folder, time.monotonic() + patience_seconds)
        yield
    finally:
        os.close(descriptor)


def _lock_soon(descriptor: int, folder: Path, end: float) -> None:
    while True:
        try:
            return fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= end:
                raise TimeoutError(errno.ETIMEDOUT, "another program holds its lock", str(folder)) from None
        time.sleep(_LOCK_POLL_SECONDS)


def replace_pair(key: Path, key_content: bytes, certificate: Path, certificate_content: bytes) -> None:
    """Replaces a key and its certificate. Call with their folder's lock held.

    Two files cannot be renamed at once, so both are written beside first, in an order from which a crash is mended.
    """
    replace_file(_next(key), key_content)
    replace_file(_next(certificate), certificate_content)
    settle_pair(key, certificate)


def settle_pair(key: Path, certificate: Path) -> None:
    """Finishes, or throws away, a replacement that was cut short, as the SDK does. Call with the folder's lock held."""
    if _next(certificate).exists():
        if _next(key).exists():
            _next(key).rename(key)
            sync_folder(key.parent)  # or only the certificate's name might outlive a loss of power
        _next(certificate).rename(certificate)
        sync_folder(key.parent)
    else:
        _next(key).unlink(missing_ok=True)


def _next(path: Path) -> Path:
    return path.with_name(f"{path.name}.next")


def read_or_create(path: Path, create: Callable[[], bytes]) -> bytes:
    """The file's content; if there is none, `create` makes it. Of several makers at once one wins, and all read its."""
    with contextlib.suppress(FileNotFoundError):
        return path.read_bytes()
    scratch = _written(path, create())
    try:
        with contextlib.suppress(FileExistsError):
            os.link(scratch, path)
    finally:
        scratch.unlink()
    sync_folder(path.parent)
    return path.read_bytes()


def _written(path: Path, content: bytes) -> Path:
    scratch = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with open(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(descriptor)
    except BaseException:
        scratch.unlink()
        raise
    return scratch
