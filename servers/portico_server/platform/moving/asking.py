"""A question to a product's database from a process of its own, whether the platform runs or not."""

from __future__ import annotations

import contextlib
from pathlib import Path
from urllib.parse import quote

import apsw

from portico_server.platform.database.interface import Row
from portico_server.platform.moving import postgresql
from portico_server.platform.moving.state import errors_told
from portico_server.platform.settings import Settings

_BUSY_MILLISECONDS = 10_000


def answer(settings: Settings, product: str, query: str) -> list[Row]:
    """The rows of a query of the portable subset; none of a product that has no database yet. Raises MoveError."""
    with errors_told():
        if settings.database != "sqlite":
            return _of_postgresql(settings.database, product, query)
        path = settings.data / "databases" / f"{product}.sqlite"
        return _of_file(path, query) if path.exists() else []


def _of_postgresql(dsn: str, schema: str, query: str) -> list[Row]:
    with postgresql.connected(dsn) as connection:
        connection.read_only = True
        if postgresql.is_empty(connection, schema):
            return []
        connection.execute(postgresql.within(schema))
        return connection.execute(query.encode()).fetchall()


def _of_file(path: Path, query: str) -> list[Row]:
    """Without a log beside it nobody has it open; then nothing is written beside it for this look either."""
    unused = not path.with_name(f"{path.name}-wal").exists()
    location = f"file:{quote(str(path))}?mode=ro" + ("&immutable=1" if unused else "")
    connection = apsw.Connection(location, flags=apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI)
    with contextlib.closing(connection):
        connection.set_busy_timeout(_BUSY_MILLISECONDS)
        return connection.execute(query).fetchall()
