"""What a backup says of itself: manifest.json, its check sum, and SHA256SUMS, a line a member.

`sha256sum -c` reads both lists, so that a backup can be checked where there is no Portico.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from portico_server.platform.backup.failures import BackupError, NotThere

FORMAT = 2
"""Of the backup as a whole; grows when an older release could not read it."""
_FORMAT_WITHOUT_STORES = 1
"""What is written where all blobs are in the backup: older releases read that."""
MANIFEST, CHECK, MEMBERS, SEAL = "manifest.json", "manifest.json.sha256", "SHA256SUMS", "manifest.json.hmac"
_MAX_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class DatabaseEntry:
    """A database in a backup: the highest migration of each component, and the blobs that it refers to. `missing` are
    those whose bytes were lost before the backup; `elsewhere` says how many are in which other store, which the backup
    does not have."""

    formats: dict[str, int]
    blobs: int = 0
    blob_bytes: int = 0
    missing: tuple[str, ...] = ()
    elsewhere: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Manifest:
    """`created_at` is the time of the state that the backup holds, RFC 3339. `encryption`: see sealing.py."""

    portico: str
    created_at: str
    node: str
    engine: str
    databases: dict[str, DatabaseEntry]
    members: int
    member_bytes: int
    members_sha256: str
    settings: dict[str, Any] = field(default_factory=dict)
    encryption: dict[str, Any] | None = None
    format: int = FORMAT

    def to_json(self) -> bytes:
        fields = dataclasses.asdict(self)
        if not any(entry.elsewhere for entry in self.databases.values()):
            fields["format"] = _FORMAT_WITHOUT_STORES
            for entry in fields["databases"].values():
                del entry["elsewhere"]
        return (json.dumps(fields, indent=2, sort_keys=True) + "\n").encode()


def check_line(content: bytes) -> bytes:
    """What stands in CHECK."""
    return f"{hashlib.sha256(content).hexdigest()}  {MANIFEST}\n".encode()


def read(folder: Path) -> tuple[Manifest, bytes]:
    """The manifest and its bytes. Raises BackupError for what is no backup, damaged, or of a newer release."""
    content, check = (_content(folder, name) for name in (MANIFEST, CHECK))
    if check != check_line(content):
        raise BackupError(f"{folder / MANIFEST} is damaged: it does not fit {CHECK}. Use another copy of this backup.")
    try:
        fields = json.loads(content)
        number = fields["format"]
    except (ValueError, KeyError, TypeError):
        raise BackupError(f"{folder / MANIFEST} is not the manifest of a backup of Portico's") from None
    if number not in (_FORMAT_WITHOUT_STORES, FORMAT):
        raise BackupError(
            f"{folder} has format {number} and was made by Portico {fields.get('portico', '?')}; this release reads "
            f"format {FORMAT} at most. Restore it with the release that made it, or a newer one."
        )
    try:
        databases = {name: _entry(value) for name, value in fields.pop("databases").items()}
        return Manifest(**fields, databases=databases), content
    except (TypeError, KeyError, AttributeError) as error:
        raise BackupError(f"{folder / MANIFEST} lacks what a manifest has: {error}. Use another copy.") from error


def members(folder: Path) -> Iterator[tuple[str, str]]:
    """The path and the SHA-256 (hex) of every member, in the order of paths. Raises BackupError."""
    try:
        with (folder / MEMBERS).open(encoding="ascii") as lines:
            for line in lines:
                digest, _, path = line.rstrip("\n").partition("  ")
                if len(digest) != hashlib.sha256().digest_size * 2 or not is_member_path(path):
                    raise BackupError(f"{folder / MEMBERS} is damaged: a line reads {line[:100]!r}. Use another copy.")
                yield path, digest
    except (OSError, UnicodeDecodeError) as error:
        raise BackupError(f"{folder / MEMBERS} cannot be read: {error}. Use another copy of this backup.") from error


def is_member_path(path: str) -> bool:
    """Whether a path may stand in a backup: relative, and within it, whatever a damaged list says."""
    parts = path.split("/")
    return bool(path) and all(part not in ("", ".", "..") and "\\" not in part for part in parts)


def _entry(fields: dict[str, Any]) -> DatabaseEntry:
    return DatabaseEntry(**{**fields, "missing": tuple(fields.get("missing", ()))})


def _content(folder: Path, name: str) -> bytes:
    try:
        with (folder / name).open("rb") as file:
            return file.read(_MAX_BYTES)
    except FileNotFoundError:
        told = (
            f"{folder} is no whole backup: it has no {name}. One that was cut short has a name that ends in .unfinished"
        )
        raise (BackupError(told) if folder.exists() else NotThere(told)) from None
    except OSError as error:
        raise BackupError(f"{folder / name} cannot be read: {error.strerror}") from error
