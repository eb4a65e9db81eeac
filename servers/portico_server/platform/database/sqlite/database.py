"""A database in one SQLite file: the writer, a connection for point reads on the loop, and connections for scans."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import apsw

from portico_server.platform.database.interface import Batch, DatabaseError, Done, Row, Value
from portico_server.platform.database.portable import check_values, for_sqlite
from portico_server.platform.database.sqlite.connections import open_reader, open_writer, reopen_writer, translated
from portico_server.platform.database.sqlite.scanner import Scanner
from portico_server.platform.database.sqlite.writer import Writer
from portico_server.platform.reserve import Reserve


class SqliteDatabase:
    """Implements `Database`. To be made on the event loop that uses it. One process has a file open at a time."""

    def __init__(self, path: Path, reserve: Reserve | None = None) -> None:
        """`reserve`: what is let go for batches that free."""
        try:
            connection = open_writer(path)
        except (apsw.Error, OSError) as error:
            raise translated(error) from error
        self._writer = Writer(connection, lambda: reopen_writer(path), reserve or Reserve(path.parent, 0))
        self._reader = open_reader(path)
        self._read = self._reader.cursor().execute
        self._scanner = Scanner(path)
        self._closed = False

    async def batch(self, batch: Batch) -> list[Done]:
        return await self._writer.submit(batch)

    async def read(self, sql: str, *args: Value) -> list[Row]:
        check_values(args)
        if self._closed:
            raise DatabaseError("the database is closed")
        try:
            return self._read(for_sqlite(sql).sql, args).fetchall()
        except apsw.Error as error:
            raise translated(error) from error

    async def scan(self, sql: str, *args: Value) -> list[Row]:
        (rows,) = await self._scanner.snapshot([(sql, args)])
        return rows

    async def snapshot(self, queries: Sequence[tuple[str, tuple[Value, ...]]]) -> list[list[Row]]:
        return await self._scanner.snapshot(queries)

    async def close(self) -> None:
        self._closed = True
        self._reader.close()
        await self._scanner.close()
        await self._writer.close()  # the last connection: closing it writes the log back into the database
