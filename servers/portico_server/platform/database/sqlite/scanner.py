"""Longer reads, in threads of their own, each on a connection of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import apsw

from portico_server.platform.database.interface import Row, Value
from portico_server.platform.database.portable import check_values, for_sqlite
from portico_server.platform.database.sqlite.connections import open_reader, translated

Query = tuple[str, tuple[Value, ...]]

_CONNECTIONS = 2
"""How many scans may run at once; further ones wait."""


class Scanner:
    """Scans and snapshots."""

    def __init__(self, path: Path) -> None:
        self._connections = [open_reader(path) for _ in range(_CONNECTIONS)]
        self._free = list(self._connections)
        self._threads = ThreadPoolExecutor(_CONNECTIONS, thread_name_prefix="scan")

    async def snapshot(self, queries: Sequence[Query]) -> list[list[Row]]:
        """The queries' rows, all of one state: the newest when the first of them starts."""
        for _, values in queries:
            check_values(values)
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._read, queries)

    async def close(self) -> None:
        """Waits for the scans that run."""
        await asyncio.to_thread(self._threads.shutdown)
        for connection in self._connections:
            connection.close()

    def _read(self, queries: Sequence[Query]) -> list[list[Row]]:
        connection = self._free.pop()  # there is one for every thread
        try:
            connection.execute("BEGIN")  # so that all see the same state
            rows = [connection.execute(for_sqlite(sql).sql, values).fetchall() for sql, values in queries]
            connection.execute("COMMIT")
            return rows
        except apsw.Error as error:
            raise translated(error) from error
        finally:
            self._free.append(connection)
