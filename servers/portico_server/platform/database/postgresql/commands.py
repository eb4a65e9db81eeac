"""A batch as commands for the wire: locks first, then the statements, each with its guard inside.

A guard inside the statement is what makes one round trip of a batch: the server counts, and where the count is wrong it
calls a function that raises. The whole unit is one implicit transaction, so nothing of it stays.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Sequence

from portico_server.platform.database.interface import Batch, Done, Statement, Value
from portico_server.platform.database.portable import answers_rows
from portico_server.platform.database.postgresql.wire import Command, Result

GUARD_STATE = "PT001"
"""The SQLSTATE of a guard that failed."""

PRELUDE = (
    f"CREATE OR REPLACE FUNCTION portico_fail() RETURNS bigint LANGUAGE plpgsql AS "
    f"$$ BEGIN RAISE EXCEPTION 'guard' USING ERRCODE = '{GUARD_STATE}'; END $$",
    "CREATE OR REPLACE FUNCTION instr(text, text) RETURNS bigint LANGUAGE sql IMMUTABLE AS 'SELECT strpos($1, $2)'",
)
"""What every schema needs: the function that guards call, and a function that SQLite has."""

_LOCK = "SELECT pg_advisory_xact_lock($1)"


def locks_of(batch: Batch, schema: str) -> list[Command]:
    """The commands that take a batch's locks, always in the same order.

    Each is a command of its own, so that those behind it see what the lock's last holder wrote.
    """
    keys = {_lock_key(schema, name) for name in batch.locks}
    return [query(_LOCK, (key,)) for key in sorted(keys)]


def statements_of(batch: Batch) -> list[Command]:
    """The commands of a batch's statements, guards inside."""
    return [_guarded(statement) for statement in batch.statements]


def query(sql: str, values: Sequence[Value]) -> Command:
    """A statement as it is. Bytes travel in binary, all else as text whose type the server infers.

    Raises UnicodeEncodeError for text that is not Unicode.
    """
    encoded = [value if value is None or type(value) is bytes else str(value).encode() for value in values]
    return Command(sql, encoded, [1 if type(value) is bytes else 0 for value in values])


def done_of(statement: Statement, result: Result) -> Done:
    """What a statement did, from its command's result."""
    if statement.expect is None:
        return Done(result.rows_affected, result.rows)
    rows = result.rows if statement.expect and answers_rows(statement.sql) else []
    return Done(statement.expect, rows)


def _guarded(statement: Statement) -> Command:
    if statement.expect is None:
        return query(statement.sql, statement.args)
    return query(_guarded_sql(statement.sql, statement.expect), statement.args)


@functools.lru_cache(maxsize=4096)
def _guarded_sql(sql: str, expect: int) -> str:
    check = f"CASE WHEN count(*) = {expect:d} THEN 1 ELSE portico_fail() END"
    if not answers_rows(sql):
        return f"WITH affected AS ({sql} RETURNING 1) SELECT {check} FROM affected"  # noqa: S608
    # The check stands in WHERE: a column that nobody reads would not be computed.
    return (
        f"WITH found AS ({sql}) SELECT found.* FROM (SELECT {check} AS holds FROM found) guard"  # noqa: S608
        f" LEFT JOIN found ON true WHERE guard.holds = 1"
    )


def _lock_key(schema: str, name: str) -> int:
    """Advisory locks are the whole database's, 64 bits each: two names that collide only wait for each other."""
    digest = hashlib.blake2b(f"{schema}\0{name}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)
