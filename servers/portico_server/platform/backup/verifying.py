"""Looks through a whole backup: every member is there and as it was stored, every database is whole."""

from __future__ import annotations

import hashlib
import hmac
import tempfile
from dataclasses import dataclass
from pathlib import Path

from portico_server.platform.backup import manifest, members, snapshots
from portico_server.platform.backup.failures import BackupError
from portico_server.platform.backup.manifest import Manifest
from portico_server.platform.backup.sealing import Sealer
from portico_server.platform.backup.subject import Progress, silent


@dataclass(frozen=True, slots=True)
class Verified:
    """A backup that is whole."""

    path: str
    created_at: str
    portico: str
    engine: str
    encrypted: bool
    members: int
    bytes: int
    databases: dict[str, dict[str, int]]
    """The formats of each."""


def verify(
    folder: Path, *, passphrase: bytes | None = None, scratch: Path | None = None, progress: Progress = silent
) -> Verified:
    """Raises BackupError for what is damaged, cut, or of a newer release. An encrypted backup needs its passphrase.

    `scratch` is the folder on whose disk an encrypted backup's databases may stand while they are looked at, one after
    the other, in a file without a name; the system's folder for temporary files where it is None or not there.
    """
    described, sealer = open_backup(folder, passphrase)
    done = 0
    for path, sha256 in manifest.members(folder):
        if path.startswith("databases/"):
            done += _verify_database(folder, path, sha256, sealer, scratch)
        else:
            done += sum(len(chunk) for chunk in members.read(folder, path, sha256, sealer))
        progress("members", done, described.member_bytes)
    return Verified(
        str(folder),
        described.created_at,
        described.portico,
        described.engine,
        sealer is not None,
        described.members,
        described.member_bytes,
        {name: entry.formats for name, entry in described.databases.items()},
    )


def open_backup(folder: Path, passphrase: bytes | None) -> tuple[Manifest, Sealer | None]:
    """The manifest and what opens the members; the lists are looked through, the members are not. Raises
    BackupError."""
    described, content = manifest.read(folder)
    sealer = opened_sealer(folder, described, content, passphrase)
    try:
        with (folder / manifest.MEMBERS).open("rb") as listed:
            digest = hashlib.file_digest(listed, "sha256").hexdigest()
    except OSError as error:
        raise BackupError(f"{folder / manifest.MEMBERS} cannot be read: {error.strerror}. Use another copy.") from error
    if digest != described.members_sha256:
        raise BackupError(f"{folder / manifest.MEMBERS} is damaged or cut. Use another copy of this backup.")
    return described, sealer


def opened_sealer(folder: Path, described: Manifest, content: bytes, passphrase: bytes | None) -> Sealer | None:
    """What opens an encrypted backup's members; None where it is not encrypted. Raises BackupError."""
    if described.encryption is None:
        return None
    if passphrase is None:
        raise BackupError(f"{folder} is encrypted: give its passphrase with --passphrase-file")
    sealer = Sealer.opened(passphrase, described.encryption)
    try:
        seal = (folder / manifest.SEAL).read_bytes()
    except OSError as error:
        raise BackupError(f"{folder / manifest.SEAL} cannot be read: {error.strerror}. Use another copy.") from error
    if not hmac.compare_digest(seal, sealer.seal_of(content)):
        raise BackupError(f"{folder / manifest.MANIFEST} was changed by somebody without the passphrase")
    return sealer


def _verify_database(folder: Path, path: str, sha256: str, sealer: Sealer | None, scratch: Path | None) -> int:
    """Its bytes; raises BackupError if it is damaged, though its check sum be right."""
    content = members.read(folder, path, sha256, sealer)
    if sealer is None:
        size_bytes = sum(map(len, content))
        problem = snapshots.problem_of(folder / path)
    else:
        size_bytes, problem = snapshots.problem_of_content(content, _where_to_look(scratch))
    if problem:
        raise BackupError(f"the database {path} of {folder} is damaged: {problem}. Use another backup.")
    return size_bytes


def _where_to_look(scratch: Path | None) -> Path:
    return scratch if scratch is not None and scratch.is_dir() else Path(tempfile.gettempdir())
