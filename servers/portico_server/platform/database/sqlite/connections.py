"""SQLite connections as the engine wants them, and SQLite's errors as the interface has them."""

from __future__ import annotations

import os
from pathlib import Path

import apsw

from portico_server.platform.database.interface import (
    Contended,
    Corrupted,
    DatabaseError,
    OutcomeUnknown,
    Overloaded,
    StorageFailed,
    StorageFull,
    StorageReadOnly,
)
from portico_server.platform.database.sqlite.settling import settle_log
from portico_server.platform.disk_errors import meaning_of

_STATEMENT_CACHE = 512
_OPENING_MILLISECONDS = 2000
_SETTINGS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA cache_size = -65536",  # KiB
    "PRAGMA journal_size_limit = 67108864",  # bytes that the log keeps after a long reader had let it grow
)


def open_writer(path: Path) -> apsw.Connection:
    """The one connection that writes. Creates the file, for its owner alone; the log beside it gets the same mode.

    Not while this process has the file open: to close it, here, would end SQLite's locks.
    """
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    return reopen_writer(path)


def reopen_writer(path: Path) -> apsw.Connection:
    """The same for a file that is there and may be open. What its log holds is durable then.

    Raises apsw.Error, OSError.
    """
    connection = _open(path)
    try:
        settle_log(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def open_reader(path: Path) -> apsw.Connection:
    """A connection that cannot write."""
    connection = _open(path)
    connection.execute("PRAGMA query_only = ON")
    return connection


def _open(path: Path) -> apsw.Connection:
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE, statementcachesize=_STATEMENT_CACHE)
    connection.set_busy_timeout(_OPENING_MILLISECONDS)
    for option in (apsw.SQLITE_DBCONFIG_DQS_DML, apsw.SQLITE_DBCONFIG_DQS_DDL, apsw.SQLITE_DBCONFIG_TRUSTED_SCHEMA):
        connection.config(option, 0)  # "text" is a name, never a string; a schema runs no function of its own
    connection.config(apsw.SQLITE_DBCONFIG_DEFENSIVE, 1)
    # Plans do not depend on values. Else many statements are prepared anew at every call: 7 to 18 us each.
    connection.config(apsw.SQLITE_DBCONFIG_ENABLE_QPSG, 1)
    for setting in _SETTINGS:
        connection.execute(setting).fetchall()
    connection.set_busy_timeout(0)  # from now on it is the event loop that would wait
    return connection


_FULL = (apsw.FullError, apsw.CantOpenError)
_CONTENDED = (apsw.BusyError, apsw.LockedError)
_CORRUPTED = (apsw.CorruptError, apsw.NotADBError)
_NOT_SYNCED = frozenset({apsw.SQLITE_IOERR_FSYNC, apsw.SQLITE_IOERR_DIR_FSYNC})


def translated(error: Exception, connection: apsw.Connection | None = None) -> Exception:
    """The interface's error for one of SQLite's or the disk's. Anything else (a guard, a bug) stays what it is.

    `connection`: the one that raised it, which knows what the system said; a quota is no other error to SQLite than a
    broken disk.
    """
    if isinstance(error, OSError):
        return (meaning_of(error.errno) or StorageFailed)(f"the database's disk: {error}")
    if not isinstance(error, apsw.Error):
        return error
    said = meaning_of(connection.system_errno) if connection is not None else None
    if isinstance(error, apsw.ReadOnlyError):
        return StorageReadOnly(f"the database's disk takes no writes ({error})")
    if isinstance(error, _FULL):
        kind = StorageReadOnly if said is StorageReadOnly else StorageFull
        return kind(f"the database's disk is full or read-only ({error}); once it takes writes it goes on by itself")
    if isinstance(error, _CONTENDED):
        return Contended(f"another program holds the database file's lock ({error})")
    if isinstance(error, apsw.IOError):
        # A sync that failed may have left the whole transaction in the log, and the next start would find it there.
        if getattr(error, "extendedresult", None) in _NOT_SYNCED:
            return OutcomeUnknown(f"the disk refused to make a commit durable ({error})")
        if connection is not None and said in (StorageFull, StorageReadOnly):
            return said(f"the database's disk refuses it ({os.strerror(connection.system_errno)})")
        return StorageFailed(f"the database's disk fails ({error}); the kernel's log says more")
    if isinstance(error, _CORRUPTED):
        return Corrupted(f"the database file is damaged ({error}); restore a backup")
    return Overloaded(str(error)) if isinstance(error, apsw.NoMemError) else DatabaseError(str(error))
