"""A product's database as a schema of PostgreSQL: written from an SQLite file, or read into one.

Both within a transaction that the caller holds, so that it is there whole or not at all. Rows travel by COPY in binary.
What was written is read again and compared.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import apsw
import psycopg
from psycopg import sql

from portico_server.platform.clock import SystemClock
from portico_server.platform.database.interface import Row
from portico_server.platform.database.migrations import STAMP_TABLE, Migration
from portico_server.platform.database.portable import script_for_postgresql
from portico_server.platform.database.postgresql.commands import PRELUDE
from portico_server.platform.database.postgresql.patience import patient
from portico_server.platform.database.sqlite.migrating import migrate
from portico_server.platform.moving.failures import MoveError
from portico_server.platform.moving.tables import Digest, Table, applied, quoted, rows_of, tables_of

Connection = psycopg.Connection[tuple[Any, ...]]

_TYPES = {"INTEGER": "int8", "TEXT": "text", "BLOB": "bytea", "REAL": "float8"}
_ROWS_AT_ONCE = 1_000

Advance = Callable[[int], None]
"""Told how many rows were moved since it was told last."""


def connected(dsn: str) -> Connection:
    """Raises MoveError where the server does not answer."""
    try:
        return psycopg.connect(patient(dsn), autocommit=False)
    except psycopg.Error as error:
        raise MoveError(f"PostgreSQL cannot be reached: {' '.join(str(error).split())}") from error


def schemas(connection: Connection) -> list[str]:
    """The products that have a database here."""
    found = connection.execute(
        "SELECT table_schema FROM information_schema.tables WHERE table_name = 'platform_migration' ORDER BY 1"
    )
    return [name for (name,) in found.fetchall()]


def others_connected(connection: Connection) -> int:
    """How many connections of platforms are open on this PostgreSQL database."""
    found = connection.execute(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() "
        "AND application_name LIKE 'portico %'"
    ).fetchone()
    return int(found[0]) if found else 0


def within(schema: str) -> bytes:
    """The statement that makes it the schema of those behind it in the transaction."""
    return f"SET LOCAL search_path TO {quoted(schema)}".encode()


def is_empty(connection: Connection, schema: str) -> bool:
    """Whether the schema has no table, or is not there."""
    found = connection.execute("SELECT 1 FROM pg_tables WHERE schemaname = %s LIMIT 1", (schema,))
    return found.fetchone() is None


def write_schema(
    source: apsw.Connection, connection: Connection, schema: str, migrations: Sequence[Migration], advance: Advance
) -> None:
    """Makes the schema in the source's format and fills it. Raises MoveError, psycopg.Error."""
    for statement in _definition(schema, chosen(schema, migrations, applied(source))):
        connection.execute(statement)
    tables = tables_of(source)
    _check_tables(connection, schema, tables)
    for table in reversed(tables):
        connection.execute(sql.SQL("DELETE FROM {}").format(_name(schema, table)))
    for table in tables:
        written = Digest()
        _copy_in(connection, schema, table, written.over(_told(rows_of(source, table), advance)))
        read = Digest.of(read_rows(connection, schema, table))
        if read != written:
            raise MoveError(f"the table {table.name} of {schema} would not be the same: {written}, then {read}")


def differences(source: apsw.Connection, connection: Connection, schema: str) -> list[str]:
    """The tables whose rows differ."""
    found = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = %s", (schema,)).fetchall()
    there = {name for (name,) in found}
    tables = tables_of(source)
    different = sorted(there ^ {table.name for table in tables})
    for table in tables:
        if table.name in there and Digest.of(rows_of(source, table)) != Digest.of(read_rows(connection, schema, table)):
            different.append(table.name)
    return different


def read_schema(
    connection: Connection, schema: str, path: Path, migrations: Sequence[Migration], advance: Advance
) -> None:
    """Makes an SQLite file, which must not be there, in the schema's format and fills it. Raises MoveError,
    psycopg.Error, apsw.Error."""
    stamps = sql.SQL("SELECT component, number FROM {}").format(sql.Identifier(schema, "platform_migration"))
    there: set[tuple[str, int]] = {(str(row[0]), int(row[1])) for row in connection.execute(stamps).fetchall()}
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    migrate(path, chosen(schema, migrations, there), SystemClock())
    copy = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
    try:
        copy.execute("PRAGMA journal_mode = DELETE").fetchall()  # one file, with no log beside it
        copy.execute("PRAGMA synchronous = OFF")  # whoever keeps the file syncs it
        copy.execute("PRAGMA foreign_keys = OFF")
        with copy:
            for table in tables_of(copy):
                _fill(copy, connection, schema, table, advance)
            if broken := copy.execute("PRAGMA foreign_key_check").fetchall():
                raise MoveError(f"rows of {schema} refer to rows that are not there: {broken[:3]}")
    finally:
        copy.close()


def read_rows(connection: Connection, schema: str, table: Table) -> Iterator[Row]:
    """All rows of a table, as SQLite would answer them."""
    columns = sql.SQL(", ").join(map(sql.Identifier, table.names))
    command = sql.SQL("COPY (SELECT {} FROM {}) TO STDOUT (FORMAT BINARY)").format(columns, _name(schema, table))
    with connection.cursor() as cursor, cursor.copy(command) as copy:
        copy.set_types([_TYPES[kind] for _, kind in table.columns])
        for row in copy.rows():
            yield tuple(bytes(value) if isinstance(value, memoryview) else value for value in row)


def chosen(schema: str, migrations: Sequence[Migration], there: set[tuple[str, int]]) -> list[Migration]:
    """The migrations that were applied. Raises MoveError where this release does not know one."""
    known = {(one.component, one.number) for one in migrations}
    if unknown := sorted(there - known):
        component, number = unknown[-1]
        raise MoveError(
            f"the {component} tables of {schema} have format {number}, which this release does not know: move them "
            "with the release that wrote them, or a newer one"
        )
    return [one for one in migrations if (one.component, one.number) in there]


def _definition(schema: str, migrations: Sequence[Migration]) -> Iterator[bytes]:
    yield f"CREATE SCHEMA IF NOT EXISTS {quoted(schema)}".encode()
    yield within(schema)
    for statement in (*PRELUDE, *script_for_postgresql(STAMP_TABLE)):
        yield statement.encode()
    for migration in migrations:
        yield from (statement.encode() for statement in script_for_postgresql(migration.script))


def _check_tables(connection: Connection, schema: str, tables: Sequence[Table]) -> None:
    found = connection.execute(
        "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = %s", (schema,)
    ).fetchall()
    if set(found) != {(table.name, column) for table in tables for column in table.names}:
        raise MoveError(f"the tables of {schema} are not those that its migrations make: were they changed by hand?")


def _copy_in(connection: Connection, schema: str, table: Table, rows: Iterator[Row]) -> None:
    columns = sql.SQL(", ").join(map(sql.Identifier, table.names))
    command = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT BINARY)").format(_name(schema, table), columns)
    with connection.cursor() as cursor, cursor.copy(command) as copy:
        copy.set_types([_TYPES[kind] for _, kind in table.columns])
        for row in rows:
            copy.write_row(row)


def _fill(copy: apsw.Connection, connection: Connection, schema: str, table: Table, advance: Advance) -> None:
    name, marks = quoted(table.name), ", ".join("?" * len(table.columns))
    columns = ", ".join(map(quoted, table.names))
    copy.execute(f"DELETE FROM {name}")  # noqa: S608
    read = Digest()
    rows = read.over(_told(read_rows(connection, schema, table), advance))
    copy.executemany(f"INSERT INTO {name} ({columns}) VALUES ({marks})", rows)  # noqa: S608
    written = Digest.of(rows_of(copy, table))
    if written != read:
        raise MoveError(f"the table {table.name} of {schema} would not be the same: {read}, then {written}")


def _told(rows: Iterator[Row], advance: Advance) -> Iterator[Row]:
    count = 0
    for row in rows:
        yield row
        count += 1
        if count % _ROWS_AT_ONCE == 0:
            advance(_ROWS_AT_ONCE)
    advance(count % _ROWS_AT_ONCE)


def _name(schema: str, table: Table) -> sql.Identifier:
    return sql.Identifier(schema, table.name)
