"""`portico state move`: a platform's databases from files to PostgreSQL, or back.

The target must be empty, or hold exactly what is moved: then an earlier try was cut short, and is finished. What
was moved stays beside, as NAME.sqlite.moved, or in PostgreSQL, until somebody removes it.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import apsw
import psycopg

from portico_server.platform.backup.subject import ProductState, Progress, silent
from portico_server.platform.database.migrations import Migration, migrations_of
from portico_server.platform.folders import make_folder, sync_folder
from portico_server.platform.moving import postgresql, tables
from portico_server.platform.moving.failures import MoveError

MOVED = ".moved"


@dataclass(frozen=True, slots=True)
class Moved:
    """What was moved: rows by table and product; `already` are products that an earlier try had moved."""

    source: str
    target: str
    rows: dict[str, dict[str, int]]
    already: tuple[str, ...] = ()


def to_postgresql(data: Path, dsn: str, products: Sequence[ProductState], progress: Progress = silent) -> Moved:
    """Copies all databases of a data directory, whose lock the caller holds, in one transaction. Raises MoveError."""
    files = database_files(data)
    if not files:
        raise MoveError(f"{data / 'databases'} holds no database: there is nothing to move")
    known = migrations_by_name(products, files)
    with contextlib.ExitStack() as stack:
        sources = {name: stack.enter_context(contextlib.closing(tables.open_readable(p))) for name, p in files.items()}
        with errors_told():
            total = sum(count for source in sources.values() for count in row_counts(source).values())
            already = _write_all(sources, dsn, known, _Rows(progress, total))
            rows = {name: row_counts(source) for name, source in sources.items()}
    return Moved("sqlite", "postgresql", rows, already)


def write_all(
    sources: Mapping[str, Path], dsn: str, products: Sequence[ProductState], progress: Progress = silent
) -> None:
    """The same of SQLite files anywhere, as of a backup."""
    known = migrations_by_name(products, sources)
    with contextlib.ExitStack() as stack, errors_told():
        opened = {
            name: stack.enter_context(contextlib.closing(tables.open_readable(path))) for name, path in sources.items()
        }
        _write_all(opened, dsn, known, _Rows(progress, 0))


def to_sqlite(data: Path, dsn: str, products: Sequence[ProductState], progress: Progress = silent) -> Moved:
    """Copies all schemas into files of a data directory, whose lock the caller holds. Raises MoveError."""
    folder = data / "databases"
    make_folder(folder)
    told = _Rows(progress, 0)
    rows: dict[str, dict[str, int]] = {}
    already = []
    with postgresql.connected(dsn) as connection, errors_told():
        _read_one_state(connection)
        names = postgresql.schemas(connection)
        if not names:
            raise MoveError("that PostgreSQL database holds no state of a platform: there is nothing to move")
        _refuse_running(connection)
        known = migrations_by_name(products, names)
        for name in names:
            path = folder / f"{name}.sqlite"
            if path.exists():
                _check_same(connection, name, path)
                already.append(name)
            else:
                _read_one(connection, name, path, known[name], told)
            with contextlib.closing(tables.open_readable(path)) as copy:
                rows[name] = row_counts(copy)
    return Moved("postgresql", "sqlite", rows, tuple(already))


def snapshots(dsn: str, folder: Path, products: Sequence[ProductState], progress: Progress = silent) -> dict[str, Path]:
    """Every schema as it is at one moment, as SQLite files in a folder, though platforms run. Raises MoveError."""
    told = _Rows(progress, 0)
    with postgresql.connected(dsn) as connection, errors_told():
        _read_one_state(connection)
        names = postgresql.schemas(connection)
        known = migrations_by_name(products, names)
        files = {name: folder / f"{name}.sqlite" for name in names}
        for name, path in files.items():
            postgresql.read_schema(connection, name, path, known[name], told)
    return files


def set_aside(data: Path) -> None:
    """What was moved away from files gets another name, so that no platform takes it for its state."""
    for path in database_files(data).values():
        number = 0
        while (aside := path.with_name(f"{path.name}{MOVED}{f'-{number}' if number else ''}")).exists():
            number += 1
        path.rename(aside)


def database_files(data: Path) -> dict[str, Path]:
    """The databases of a data directory by product."""
    return {path.stem: path for path in sorted((data / "databases").glob("*.sqlite"))}


def row_counts(source: apsw.Connection) -> dict[str, int]:
    """The number of rows of each table."""
    counts = {}
    for table in tables.tables_of(source):
        found = source.execute(f"SELECT count(*) FROM {tables.quoted(table.name)}").fetchall()  # noqa: S608
        counts[table.name] = int(str(found[0][0]))
    return counts


def migrations_by_name(
    products: Sequence[ProductState], names: Sequence[str] | Mapping[str, Path]
) -> dict[str, list[Migration]]:
    """The migrations of these products. Raises MoveError for a product that this platform does not know."""
    known = {product.name: product.migrations for product in products if product.migrations is not None}
    for name in names:
        if name not in known:
            raise MoveError(
                f"no product {name} is known here, so the format of its database is not either: name its module in "
                "the setting extra_products"
            )
    return {name: migrations_of(name, known[name]) for name in names}


@contextlib.contextmanager
def errors_told() -> Iterator[None]:
    """What an engine refuses is raised as MoveError."""
    try:
        yield
    except psycopg.Error as error:
        raise MoveError(f"PostgreSQL refuses: {' '.join(str(error).split())}") from error
    except apsw.Error as error:
        raise MoveError(f"a database cannot be read: {error}; see `portico doctor`") from error


class _Rows:
    """Counts rows for whoever watches; 0 in all where nobody knows how many there are."""

    def __init__(self, progress: Progress, total: int) -> None:
        self._progress, self._total, self._done = progress, total, 0

    def __call__(self, rows: int) -> None:
        self._done += rows
        self._progress("rows", self._done, self._total)


def _write_all(
    sources: Mapping[str, apsw.Connection], dsn: str, known: Mapping[str, list[Migration]], told: _Rows
) -> tuple[str, ...]:
    """In one transaction; answers the products that were there already."""
    already = []
    with postgresql.connected(dsn) as connection:
        _refuse_running(connection)
        for name, source in sources.items():
            source.execute("BEGIN")  # one view of it, for rows and digests
            if postgresql.is_empty(connection, name):
                continue
            if different := postgresql.differences(source, connection, name):
                raise MoveError(
                    f"that PostgreSQL database has a schema {name} with other rows (in {', '.join(different[:5])}): "
                    f"name an empty database, or drop the schema if it is not needed"
                )
            already.append(name)
        for name, source in sources.items():
            if name not in already:
                postgresql.write_schema(source, connection, name, known[name], told)
            source.execute("COMMIT")
    return tuple(already)


def _refuse_running(connection: postgresql.Connection) -> None:
    if count := postgresql.others_connected(connection):
        raise MoveError(f"a platform runs on that PostgreSQL database ({count} connections): stop it on every node")


def _read_one_state(connection: postgresql.Connection) -> None:
    """For a transaction that has not begun: it sees one state, and writes nothing."""
    connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    connection.read_only = True


def _read_one(
    connection: postgresql.Connection, name: str, path: Path, migrations: Sequence[Migration], told: _Rows
) -> None:
    """Beside its place, synced, then renamed."""
    beside = path.with_name(f"{path.name}.unfinished")
    beside.unlink(missing_ok=True)
    postgresql.read_schema(connection, name, beside, migrations, told)
    descriptor = os.open(beside, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    beside.rename(path)
    sync_folder(path.parent)


def _check_same(connection: postgresql.Connection, name: str, path: Path) -> None:
    with contextlib.closing(tables.open_readable(path)) as copy:
        if different := postgresql.differences(copy, connection, name):
            raise MoveError(
                f"{path} is there already, with other rows (in {', '.join(different[:5])}): move it away if it is not "
                "needed"
            )
