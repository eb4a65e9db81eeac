"""Group commit: queued batches run on the event loop in one transaction, only its COMMIT (the sync) runs in a thread.

A writing *thread* would fight the loop for the interpreter at every step of every statement; this way the loop pays a
few microseconds a statement and never waits for the disk. While COMMIT runs the next group queues.
"""

from __future__ import annotations

import asyncio
import copy
import time
from collections import deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import apsw

from portico_server.platform.database.interface import Batch, DatabaseError, Done, GuardFailed, Statement
from portico_server.platform.database.portable import check_statements, for_sqlite
from portico_server.platform.database.sqlite.connections import translated

_GROUP_SECONDS = 0.0015
"""How long one group may hold the loop. By time, as batches differ: 64 at once held it 5.5 ms and, rarely, 33."""

Answer = list[Done] | Exception
Waiting = asyncio.Future[list[Done]]


class Writer:
    """Applies batches in the order in which they came. Owns the connection; lives on one loop."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection
        self._execute = connection.cursor().execute
        self._loop = asyncio.get_running_loop()
        self._committer = ThreadPoolExecutor(1, thread_name_prefix="commit")
        self._queue: deque[tuple[Batch, Waiting]] = deque()
        self._group: list[tuple[Waiting, Answer]] = []
        self._scheduled = False  # a group is about to run, runs or commits
        self._committing = False
        self._closing = False
        self._idle = asyncio.Event()
        self._idle.set()

    def submit(self, batch: Batch) -> Waiting:
        """Queues a batch; the future is done when it is durable or failed. Cancelled before its turn, it is dropped."""
        if self._closing:
            raise DatabaseError("the database is closed")
        check_statements(batch.statements)
        waiting: Waiting = self._loop.create_future()
        self._queue.append((batch, waiting))
        if not self._scheduled:
            self._schedule()
        return waiting

    async def close(self) -> None:
        """Applies what is queued, then closes the connection."""
        self._closing = True
        await self._idle.wait()
        await self._loop.run_in_executor(self._committer, self._connection.close)
        self._committer.shutdown(wait=False)

    def _schedule(self) -> None:
        self._scheduled = True
        self._idle.clear()
        self._loop.call_soon(self._run_group)

    def _run_group(self) -> None:
        if self._committing:
            raise RuntimeError("the writing connection was touched while COMMIT runs: the loop would wait for the disk")
        deadline = time.perf_counter() + _GROUP_SECONDS
        while self._queue:
            batch, waiting = self._queue.popleft()
            if waiting.cancelled():
                continue
            self._group.append((waiting, self._apply(batch)))
            if time.perf_counter() >= deadline:
                break
        if self._connection.in_transaction:
            self._committing = True
            self._committer.submit(self._commit)
        else:
            self._answer(None)

    def _apply(self, batch: Batch) -> Answer:
        """Runs a batch within the group's transaction. If it fails it alone is undone.

        The first of a group needs no savepoint: before it there is nothing to keep.
        """
        first = not self._connection.in_transaction
        try:
            self._execute("BEGIN IMMEDIATE" if first else "SAVEPOINT batch")
            done = self._run(batch.statements)
            if not first:
                self._execute("RELEASE batch")
        except Exception as error:
            failure = translated(error)
            if not self._undone(first):
                self._group = [(waiting, copy.copy(failure)) for waiting, _ in self._group]
            return failure
        return done

    def _undone(self, first: bool) -> bool:
        """Undoes the batch that failed. False: all the batches before it are undone too."""
        try:
            # SQLite may have rolled everything back by itself, as it does for some errors of a full disk.
            if self._connection.in_transaction:
                self._execute("ROLLBACK" if first else "ROLLBACK TO batch; RELEASE batch")
                return True
        except apsw.Error:
            self._execute("ROLLBACK")
        return first

    def _run(self, statements: Sequence[Statement]) -> list[Done]:
        execute, changes = self._execute, self._connection.changes
        done: list[Done] = []
        for statement in statements:
            sql, answers_rows = for_sqlite(statement.sql)
            cursor = execute(sql, statement.args)
            result = Done(len(rows := cursor.fetchall()), rows) if answers_rows else Done(changes(), [])
            if statement.expect is not None and result.count != statement.expect:
                raise GuardFailed(statement.reason, len(done))
            done.append(result)
        return done

    def _commit(self) -> None:
        """In the thread."""
        failure: Exception | None = None
        try:
            self._execute("COMMIT")
        except Exception as error:
            failure = translated(error)
        self._loop.call_soon_threadsafe(self._committed, failure)

    def _committed(self, failure: Exception | None) -> None:
        self._committing = False
        if failure is not None and self._connection.in_transaction:
            self._execute("ROLLBACK")
        self._answer(failure)

    def _answer(self, failure: Exception | None) -> None:
        """Tells the callers, all after the commit: a guard may have failed on what another batch of the group wrote."""
        group, self._group = self._group, []
        for waiting, answer in group:
            if waiting.done():
                continue
            if failure is not None:
                waiting.set_exception(copy.copy(failure))  # one of its own: raising it adds to its traceback
            elif isinstance(answer, Exception):
                waiting.set_exception(answer)
            else:
                waiting.set_result(answer)
        if self._queue:
            self._schedule()  # behind the callers just answered, so that what they queue comes into the same group
        else:
            self._scheduled = False
            self._idle.set()
