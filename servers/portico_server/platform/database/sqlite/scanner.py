"""Longer reads: in short slices on the event loop, and in a thread as soon as one step of theirs is long.

A thread alone would be worse for most of them. The interpreter's lock is let go and taken again at every row, and
beside a busy loop each time may wait for milliseconds: a list of 1,000 rows that takes 0.4 ms on the loop took 160 to
270 ms in a thread. What a thread is good for is a step without rows (a count, a sort, a sparse filter), and that is
noticed here.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path

import apsw

from portico_server.platform.database.interface import DatabaseError, Row, Value
from portico_server.platform.database.portable import check_values, for_sqlite
from portico_server.platform.database.sqlite.connections import open_reader, translated

Query = tuple[str, tuple[Value, ...]]

_CONNECTIONS = 2
"""How many scans may run at once; further ones wait."""

_SLICE_SECONDS = 0.001
_LONGEST_STEP_SECONDS = 0.002
"""From here on a step is stopped, and the scan begins anew in a thread."""

_INSTRUCTIONS_BETWEEN_LOOKS = 2000  # of SQLite's virtual machine: some tens of microseconds
_ROWS_BETWEEN_LOOKS = 64


class Scanner:
    """Scans and snapshots, each on a connection of its own while it runs."""

    def __init__(self, path: Path) -> None:
        self._connections = [_ScanConnection(path) for _ in range(_CONNECTIONS)]
        self._free = asyncio.Queue[_ScanConnection]()
        for connection in self._connections:
            self._free.put_nowait(connection)
        self._threads = ThreadPoolExecutor(_CONNECTIONS, thread_name_prefix="scan")
        self._loop = asyncio.get_running_loop()
        self._closing = False

    async def snapshot(self, queries: Sequence[Query]) -> list[list[Row]]:
        """The queries' rows, all of one state: the newest when the first of them starts."""
        if self._closing:
            raise DatabaseError("the database is closed")
        for _, values in queries:
            check_values(values)
        connection = await self._free.get()
        try:
            answer = await connection.read_in_slices(queries)
        except apsw.InterruptError:
            return await self._read_in_thread(connection, queries)
        except BaseException as error:
            self._free.put_nowait(connection)
            if isinstance(error, apsw.Error):
                raise translated(error) from error
            raise
        self._free.put_nowait(connection)
        return answer

    async def close(self) -> None:
        """Waits for the scans that run."""
        if not self._closing:
            self._closing = True
            for _ in self._connections:
                (await self._free.get()).close()
            self._threads.shutdown()

    async def _read_in_thread(self, connection: _ScanConnection, queries: Sequence[Query]) -> list[list[Row]]:
        work = self._loop.run_in_executor(self._threads, connection.read, queries)
        try:
            return await asyncio.shield(work)
        except asyncio.CancelledError:
            connection.interrupt()  # nobody wants it any more
            raise
        except apsw.Error as error:
            raise translated(error) from error
        finally:
            work.add_done_callback(lambda done: self._let_go(connection, done))

    def _let_go(self, connection: _ScanConnection, done: asyncio.Future[list[list[Row]]]) -> None:
        """Not before the thread has ended, though the caller may have gone away long ago."""
        done.exception()  # it was raised to the caller, or nobody is left to hear of it
        self._free.put_nowait(connection)


class _ScanConnection:
    """A connection that stops a step that is too long."""

    def __init__(self, path: Path) -> None:
        self._connection = open_reader(path)
        self._connection.set_progress_handler(self._is_too_long, _INSTRUCTIONS_BETWEEN_LOOKS)
        self._stop_at = float("inf")
        self._interrupted = False

    async def read_in_slices(self, queries: Sequence[Query]) -> list[list[Row]]:
        """On the loop. Raises apsw.InterruptError where a step is too long for it: then `read` begins anew."""
        self._interrupted = False  # here alone: an interrupt may come before `read` has begun, or after its end
        try:
            self._connection.execute("BEGIN")  # so that all see the same state
            return [await self._rows(sql, values) for sql, values in queries]
        finally:
            self._end()

    def read(self, queries: Sequence[Query]) -> list[list[Row]]:
        """In a thread."""
        self._stop_at = float("inf")
        try:
            self._connection.execute("BEGIN")
            return [self._connection.execute(for_sqlite(sql).sql, values).fetchall() for sql, values in queries]
        finally:
            self._end()

    def interrupt(self) -> None:
        """Ends `read`, from another thread."""
        self._interrupted = True

    def close(self) -> None:
        self._connection.close()

    async def _rows(self, sql: str, values: tuple[Value, ...]) -> list[Row]:
        yield_at = self._begin_slice()
        cursor = self._connection.execute(for_sqlite(sql).sql, values)
        rows: list[Row] = []
        while part := list(islice(cursor, _ROWS_BETWEEN_LOOKS)):
            rows += part
            if time.perf_counter() >= yield_at:
                await asyncio.sleep(0)
                yield_at = self._begin_slice()
        return rows

    def _begin_slice(self) -> float:
        """When the slice ends. A step that goes on beyond that, for long, is stopped."""
        now = time.perf_counter()
        self._stop_at = now + _LONGEST_STEP_SECONDS
        return now + _SLICE_SECONDS

    def _is_too_long(self) -> bool:
        return self._interrupted or time.perf_counter() >= self._stop_at

    def _end(self) -> None:
        self._stop_at = float("inf")
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")
