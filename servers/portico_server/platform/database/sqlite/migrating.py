"""Brings an SQLite database to the newest format, and keeps a copy of what was there before."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import apsw

from portico_server.platform.clock import Clock
from portico_server.platform.database.interface import DatabaseError
from portico_server.platform.database.migrations import READ_APPLIED, STAMP_TABLE, WRITE_STAMP, Migration, pending
from portico_server.platform.database.portable import for_sqlite, script_for_sqlite
from portico_server.platform.database.sqlite.connections import open_writer, translated
from portico_server.platform.folders import sync_folder

_LOCK_MILLISECONDS = 5000


def migrate(path: Path, migrations: Sequence[Migration], clock: Clock) -> None:
    """Applies what is pending. Blocks: for a thread. Raises FormatTooNew, StorageFull, StorageFailed."""
    connection = None
    try:
        connection = open_writer(path)
        connection.set_busy_timeout(_LOCK_MILLISECONDS)
        todo = pending(path.name, migrations, _applied(connection))
        if not _has_tables(connection):
            sync_folder(path.parent)  # a new file
        elif todo:
            _keep_copy(connection, path, todo[0])
        for migration in todo:
            _apply(connection, migration, clock.now_us())
    except (apsw.Error, OSError) as error:
        failure = translated(error, connection)
        raise type(failure)(f"{path}: {failure}") from error
    finally:
        if connection is not None:
            connection.close()


def _has_tables(connection: apsw.Connection) -> bool:
    return bool(connection.execute("SELECT 1 FROM sqlite_schema LIMIT 1").fetchall())


def _applied(connection: apsw.Connection) -> list[Any]:
    if not connection.table_exists("main", "platform_migration"):
        return []
    return connection.execute(READ_APPLIED).fetchall()


def _apply(connection: apsw.Connection, migration: Migration, now_us: int) -> None:
    connection.execute("PRAGMA foreign_keys = OFF")  # while a table is rebuilt; checked at the end
    with connection:  # a transaction, undone by an error
        for statement in script_for_sqlite(STAMP_TABLE + migration.script):
            connection.execute(statement).fetchall()
        stamp = (migration.component, migration.number, migration.name, now_us)
        connection.execute(for_sqlite(WRITE_STAMP).sql, stamp)
        if broken := connection.execute("PRAGMA foreign_key_check").fetchall():
            raise DatabaseError(f"migration {migration.label} leaves foreign keys without their rows: {broken[:3]}")


def _keep_copy(connection: apsw.Connection, path: Path, migration: Migration) -> None:
    """A whole, synced copy named `objects.sqlite.before-0002`; it appears at once or not at all."""
    copy = path.with_name(f"{path.name}.before-{migration.label}")
    unfinished = copy.with_name(f"{copy.name}.unfinished")
    unfinished.unlink(missing_ok=True)
    descriptor = os.open(unfinished, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        connection.execute("VACUUM INTO ?1", (str(unfinished),)).fetchall()
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    unfinished.replace(copy)
    sync_folder(path.parent)
