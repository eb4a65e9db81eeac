"""Opens products' databases, on the engine that the settings name."""

from __future__ import annotations

import asyncio
import contextlib
import re
from importlib.resources.abc import Traversable
from typing import TYPE_CHECKING

from portico_server.platform.clock import Clock, SystemClock
from portico_server.platform.database.interface import Database
from portico_server.platform.database.migrations import Migration, formats, migrations_of
from portico_server.platform.database.sqlite import SqliteDatabase
from portico_server.platform.database.sqlite.migrating import migrate as migrate_sqlite
from portico_server.platform.folders import make_folder
from portico_server.platform.reserve import Reserve
from portico_server.platform.settings import Settings

if TYPE_CHECKING:
    from portico_server.platform.database.postgresql.presence import Presence
    from portico_server.platform.database.postgresql.reachability import Reachability

_PRODUCT = re.compile(r"[a-z][a-z0-9_]{0,40}")


class LocalDatabases:
    """Implements `product.Databases`: a product has a file (`data/databases/objects.sqlite`) or a PostgreSQL schema."""

    def __init__(self, settings: Settings, clock: Clock | None = None, reserve: Reserve | None = None) -> None:
        """`reserve`: of the disk on which SQLite's files are."""
        self._settings = settings
        self._reserve = reserve
        self._clock = clock or SystemClock()
        self._open: dict[str, Database] = {}
        self._presences: list[Presence] = []
        self._reachability: Reachability | None = None
        self._opening = asyncio.Lock()

    async def open(self, product: str, migrations: Traversable) -> Database:
        """The product's database, migrated to the newest format; a second call answers the same one.

        Raises FormatTooNew, OlderReleaseRuns, StorageFull, DatabaseError.
        """
        if not _PRODUCT.fullmatch(product):
            raise ValueError(f"{product!r} cannot name a file and a schema: give lower-case letters, digits and _")
        async with self._opening:
            if product not in self._open:
                self._open[product] = await self._opened(product, migrations_of(product, migrations))
            return self._open[product]

    @property
    def are_reachable(self) -> bool:
        """Whether their server answers; files always do."""
        return self._reachability is None or self._reachability.holds

    async def close(self) -> None:
        """Closes all, after what is in flight. Raises what one of them raised, once all have been closed."""
        async with contextlib.AsyncExitStack() as stack:  # what is pushed last goes first
            for database in self._open.values():
                stack.push_async_callback(database.close)
            for presence in self._presences:
                stack.push_async_callback(presence.stop)
            if self._reachability is not None:
                stack.push_async_callback(self._reachability.stop)
            self._open.clear()
            self._presences.clear()
            self._reachability = None

    async def _opened(self, product: str, migrations: list[Migration]) -> Database:
        if self._settings.database != "sqlite":
            return await self._opened_postgresql(product, migrations)
        folder = self._settings.data / "databases"
        await asyncio.to_thread(make_folder, folder)
        path = folder / f"{product}.sqlite"
        await asyncio.to_thread(migrate_sqlite, path, migrations, self._clock)
        return SqliteDatabase(path, self._reserve)

    async def _opened_postgresql(self, product: str, migrations: list[Migration]) -> Database:
        # Here, since most have no PostgreSQL: its driver is 80 modules at every start.
        from portico_server.platform.database.postgresql import PostgresqlDatabase
        from portico_server.platform.database.postgresql.migrating import migrate as migrate_postgresql
        from portico_server.platform.database.postgresql.presence import Presence, process_name
        from portico_server.platform.database.postgresql.reachability import Reachability

        dsn, process = self._settings.database, process_name()

        async def migrate() -> list[Migration]:
            return await migrate_postgresql(dsn, product, migrations, self._clock, process)

        waiting = await migrate()
        database = PostgresqlDatabase(dsn, schema=product)
        presence = Presence(process, len(formats(migrations)), database, self._clock, migrate, waiting)
        presence.start()
        self._presences.append(presence)
        if self._reachability is None:
            self._reachability = Reachability(database)  # all schemas are of one server
        return database
