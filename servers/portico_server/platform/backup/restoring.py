"""Restores a backup into an empty data directory, as it was at the backup's moment.

Everything is verified before anything is written, and written below `.restoring` before any of it gets its name. While
that folder is there, no platform starts: a restore that was cut short is done again, or finished, by the same command.
"""

from __future__ import annotations

import json
import shutil
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from portico_server.platform.backup import manifest, members
from portico_server.platform.backup.data_folder import RESTORING
from portico_server.platform.backup.failures import BackupError
from portico_server.platform.backup.manifest import Manifest
from portico_server.platform.backup.sealing import Sealer
from portico_server.platform.backup.subject import ProductState, Progress, silent
from portico_server.platform.backup.verifying import open_backup, verify
from portico_server.platform.database.migrations import formats, migrations_of
from portico_server.platform.folders import sync_folder
from portico_server.platform.moving import state
from portico_server.platform.moving.configuration import settle
from portico_server.platform.private_files import replace_file
from portico_server.platform.settings import Settings

_READY = "ready"
_MAY_BE_THERE = frozenset({"lock", "lost+found", "logs", "run", RESTORING})  # a start that was refused makes some


@dataclass(frozen=True, slots=True)
class Restored:
    """A platform that was restored. `settings` are those that it ran with and that neither its portico.toml nor a
    default gives."""

    data: str
    created_at: str
    members: int
    bytes: int
    settings: dict[str, Any]


def restore(
    folder: Path,
    data: Path,
    products: Sequence[ProductState],
    *,
    database: str | None = None,
    passphrase: bytes | None = None,
    progress: Progress = silent,
) -> Restored:
    """Restores into `data`, whose lock the caller holds; databases to files, or to the PostgreSQL that `database`
    names.

    Raises BackupError, MoveError: then the backup cannot be used as it is, or the target is not empty, and nothing was
    changed.
    """
    described, sealer = open_backup(folder, passphrase)
    target = _database(described, database)
    _check_formats(folder, described, products)
    scratch = data / RESTORING
    if not (scratch / _READY).exists():
        _check_empty(data)
        _check_room(data, described)
        verify(folder, passphrase=passphrase, scratch=data, progress=progress)
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir(mode=0o700)
        _copy(folder, scratch, described, sealer, progress)
        if target != "sqlite":
            files = {name: scratch / "databases" / f"{name}.sqlite" for name in described.databases}
            state.write_all(files, target, products, progress)
            shutil.rmtree(scratch / "databases", ignore_errors=True)
        settle(scratch / "files" / "portico.toml", target, moved=True)
        members.sync_folders(scratch)
        replace_file(scratch / _READY, b"")
    restored = _restored(data, described, scratch)
    _move(scratch, data)
    return restored


def _database(described: Manifest, database: str | None) -> str:
    if database is None and described.engine != "sqlite":
        raise BackupError(
            "this backup is of a platform on PostgreSQL: say with --database where to restore to, `sqlite` or "
            "postgresql://USER@HOST/DATABASE"
        )
    return database or "sqlite"


def _check_formats(folder: Path, described: Manifest, products: Sequence[ProductState]) -> None:
    known = {product.name: product for product in products}
    for name, entry in described.databases.items():
        product = known.get(name)
        if product is None or product.migrations is None:
            continue
        readable = formats(migrations_of(name, product.migrations))
        for component, number in entry.formats.items():
            if number > readable.get(component, 0):
                raise BackupError(
                    f"{folder} was made by a newer release, Portico {described.portico}: the {component} tables of "
                    f"{name} have format {number}, this release knows formats up to {readable.get(component, 0)}. "
                    f"Restore it with that release, or a newer one."
                )


def _check_empty(data: Path) -> None:
    found = sorted(path.name for path in data.iterdir() if path.name not in _MAY_BE_THERE)
    if found:
        raise BackupError(
            f"{data} is not empty ({', '.join(found[:5])}): restore into a new directory, or move these away first"
        )


def _check_room(data: Path, described: Manifest) -> None:
    free = shutil.disk_usage(data).free
    if free < described.member_bytes:
        raise BackupError(
            f"the disk of {data} has {free:,} bytes free, and the backup holds {described.member_bytes:,}: make room"
        )


def _copy(folder: Path, scratch: Path, described: Manifest, sealer: Sealer | None, progress: Progress) -> None:
    done = 0
    for path, sha256 in manifest.members(folder):
        members.write_plain(scratch / path, members.read(folder, path, sha256, sealer))
        done += (folder / path).stat().st_size
        progress("restored", done, described.member_bytes)


def _restored(data: Path, described: Manifest, scratch: Path) -> Restored:
    configuration = scratch / "files" / "portico.toml"
    if not configuration.exists():
        configuration = data / "portico.toml"
    given = tomllib.loads(configuration.read_text()) if configuration.exists() else {}
    usual = json.loads(Settings().to_json())
    settings = {
        name: value
        for name, value in described.settings.items()
        if name in usual and value != usual[name] and given.get(name) != value
    }
    return Restored(str(data), described.created_at, described.members, described.member_bytes, settings)


def _move(scratch: Path, data: Path) -> None:
    """Gives everything its name. Begun again after a crash, it goes on where it was."""
    for part in ("blobs", "databases"):
        if (scratch / part).exists():
            (scratch / part).rename(data / part)
    for path in sorted((scratch / "files").glob("*")):
        path.rename(data / path.name)
    sync_folder(data)
    shutil.rmtree(scratch)
    sync_folder(data)
