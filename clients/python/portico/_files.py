"""Files that other processes read while we replace them: written whole under another name, then renamed.

A key and its certificate are two files and cannot be renamed at once, so a pair is replaced in an order from which a
crash can be mended: first `key.next`, then `certificate.next`, both complete; then the key is renamed, then the
certificate.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def locked(folder: Path, *, exclusive: bool) -> Iterator[None]:
    """Holds the folder's lock against other processes; for a folder that we may not write, holds nothing."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        yield
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH)
        yield
    finally:
        os.close(descriptor)


def write_secret(path: Path, content: bytes) -> None:
    """Writes a file of mode 0600, whole or not at all, and durably."""
    descriptor, scratch = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)  # made with mode 0600
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        _rename(Path(scratch), path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(scratch)
        raise


def replace_pair(key: Path, key_content: bytes, certificate: Path, certificate_content: bytes) -> None:
    """Replaces a key and its certificate. Call with the folder's exclusive lock held."""
    write_secret(_next(key), key_content)
    write_secret(_next(certificate), certificate_content)
    settle_pair(key, certificate)


def settle_pair(key: Path, certificate: Path) -> None:
    """Finishes, or throws away, a replacement that was cut short. Call with the folder's exclusive lock held."""
    if _next(certificate).exists():
        if _next(key).exists():
            _rename(_next(key), key)
        _rename(_next(certificate), certificate)
    else:
        _next(key).unlink(missing_ok=True)


def _rename(source: Path, target: Path) -> None:
    """Durably, so that after a loss of power renames are not there in another order than they were made."""
    os.replace(source, target)
    descriptor = os.open(target.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _next(path: Path) -> Path:
    return path.with_name(path.name + ".next")
