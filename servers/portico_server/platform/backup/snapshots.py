"""Databases as they are at one moment, as SQLite files, whichever engine they are on."""

from __future__ import annotations

import contextlib
import functools
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from urllib.parse import quote

import apsw

from portico_server.platform.backup.failures import BackupError
from portico_server.platform.backup.nameless import nameless_database
from portico_server.platform.backup.subject import ProductState, Progress
from portico_server.platform.database.migrations import READ_STAMP
from portico_server.platform.moving import state
from portico_server.platform.settings import Settings

_PAGES_AT_ONCE = 256
_BUSY_MILLISECONDS = 10_000


def take(settings: Settings, products: Sequence[ProductState], folder: Path, progress: Progress) -> dict[str, Path]:
    """Writes every database of the platform into the folder, as NAME.sqlite; answers them by name.

    The databases of SQLite are all seen as they are when this begins: a reader's view is opened on each, then they are
    copied; PostgreSQL's are read in one transaction. Raises BackupError, MoveError, OSError.
    """
    if settings.database != "sqlite":
        return state.snapshots(settings.database, folder, products, progress)
    files = sorted((settings.data / "databases").glob("*.sqlite"))
    copies: dict[str, Path] = {}
    with contextlib.ExitStack() as stack:
        try:
            views = [(path.stem, _view(path, stack)) for path in files]
            done, total = 0, sum(path.stat().st_size for path in files)
            for name, view in views:
                copies[name] = folder / f"{name}.sqlite"
                told = functools.partial(_tell, progress, done, total)
                done += _copied(view, copies[name], told)
        except apsw.Error as error:
            raise BackupError(
                f"a database of {settings.data} cannot be read: {error}. See `portico doctor`."
            ) from error
    return copies


def open_copy(path: Path) -> apsw.Connection:
    """A database in a backup, which nobody changes."""
    return apsw.Connection(
        f"file:{quote(str(path))}?mode=ro&immutable=1", flags=apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI
    )


def formats_of(connection: apsw.Connection) -> dict[str, int]:
    """The highest migration of each component."""
    return {str(component): int(str(number)) for component, number in connection.execute(READ_STAMP)}


def problem_of(path: Path) -> str:
    """What is wrong with a copy, by SQLite's own check; empty where nothing is."""
    try:
        connection = open_copy(path)
        try:
            return _problem(connection)
        finally:
            connection.close()
    except apsw.Error as error:
        return str(error)


def problem_of_content(content: Iterator[bytes], folder: Path) -> tuple[int, str]:
    """The size in bytes of a database that is decrypted, and what is wrong with it, as `problem_of` says. Meanwhile it
    stands on the folder's disk, in a file without a name. Raises OSError, and what `content` raises."""
    with tempfile.TemporaryFile(dir=folder) as file:
        for chunk in content:
            file.write(chunk)
        file.flush()
        try:
            with nameless_database(file) as connection:
                return file.tell(), _problem(connection)
        except apsw.Error as error:
            return file.tell(), str(error)


def _problem(connection: apsw.Connection) -> str:
    found = connection.execute("PRAGMA quick_check(1)").fetchall()
    formats_of(connection)
    return "" if found == [("ok",)] else str(found[0][0])


def _view(path: Path, stack: contextlib.ExitStack) -> apsw.Connection:
    """A connection that sees the database as it is now until it is closed; it hinders no writer."""
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
    stack.callback(connection.close)
    connection.set_busy_timeout(_BUSY_MILLISECONDS)
    connection.execute("PRAGMA query_only = ON")
    connection.execute("BEGIN")
    connection.execute("SELECT count(*) FROM sqlite_schema").fetchall()  # only now the view is opened
    return connection


def _copied(view: apsw.Connection, path: Path, advance: Callable[[int], None]) -> int:
    """Copies what the view sees, page by page; answers its bytes."""
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    copy = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
    try:
        copy.execute("PRAGMA synchronous = OFF")  # synced once, when it is a member
        page_bytes = int(str(view.execute("PRAGMA page_size").fetchall()[0][0]))
        with copy.backup("main", view, "main") as backup:
            while not backup.done:
                backup.step(_PAGES_AT_ONCE)
                advance((backup.page_count - backup.remaining) * page_bytes)
    finally:
        copy.close()
    return path.stat().st_size


def _tell(progress: Progress, before_bytes: int, total_bytes: int, done_bytes: int) -> None:
    progress("databases", before_bytes + done_bytes, total_bytes)
