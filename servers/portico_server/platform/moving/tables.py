"""The tables of an SQLite file, and digests of their rows by which the two engines are compared."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import apsw

from portico_server.platform.database.interface import Row, Value

_MODULUS = 1 << 256


@dataclass(frozen=True, slots=True)
class Table:
    """A table and its columns with their portable types: INTEGER, TEXT, BLOB or REAL."""

    name: str
    columns: tuple[tuple[str, str], ...]

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self.columns]


class Digest:
    """Of a table's rows, whatever their order: their number, and the sum of their SHA-256 as numbers.

    Values of other types differ, as NULL from an empty text, 1 from 1.0, and text from bytes.
    """

    def __init__(self) -> None:
        self.rows = 0
        self._sum = 0

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Digest) and str(self) == str(other)

    def __hash__(self) -> int:
        return hash(str(self))

    def __str__(self) -> str:
        return f"{self.rows} rows, {self._sum:064x}"

    def over(self, rows: Iterable[Row]) -> Iterator[Row]:
        """The same rows, counted."""
        for row in rows:
            content = b"".join(map(_encoded, row))
            self._sum = (self._sum + int.from_bytes(hashlib.sha256(content).digest(), "big")) % _MODULUS
            self.rows += 1
            yield row

    @classmethod
    def of(cls, rows: Iterable[Row]) -> Digest:
        digest = cls()
        for _ in digest.over(rows):
            pass
        return digest


def open_readable(path: Path) -> apsw.Connection:
    """A connection that changes nothing of the database."""
    connection = apsw.Connection(f"file:{quote(str(path))}?mode=rw", flags=_URI)
    connection.set_busy_timeout(_BUSY_MILLISECONDS)
    connection.execute("PRAGMA query_only = ON")
    return connection


_URI = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_URI
_BUSY_MILLISECONDS = 10_000


def tables_of(connection: apsw.Connection) -> list[Table]:
    """All tables, each behind those that it refers to."""
    found = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    names = sorted(str(name) for (name,) in found.fetchall())
    ordered: list[str] = []

    def place(name: str, above: tuple[str, ...]) -> None:
        if name in ordered or name in above:
            return
        for reference in connection.execute(f"PRAGMA foreign_key_list({quoted(name)})").fetchall():
            place(str(reference[2]), (*above, name))
        ordered.append(name)

    for name in names:
        place(name, ())
    return [Table(name, _columns(connection, name)) for name in ordered]


def rows_of(connection: apsw.Connection, table: Table) -> Iterator[Row]:
    columns = ", ".join(map(quoted, table.names))
    yield from connection.execute(f"SELECT {columns} FROM {quoted(table.name)}")  # noqa: S608


def applied(connection: apsw.Connection) -> set[tuple[str, int]]:
    """Component and number of every migration that was applied."""
    found: list[Any] = connection.execute("SELECT component, number FROM platform_migration").fetchall()
    return {(component, number) for component, number in found}


def quoted(name: str) -> str:
    """A name for SQL of either engine."""
    return '"' + name.replace('"', '""') + '"'


def _columns(connection: apsw.Connection, table: str) -> tuple[tuple[str, str], ...]:
    found = connection.execute(f"PRAGMA table_info({quoted(table)})").fetchall()
    return tuple((str(row[1]), str(row[2]).upper()) for row in found)


def _encoded(value: Value) -> bytes:
    if value is None:
        return b"n"
    if isinstance(value, int):
        return b"i%d;" % value
    if isinstance(value, float):
        return b"r" + struct.pack(">d", value + 0.0)  # SQLite keeps no sign of zero
    content, kind = (value.encode(), b"t") if isinstance(value, str) else (bytes(value), b"b")
    return kind + b"%d:" % len(content) + content
