"""Group commit: queued batches run on the event loop in one transaction, only its COMMIT (the sync) runs in a thread.

A writing *thread* would fight the loop for the interpreter at every step of every statement; this way the loop pays a
few microseconds a statement and never waits for the disk. While COMMIT runs the next group queues.
"""

from __future__ import annotations

import asyncio
import copy
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import apsw

from portico_server.platform.database.interface import (
    Batch,
    DatabaseError,
    Done,
    GuardFailed,
    OutcomeUnknown,
    Statement,
    StorageFull,
)
from portico_server.platform.database.portable import check_statements, for_sqlite
from portico_server.platform.database.sqlite.connections import translated
from portico_server.platform.reserve import Reserve

_GROUP_SECONDS = 0.0015
"""How long one group may hold the loop. By time, as batches differ: 64 at once held it 5.5 ms and, rarely, 33."""

_LOCK_SECONDS, _LOCK_PAUSE_SECONDS = 2.0, 0.02
"""How long, and how often, a foreign lock is waited for."""

_MOST_PAGES = 4_294_967_294  # SQLite's own


class _Queued:
    """A batch, who waits for it, and what to answer once its group is durable."""

    __slots__ = ("answer", "batch", "is_second_try", "waiting")

    def __init__(self, batch: Batch, waiting: asyncio.Future[list[Done]]) -> None:
        self.batch = batch
        self.waiting = waiting
        self.answer: list[Done] | Exception = []
        self.is_second_try = False

    def wants_room(self) -> bool:
        """Whether it frees, and found no room to do so."""
        return self.batch.frees and isinstance(self.answer, StorageFull) and not self.is_second_try


class Writer:
    """Applies batches in the order in which they came. Owns the connection; lives on one loop."""

    def __init__(self, connection: apsw.Connection, reopen: Callable[[], apsw.Connection], reserve: Reserve) -> None:
        """`reopen` makes a new connection to the same file, with a log that is durable; it blocks, in a thread.
        `reserve` is let go for batches that free."""
        self._connection = connection
        self._reserve = reserve
        self._open_again = reopen
        self._execute = connection.cursor().execute
        self._loop = asyncio.get_running_loop()
        self._committer = ThreadPoolExecutor(1, thread_name_prefix="commit")
        self._queue: deque[_Queued] = deque()
        self._group: list[_Queued] = []
        self._scheduled = False  # a group is about to run, runs or commits
        self._committing = False  # or opening again: the connection is the thread's
        self._doubtful = False  # a sync has failed since the connection was opened
        self._fresh = True  # nothing is written yet in the transaction that is open
        self._is_bounded = False  # the file may not grow
        self._blocked_since: float | None = None
        self._closing = False
        self._idle = asyncio.Event()
        self._idle.set()

    def submit(self, batch: Batch) -> asyncio.Future[list[Done]]:
        """Queues a batch; the future is done when it is durable or failed. Cancelled before its turn, it is dropped."""
        if self._closing:
            raise DatabaseError("the database is closed")
        if not batch.frees:
            self._reserve.check()
        check_statements(batch.statements)
        waiting: asyncio.Future[list[Done]] = self._loop.create_future()
        self._queue.append(_Queued(batch, waiting))
        if not self._scheduled:
            self._schedule()
        return waiting

    async def close(self) -> None:
        """Applies what is queued, then closes the connection."""
        if self._closing:
            return
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
        if self._doubtful:
            self._committing = True
            self._committer.submit(self._reopen)
            return
        try:
            self._begin()
            self._apply_queued()
        except apsw.BusyError as error:
            self._wait_for_lock(error)
        except apsw.Error as error:
            self._give_up(error)
        else:
            self._end()

    def _begin(self) -> None:
        self._execute("BEGIN IMMEDIATE")
        self._fresh = True
        self._blocked_since = None

    def _apply_queued(self) -> None:
        deadline = time.perf_counter() + _GROUP_SECONDS
        while self._queue:
            queued = self._queue.popleft()
            if queued.waiting.cancelled():
                continue
            self._group.append(queued)
            queued.answer = self._apply(queued.batch)
            if time.perf_counter() >= deadline:
                break

    def _apply(self, batch: Batch) -> list[Done] | Exception:
        """Runs a batch within the group's transaction. If it fails it alone is undone.

        In a fresh transaction it needs no savepoint: before it there is nothing to keep.
        """
        try:
            if self._reserve.is_short or self._is_bounded:
                self._bound(self._reserve.is_short and not batch.frees)
            if not self._fresh:
                self._execute("SAVEPOINT batch")
            done = self._run(batch.statements)
            if not self._fresh:
                self._execute("RELEASE batch")
        except Exception as error:
            failure = translated(error, self._connection)
            self._undo(failure)
            return failure
        self._fresh = False
        return done

    def _bound(self, wanted: bool) -> None:
        """Keeps the file, with what the log has for it, from growing, or lets it grow again."""
        if wanted != self._is_bounded:
            self._execute(f"PRAGMA max_page_count = {1 if wanted else _MOST_PAGES}").fetchall()  # 1: as it is now
            self._is_bounded = wanted

    def _undo(self, failure: Exception) -> None:
        if self._connection.in_transaction and not self._fresh:
            self._execute("ROLLBACK TO batch; RELEASE batch")
            return
        if self._connection.in_transaction:
            self._execute("ROLLBACK")
        elif not self._fresh:
            # SQLite has rolled back by itself, as it does when the disk is full: the batches before are undone too.
            for lost in self._group:
                lost.answer = copy.copy(failure)
        self._begin()

    def _end(self) -> None:
        if self._fresh:
            self._execute("ROLLBACK")  # nothing was written
            self._answer(None)
        else:
            self._committing = True
            self._committer.submit(self._commit)

    def _wait_for_lock(self, error: apsw.BusyError) -> None:
        """A stranger (a backup tool, a shell) holds the file's lock: tried again for a while, the loop goes on."""
        now = time.monotonic()
        if self._blocked_since is None:
            self._blocked_since = now
        if now - self._blocked_since < _LOCK_SECONDS:
            self._loop.call_later(_LOCK_PAUSE_SECONDS, self._run_group)
        else:
            self._give_up(error)

    def _give_up(self, error: apsw.Error) -> None:
        """No transaction can be had: what is queued fails."""
        self._blocked_since = None
        if self._connection.in_transaction:
            self._execute("ROLLBACK")
        self._fail_queued(translated(error, self._connection))

    def _fail_queued(self, failure: Exception) -> None:
        self._group += self._queue
        self._queue.clear()
        self._answer(failure)

    def _reopen(self) -> None:
        """In the thread. A sync that failed is not tried again and believed: the log is written anew (settling.py)."""
        failure: Exception | None = None
        try:
            connection = self._open_again()
            self._connection.close()
            self._connection = connection
            self._execute = connection.cursor().execute
            self._is_bounded = False
        except Exception as error:
            failure = translated(error, self._connection)
        self._loop.call_soon_threadsafe(self._reopened, failure)

    def _reopened(self, failure: Exception | None) -> None:
        """While the disk still refuses, all that is queued fails; what comes later asks it again."""
        self._committing = False
        if failure is None:
            self._doubtful = False
            self._run_group()
        else:
            self._fail_queued(failure)

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
            failure = translated(error, self._connection)
        self._loop.call_soon_threadsafe(self._committed, failure)

    def _committed(self, failure: Exception | None) -> None:
        self._committing = False
        self._doubtful = isinstance(failure, OutcomeUnknown)
        if failure is not None and self._connection.in_transaction:
            self._execute("ROLLBACK")
        self._answer(failure)

    def _answer(self, failure: Exception | None) -> None:
        """Tells the callers, all after the commit: a guard may have failed on what another batch of the group wrote."""
        group, self._group = self._group, []
        again: list[_Queued] = []
        for queued in group:
            if queued.waiting.done():
                continue
            if failure is not None:
                queued.answer = copy.copy(failure)  # one of its own: whoever raises it adds to its traceback
            if not isinstance(queued.answer, Exception):
                queued.waiting.set_result(queued.answer)
            elif queued.wants_room():
                again.append(queued)
            else:
                queued.waiting.set_exception(queued.answer)
        if again:
            self._committing = True
            self._committer.submit(self._make_room, again)
        elif self._queue:
            self._schedule()  # behind the callers just answered, so that what they queue comes into the same group
        else:
            self._scheduled = False
            self._idle.set()

    def _make_room(self, again: list[_Queued]) -> None:
        """In the thread."""
        self._reserve.let_go()
        self._loop.call_soon_threadsafe(self._room_made, again)

    def _room_made(self, again: list[_Queued]) -> None:
        """Those that free are applied once more, before all that came meanwhile. Where nothing was let go, too: another
        batch of the group may have taken theirs along."""
        self._committing = False
        for queued in again:
            queued.is_second_try = True
        self._queue.extendleft(reversed(again))
        self._schedule()
