"""One connection on the event loop: units of prepared commands out, decoded outcomes back.

psycopg connects (name resolution, several hosts, time-outs) and decodes; between, its C face of libpq (`psycopg.pq`) is
driven directly: cursors cost twice as much and lose their prepared statements when a pipeline is rolled back.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import psycopg
import structlog
from psycopg import pq
from psycopg.adapt import Transformer
from psycopg.pq.abc import PGresult

from portico_server.platform.database.interface import Row
from portico_server.platform.database.postgresql.pipeline import Pipeline
from portico_server.platform.database.postgresql.states import READ_ONLY

_log = structlog.get_logger(__name__)

_PREPARED_STATEMENTS = 1000
"""How many a connection keeps; beyond, all are dropped and the needed ones prepared again."""

_INT4, _INT8, _TEXT, _BYTEA, _FLOAT8, _VOID = 23, 20, 25, 17, 701, 2278
_PORTABLE_TYPES = frozenset({_INT4, _INT8, _TEXT, _BYTEA, _FLOAT8, _VOID})
_TUPLES, _NO_TUPLES = int(pq.ExecStatus.TUPLES_OK), int(pq.ExecStatus.COMMAND_OK)
_ERROR = int(pq.ExecStatus.FATAL_ERROR)
_BINARY = 1
STATE_NOT_PORTABLE = "PT002"
"""Not a state of the server's: ours, for a statement whose result SQLite would not give."""

STATE_STALE = "PT003"
"""Ours too: what was prepared is no more; sent again, the unit is prepared anew."""

_STALE = frozenset({"0A000", "26000"})  # a migration changed a plan's result; a proxy changed the session


class Command(NamedTuple):
    """A statement with its encoded parameters and their formats (0 text, 1 binary)."""

    sql: str
    values: list[bytes | None]
    formats: list[int]


class Result(NamedTuple):
    """What a command did: the rows it affected or found, and those it returned."""

    rows_affected: int
    rows: list[Row]


class Refused(NamedTuple):
    """The server refused the unit's command at `position`; nothing of the unit was written."""

    position: int
    state: str  # SQLSTATE
    message: str


class Lost(NamedTuple):
    """The connection was lost before the unit was answered. Whether it was applied is unknown, unless `unsent`."""

    message: str
    unsent: bool = False


Unit = Sequence[Command]
"""The commands of one implicit transaction."""

Outcome = list[Result] | Refused | Lost


class Wire:
    """A connection. One `send` at a time; what it sends need not be answered before the next."""

    def __init__(self, connection: psycopg.AsyncConnection[Row], answer_seconds: float) -> None:
        self._connection = connection
        self._libpq = connection.pgconn
        self._pipeline = Pipeline(self._libpq, answer_seconds)
        self._decoder = Transformer()
        self._prepared: dict[str, bytes] = {}
        self._serial = 0

    @classmethod
    async def connect(cls, dsn: str, answer_seconds: float) -> Wire:
        """Raises psycopg.OperationalError."""
        return cls(await psycopg.AsyncConnection[Row].connect(dsn, autocommit=True), answer_seconds)

    @property
    def lost(self) -> bool:
        """Whether it can be used no more."""
        return bool(self._pipeline.lost)

    @property
    def in_flight(self) -> int:
        """How many units were sent and are not yet answered."""
        return self._pipeline.in_flight

    async def send(self, units: Sequence[tuple[Unit, Callable[[Outcome], None]]]) -> None:
        """Sends units in one write. Each one's callable is called once, with its outcome, in the order in which they
        were sent; it must not raise. Waits only where a statement is new to this connection."""
        statements = {sql for unit, _ in units for sql, _, _ in unit}
        refusals: dict[str, Refused] = {}
        while not self.lost and (new := statements - self._prepared.keys() - refusals.keys()):
            refusals |= await self._prepare(new, statements)  # meanwhile a stale plan may have cleared all
        for unit, answered in units:
            if self.lost:
                answered(Lost(self._pipeline.lost, unsent=True))
            elif refused := _refused_before(unit, refusals) if refusals else None:
                answered(refused)
            else:
                self._send(unit, answered)
        self._pipeline.flush()

    def give_up(self, why: str) -> None:
        """Uses it no more."""
        self._pipeline.lose(why)

    async def close(self) -> None:
        """Ends the connection."""
        self.give_up("the database is closed")
        await self._connection.close()

    def _send(self, unit: Unit, answered: Callable[[Outcome], None]) -> None:
        def on_results(results: list[PGresult] | None) -> None:
            answered(Lost(self._pipeline.lost) if results is None else self._decoded(results))

        try:
            for sql, values, formats in unit:
                self._libpq.send_query_prepared(self._prepared[sql], values, formats, _BINARY)
        except psycopg.OperationalError as error:
            self._pipeline.lose(str(error))
        self._pipeline.sync(on_results)

    async def _prepare(self, new: set[str], statements: set[str]) -> dict[str, Refused]:
        """Prepares those that are new of the statements that are wanted; answers those that are refused.

        In a round trip of their own: behind a guard that failed, a preparation would be skipped unsaid. Each is
        described, so that one whose result is not portable is refused before it ran. A refused name is not used again.
        """
        if len(self._prepared) + len(new) > _PREPARED_STATEMENTS:
            self._deallocate()
            new = statements
        refusals: dict[str, Refused] = {}
        done = asyncio.get_running_loop().create_future()
        left = len(new)

        def on_prepared(sql: str, name: bytes, results: list[PGresult] | None) -> None:
            nonlocal left
            left -= 1
            if results is not None:
                if refusal := _not_prepared(results):
                    refusals[sql] = refusal
                else:
                    self._prepared[sql] = name
            if not left:
                done.set_result(None)

        for sql in new:
            self._serial += 1
            name = b"p%d" % self._serial
            try:
                self._libpq.send_prepare(name, sql.encode())
                self._libpq.send_describe_prepared(name)
            except psycopg.OperationalError as error:
                self._pipeline.lose(str(error))
            self._pipeline.sync(partial(on_prepared, sql, name))
        self._pipeline.flush()
        await done
        return refusals

    def _deallocate(self) -> None:
        self._prepared.clear()
        self._libpq.send_query_params(b"DEALLOCATE ALL", None)
        self._pipeline.sync(_nothing)

    def _decoded(self, results: list[PGresult]) -> Outcome:
        try:
            return self._outcome(results)
        except Exception as error:  # a bug, which must not leave anybody waiting
            _log.exception("what PostgreSQL answered was not understood")
            return Lost(repr(error))

    def _outcome(self, results: list[PGresult]) -> Outcome:
        done: list[Result] = []
        for position, result in enumerate(results):
            status = result.status
            if status == _TUPLES:
                rows: list[Row] = []
                if result.ntuples and result.ftype(0) != _VOID:
                    self._decoder.set_pgresult(result)
                    rows = self._decoder.load_rows(0, result.ntuples, tuple)
                done.append(Result(result.ntuples, rows))
            elif status == _NO_TUPLES:
                done.append(Result(result.command_tuples or 0, []))
            elif status == _ERROR:
                return self._refused(position, result)
        return done

    def _refused(self, position: int, result: PGresult) -> Refused:
        refused = _refused(position, result)
        if refused.state in _STALE:
            self._prepared.clear()
            return refused._replace(state=STATE_STALE)
        if refused.state == READ_ONLY:
            self.give_up("the server takes no changes")  # a new connection may lead to the one that does
        return refused


def _nothing(_: list[PGresult] | None) -> None:
    """Nobody waits for it."""


def _refused(position: int, result: PGresult) -> Refused:
    state = (result.error_field(pq.DiagnosticField.SQLSTATE) or b"XX000").decode()
    message = (result.error_field(pq.DiagnosticField.MESSAGE_PRIMARY) or b"").decode(errors="replace")
    return Refused(position, state, message)


def _not_prepared(results: list[PGresult]) -> Refused | None:
    for result in results:
        if result.status == _ERROR:
            return _refused(0, result)
        types = {result.ftype(column) for column in range(result.nfields)}
        if strange := types - _PORTABLE_TYPES:
            message = f"results of type {sorted(strange)} are not portable: CAST them to BIGINT, TEXT, BYTEA or FLOAT8"
            return Refused(0, STATE_NOT_PORTABLE, message)
    return None


def _refused_before(unit: Unit, refusals: dict[str, Refused]) -> Refused | None:
    """The refusal of a unit with a statement that could not be prepared."""
    for position, command in enumerate(unit):
        if refusal := refusals.get(command.sql):
            return refusal._replace(position=position)
    return None
