"""The portable subset of SQL: what is refused, and how one text serves both engines. DESIGN.md lists the rules.

Statements are written with `$1`, `$2`, …. Migrations are written in INTEGER, TEXT, BLOB and REAL, and every table ends
in one of two words: `) CLUSTERED;` where rows are stored in the order of the primary key, `) HEAP;` where they are not.
"""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from portico_server.platform.database.interface import Statement, Value

_SMALLEST_INTEGER, _LARGEST_INTEGER = -(2**63), 2**63 - 1


class NotPortable(ValueError):
    """A value or a text of SQL that the two engines would not treat alike."""


def check_values(values: Iterable[Value]) -> None:
    """Refuses what one engine would take otherwise: libpq cuts text at a NUL silently, SQLite turns NaN into NULL."""
    for value in values:
        kind = type(value)
        if kind is str:
            if "\0" in value:  # type: ignore[operator]
                raise NotPortable(f"text with a NUL character: {value!r:.60}")
        elif kind is int:
            if not _SMALLEST_INTEGER <= value <= _LARGEST_INTEGER:  # type: ignore[operator]
                raise NotPortable(f"an integer of more than 64 bits: {value!r:.60}")
        elif kind is float:
            if math.isnan(value):  # type: ignore[arg-type]
                raise NotPortable("the number NaN")
        elif kind is not bytes and value is not None:
            raise NotPortable(f"a value of type {kind.__name__}: give int, str, bytes, float or None")


def check_statements(statements: Sequence[Statement]) -> None:
    """Refuses a batch with a value that is not portable, before any of it is sent."""
    for statement in statements:
        check_values(statement.args)


_PARAMETER = re.compile(r"\$(\d+)")
_READS = re.compile(r"\s*(?:SELECT|VALUES|WITH)\b", re.IGNORECASE)
_CHANGES = re.compile(r"\b(?:INSERT|UPDATE|DELETE)\b", re.IGNORECASE)
_RETURNING = re.compile(r"\bRETURNING\b", re.IGNORECASE)


@functools.lru_cache(maxsize=4096)
def answers_rows(sql: str) -> bool:
    """Whether the statement answers rows (a SELECT, or RETURNING); its count is then the number of them."""
    if _RETURNING.search(sql):
        return True
    return bool(_READS.match(sql)) and not _CHANGES.search(sql)


class SqliteStatement(NamedTuple):
    """A statement's text for SQLite, and whether it answers rows."""

    sql: str
    answers_rows: bool


@functools.lru_cache(maxsize=4096)
def for_sqlite(sql: str) -> SqliteStatement:
    """To SQLite `$2` is a *named* parameter, numbered by its first appearance; `?2` is the second."""
    return SqliteStatement(_PARAMETER.sub(r"?\1", sql), answers_rows(sql))


_LEXEME = re.compile(r"--[^\n]*|'(?:[^']|'')*'|;|[^-';]+|-")
_TABLE = re.compile(r"\s*CREATE\s+TABLE\b", re.IGNORECASE)
_DEFINITION = re.compile(r"\s*(?:CREATE|ALTER)\s+TABLE\b", re.IGNORECASE)
_SUFFIX = re.compile(r"\)\s*(CLUSTERED|HEAP)\s*$")
_SQLITE_SUFFIX = {"CLUSTERED": ") STRICT, WITHOUT ROWID", "HEAP": ") STRICT"}
_POSTGRESQL_TYPES = {"INTEGER": "BIGINT", "TEXT": 'TEXT COLLATE "C"', "BLOB": "BYTEA", "REAL": "DOUBLE PRECISION"}
_TYPE = re.compile(r"(?P<blob>\bx'[0-9a-f]*')|'(?:[^']|'')*'|\b(?:INTEGER|TEXT|BLOB|REAL)\b")


def split_script(script: str) -> list[str]:
    """The statements of a migration, without comments and semicolons."""
    statements = [""]
    for lexeme in _LEXEME.findall(script):
        if lexeme == ";":
            statements.append("")
        elif not lexeme.startswith("--"):
            statements[-1] += lexeme
    return [statement.strip() for statement in statements if statement.strip()]


def script_for_sqlite(script: str) -> list[str]:
    """A migration's statements for SQLite: strict tables, clustered ones WITHOUT ROWID."""
    return [_with_suffix(statement, _SQLITE_SUFFIX) for statement in split_script(script)]


def script_for_postgresql(script: str) -> list[str]:
    """A migration's statements for PostgreSQL: its own types, text compared by code point."""
    suffixes = dict.fromkeys(_SQLITE_SUFFIX, ")")
    return [_with_postgresql_types(_with_suffix(statement, suffixes)) for statement in split_script(script)]


def _with_suffix(statement: str, suffixes: dict[str, str]) -> str:
    if not _TABLE.match(statement):
        return statement
    if not _SUFFIX.search(statement):
        raise NotPortable(f"a table must end in `) CLUSTERED;` or `) HEAP;`: {statement:.60}")
    return _SUFFIX.sub(lambda match: suffixes[match[1]], statement)


def _with_postgresql_types(statement: str) -> str:
    if not _DEFINITION.match(statement):
        return statement
    return _TYPE.sub(_postgresql_word, statement)


def _postgresql_word(match: re.Match[str]) -> str:
    if match["blob"]:
        return rf"'\x{match['blob'][2:-1]}'"
    return _POSTGRESQL_TYPES.get(match[0], match[0])
