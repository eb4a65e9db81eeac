"""The members of a backup as files: written with their check sums and synced, read and compared."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from portico_server.platform.backup.failures import BackupError
from portico_server.platform.backup.sealing import Sealer
from portico_server.platform.folders import sync_folder

CHUNK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Member:
    """One file of a backup: its path there, the SHA-256 (hex) and the size of what is stored."""

    path: str
    sha256: str
    size_bytes: int


def write(folder: Path, path: str, chunks: Iterator[bytes], sealer: Sealer | None) -> Member:
    """Writes a member, durably but for its folders (see `sync_folders`). Raises OSError."""
    target = folder / path
    _make_private_parents(target)
    stored = sealer.sealed(path, chunks) if sealer else chunks
    digest, size_bytes = hashlib.sha256(), 0
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with open(descriptor, "wb") as file:
        for chunk in stored:
            digest.update(chunk)
            file.write(chunk)
            size_bytes += len(chunk)
        file.flush()
        os.fdatasync(descriptor)
        _forget_pages(descriptor)
    return Member(path, digest.hexdigest(), size_bytes)


def link(previous: Path, folder: Path, path: str, sha256: str) -> Member | None:
    """Takes a member over from an earlier backup by a hard link, unread; None where that cannot be done."""
    target = folder / path
    _make_private_parents(target)
    try:
        os.link(previous / path, target)
    except OSError:
        return None
    return Member(path, sha256, target.stat().st_size)


def read(folder: Path, path: str, sha256: str, sealer: Sealer | None) -> Iterator[bytes]:
    """A member's own bytes. Raises BackupError, at the end at the latest, where they are not those that were stored."""
    digest = hashlib.sha256()
    try:
        with (folder / path).open("rb", buffering=0) as file:
            for chunk in iter(lambda: file.read(CHUNK_BYTES), b""):
                digest.update(chunk)
                if sealer is None:
                    yield chunk
            if digest.hexdigest() != sha256:
                raise BackupError(f"the member {path} of {folder} is damaged. Use another copy of this backup.")
            if sealer is not None:
                file.seek(0)
                with open(os.dup(file.fileno()), "rb") as stored:
                    yield from sealer.unsealed(path, stored)
            _forget_pages(file.fileno())
    except FileNotFoundError:
        raise BackupError(f"the member {path} of {folder} is missing. Use another copy of this backup.") from None
    except OSError as error:
        raise BackupError(f"the member {path} of {folder} cannot be read: {error.strerror}") from error


def chunks_of(source: Path) -> Iterator[bytes]:
    """A file's bytes, without pushing what others read out of the page cache."""
    with source.open("rb", buffering=0) as file:
        while chunk := file.read(CHUNK_BYTES):
            yield chunk
        _forget_pages(file.fileno())


def write_plain(path: Path, chunks: Iterator[bytes]) -> None:
    """A new file with these bytes, synced, for its owner alone; parents are made."""
    _make_private_parents(path)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with open(descriptor, "wb") as file:
        for chunk in chunks:
            file.write(chunk)
        file.flush()
        os.fdatasync(descriptor)


def sync_folders(folder: Path) -> None:
    """Makes every name below a folder, and the folder's own, durable."""
    for path, _, _ in os.walk(folder, topdown=False):
        sync_folder(Path(path))
    sync_folder(folder.parent)


def _make_private_parents(path: Path) -> None:
    """`mkdir(parents=True)` would give its mode to the last one alone."""
    if not path.parent.exists():
        _make_private_parents(path.parent)
        path.parent.mkdir(mode=0o700, exist_ok=True)


def _forget_pages(descriptor: int) -> None:
    with contextlib.suppress(OSError):
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
