"""Makes a backup of a platform, running or not, from a process of its own: the platform's event loop does nothing.

In this order: the blobs are held, so that none is removed; the databases are seen at one moment; then files, databases
and those blobs are copied that the databases refer to. All is written beside the destination, synced, and renamed.
"""

from __future__ import annotations

import contextlib
import datetime
import fcntl
import hashlib
import json
import os
import shutil
import socket
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from portico_server.platform.backup import manifest, members, snapshots
from portico_server.platform.backup.blob_members import BlobsTaken, take_blobs
from portico_server.platform.backup.data_folder import LATEST, LOCK, kept_files
from portico_server.platform.backup.earlier import Earlier
from portico_server.platform.backup.failures import BackupError, NotThere
from portico_server.platform.backup.manifest import DatabaseEntry, Manifest
from portico_server.platform.backup.members import Member
from portico_server.platform.backup.sealing import Sealer
from portico_server.platform.backup.subject import ProductState, Progress, silent
from portico_server.platform.blobs import backing
from portico_server.platform.folders import sync_folder
from portico_server.platform.private_files import own_as, replace_file
from portico_server.platform.settings import Settings

UNFINISHED = ".unfinished"
_SCRATCH = ".backup-"
_SECRET_SETTINGS = frozenset({"database", "data"})


@dataclass(frozen=True, slots=True)
class Made:
    """A backup that was made. `reused_bytes` of its `bytes` are links into the earlier one; `missing` are blobs that
    the platform itself has lost; `elsewhere` says how many are in which other store, and not in the backup."""

    path: str
    created_at: str
    members: int
    bytes: int
    blobs: int
    reused_bytes: int
    missing: tuple[str, ...]
    elsewhere: dict[str, int]


def make(
    settings: Settings,
    products: Sequence[ProductState],
    destination: Path,
    *,
    passphrase: bytes | None = None,
    earlier: Path | None = None,
    config: Path | None = None,
    progress: Progress = silent,
) -> Made:
    """Writes a backup as the new folder `destination`.

    `earlier` is a backup of the same platform: blobs that it has are linked, not copied. `config` is the portico.toml
    in force where it is not the data directory's. Raises BackupError; OSError where the disk fails.
    """
    data = settings.data
    _check_destination(data, destination)
    before = Earlier.opened(earlier, passphrase) if earlier is not None else None
    sealer = before.sealer if before else Sealer.new(passphrase) if passphrase is not None else None
    with _one_at_a_time(data), _beside(destination) as unfinished, _scratch(data) as scratch:
        with contextlib.ExitStack() as holds:
            for folder in _blob_folders(data):
                holds.enter_context(backing.held(folder))
            created_at = datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds")
            copies = snapshots.take(settings, products, scratch, progress)
            written = [*_add_files(unfinished, data, config, sealer), *_add_databases(unfinished, copies, sealer)]
            with (unfinished / manifest.MEMBERS).open("x", encoding="ascii") as listed:
                taken = take_blobs(unfinished, data, products, copies, listed, sealer, before, progress)
        made = _finish(unfinished, destination, settings, created_at, written, copies, taken, sealer)
    replace_file(data / LATEST, json.dumps({"path": made.path, "created_at": created_at}).encode())
    own_as(data, data / LATEST)
    return made


def _check_destination(data: Path, destination: Path) -> None:
    if not data.is_dir() or not (data / "keys").is_dir():
        raise NotThere(f"there is no platform in {data}: name its data directory with --data")
    if destination.resolve().is_relative_to(data.resolve()):
        raise BackupError(f"{destination} is in the data directory: choose a place outside, best on another disk")
    if destination.exists() and (not destination.is_dir() or any(destination.iterdir())):
        raise BackupError(f"{destination} is there already: name a new folder, one a backup")
    if not destination.absolute().parent.is_dir():
        raise BackupError(f"there is no folder {destination.absolute().parent}: make it, or choose another place")


@contextlib.contextmanager
def _one_at_a_time(data: Path) -> Iterator[None]:
    descriptor = os.open(data / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    own_as(data, descriptor)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BackupError(f"another backup of {data} is being made: wait for its end") from None
        yield
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _beside(destination: Path) -> Iterator[Path]:
    """The folder that becomes the backup; gone if that fails. One that was left by a crash is replaced."""
    folder = destination.absolute().with_name(destination.name + UNFINISHED)
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(mode=0o700)
    try:
        yield folder
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


@contextlib.contextmanager
def _scratch(data: Path) -> Iterator[Path]:
    """Where the databases' copies wait: on the disk where their contents stand in plain text anyway."""
    for left in data.glob(f"{_SCRATCH}*"):  # of a backup that was killed; no other one runs
        shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=_SCRATCH, dir=data) as folder:
        yield Path(folder)


def _blob_folders(data: Path) -> list[Path]:
    return sorted(path for path in (data / "blobs").glob("*") if path.is_dir())


def _add_files(unfinished: Path, data: Path, config: Path | None, sealer: Sealer | None) -> Iterator[Member]:
    found = dict(kept_files(data))
    if config is not None:
        found["portico.toml"] = config
    for name, path in sorted(found.items()):
        with contextlib.suppress(FileNotFoundError):  # replaced or removed since it was listed
            yield members.write(unfinished, f"files/{name}", members.chunks_of(path), sealer)


def _add_databases(unfinished: Path, copies: dict[str, Path], sealer: Sealer | None) -> Iterator[Member]:
    for name, path in sorted(copies.items()):
        yield members.write(unfinished, f"databases/{name}.sqlite", members.chunks_of(path), sealer)


def _finish(
    unfinished: Path,
    destination: Path,
    settings: Settings,
    created_at: str,
    written: list[Member],
    copies: dict[str, Path],
    taken: BlobsTaken,
    sealer: Sealer | None,
) -> Made:
    """Writes the lists, makes all of it durable and gives it its name."""
    with (unfinished / manifest.MEMBERS).open("a", encoding="ascii") as listed:
        for member in written:
            listed.write(f"{member.sha256}  {member.path}\n")
    described = Manifest(
        portico=version("portico"),
        created_at=created_at,
        node=socket.gethostname(),
        engine="sqlite" if settings.database == "sqlite" else "postgresql",
        databases={name: _entry(path, name, taken) for name, path in sorted(copies.items())},
        members=len(written) + taken.members,
        member_bytes=sum(member.size_bytes for member in written) + taken.member_bytes,
        members_sha256=_digest(unfinished / manifest.MEMBERS),
        settings={k: v for k, v in json.loads(settings.to_json()).items() if k not in _SECRET_SETTINGS},
        encryption=sealer.description if sealer else None,
    )
    content = described.to_json()
    replace_file(unfinished / manifest.MANIFEST, content)
    replace_file(unfinished / manifest.CHECK, manifest.check_line(content))
    if sealer:
        replace_file(unfinished / manifest.SEAL, sealer.seal_of(content))
    _sync_file(unfinished / manifest.MEMBERS)
    members.sync_folders(unfinished)
    unfinished.rename(destination)
    sync_folder(destination.absolute().parent)
    missing = tuple(sorted(one for entry in described.databases.values() for one in entry.missing))
    blobs = sum(entry.blobs for entry in described.databases.values())
    elsewhere = Counter[str]()
    for entry in described.databases.values():
        elsewhere.update(entry.elsewhere)
    return Made(
        str(destination),
        created_at,
        described.members,
        described.member_bytes,
        blobs,
        taken.reused_bytes,
        missing,
        dict(elsewhere),
    )


def _entry(path: Path, name: str, taken: BlobsTaken) -> DatabaseEntry:
    connection = snapshots.open_copy(path)
    try:
        formats = snapshots.formats_of(connection)
    finally:
        connection.close()
    count = taken.of(name)
    return DatabaseEntry(formats, count.blobs, count.blob_bytes, tuple(count.missing), dict(count.elsewhere))


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync_file(path: Path) -> None:
    path.chmod(0o600)
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
