"""A product's schema in a PostgreSQL database."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from typing import Any

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from portico_server.platform.database.interface import (
    Batch,
    Contended,
    DatabaseError,
    Done,
    GuardFailed,
    OutcomeUnknown,
    ReadOnly,
    Row,
    Unreachable,
    Value,
)
from portico_server.platform.database.portable import check_statements, check_values
from portico_server.platform.database.postgresql.commands import GUARD_STATE, done_of, locks_of, query, statements_of
from portico_server.platform.database.postgresql.patience import patient
from portico_server.platform.database.postgresql.pool import Pool
from portico_server.platform.database.postgresql.states import meaning_of
from portico_server.platform.database.postgresql.wire import STATE_STALE, Command, Lost, Refused, Result

_ATTEMPTS = 10
_LONGEST_PAUSE_SECONDS = 0.02

_ANSWER_SECONDS, _SCAN_SECONDS = 30.0, 600.0
"""How long the server may leave a connection without any answer: beyond what locks and disks take, it is gone."""

_SESSION = "-c jit=off -c lock_timeout=1000"
_READING = "-c default_transaction_read_only=on"
_SNAPSHOT = "-c default_transaction_isolation=repeatable\\ read"


class PostgresqlDatabase:
    """Implements `Database`. Batches, point reads and scans have connections of their own: none waits for another.

    To be made on the event loop that uses it. The schema must exist.
    """

    def __init__(self, dsn: str, schema: str) -> None:
        self._schema = schema
        self._writes = Pool(_dsn(dsn, schema), size=8, depth=8, answer_seconds=_ANSWER_SECONDS)
        self._reads = Pool(_dsn(dsn, schema, _READING), size=2, depth=32, answer_seconds=_ANSWER_SECONDS)
        self._scans = Pool(_dsn(dsn, schema, _READING, _SNAPSHOT), size=2, depth=1, answer_seconds=_SCAN_SECONDS)

    async def batch(self, batch: Batch) -> list[Done]:
        check_statements(batch.statements)
        locks = locks_of(batch, self._schema)
        try:
            results = await _resent(self._writes, [*locks, *statements_of(batch)], writes=True)
        except _GuardRaised as raised:
            index = raised.position - len(locks)
            raise GuardFailed(batch.statements[index].reason, index) from None
        return [
            done_of(statement, result)
            for statement, result in zip(batch.statements, results[len(locks) :], strict=True)
        ]

    async def read(self, sql: str, *args: Value) -> list[Row]:
        check_values(args)
        (result,) = await _resent(self._reads, [query(sql, args)], writes=False)
        return result.rows

    async def scan(self, sql: str, *args: Value) -> list[Row]:
        (rows,) = await self.snapshot([(sql, args)])
        return rows

    async def snapshot(self, queries: Sequence[tuple[str, tuple[Value, ...]]]) -> list[list[Row]]:
        for _, values in queries:
            check_values(values)
        results = await _resent(self._scans, [query(sql, values) for sql, values in queries], writes=False)
        return [result.rows for result in results]

    async def close(self) -> None:
        await asyncio.gather(self._writes.close(), self._reads.close(), self._scans.close())


class _GuardRaised(Exception):
    def __init__(self, position: int) -> None:
        self.position = position


async def _resent(pool: Pool, unit: list[Command], *, writes: bool) -> list[Result]:
    """The unit's results. What surely was not applied is sent again: a unit is a value and may be."""
    for attempt in range(_ATTEMPTS):
        outcome = await pool.submit(unit)
        if isinstance(outcome, list):
            return outcome
        failed = outcome
        if not _may_be_sent_again(failed, writes=writes):
            break
        await asyncio.sleep(_LONGEST_PAUSE_SECONDS * random.random() * attempt / _ATTEMPTS)  # noqa: S311
    raise _error(failed, writes=writes)  # without a name here, by which it would keep itself alive


def _may_be_sent_again(failed: Refused | Lost, *, writes: bool) -> bool:
    if isinstance(failed, Lost):
        return failed.unsent or not writes
    return failed.state != GUARD_STATE and issubclass(_kind(failed), Contended)


def _kind(refused: Refused) -> type[DatabaseError]:
    return Contended if refused.state == STATE_STALE else meaning_of(refused.state)


def _error(failed: Refused | Lost, *, writes: bool) -> Exception:
    if isinstance(failed, Lost):
        if writes and not failed.unsent:
            return OutcomeUnknown(f"the connection to PostgreSQL was lost: {failed.message}")
        return Unreachable(failed.message)
    if failed.state == GUARD_STATE:
        return _GuardRaised(failed.position)
    kind = _kind(failed)
    if kind is ReadOnly and not writes:
        kind = DatabaseError  # a read that writes is a fault of ours
    return kind(f"{failed.message} (SQLSTATE {failed.state})")


def _dsn(dsn: str, schema: str, *options: str) -> str:
    given: dict[str, Any] = conninfo_to_dict(patient(dsn))
    own = given.get("options") or ""  # behind ours, so that an operator may choose other time-outs
    given.update(
        options=" ".join([_SESSION, own, f'-c search_path="{schema}"', *options]),
        application_name=given.get("application_name") or f"portico {schema}",
        client_encoding="utf8",
    )
    return make_conninfo(**given)
