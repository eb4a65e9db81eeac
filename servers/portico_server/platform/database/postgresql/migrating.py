"""Brings a product's schema to the newest format. Of processes that start at once one does it, the others wait."""

from __future__ import annotations

from collections.abc import Sequence

import psycopg
from psycopg import sql

from portico_server.platform.clock import Clock
from portico_server.platform.database.interface import DatabaseError, Unreachable
from portico_server.platform.database.migrations import READ_STAMP, STAMP_TABLE, Migration, pending
from portico_server.platform.database.portable import script_for_postgresql
from portico_server.platform.database.postgresql.commands import PRELUDE

_LOCK = 7_305_811_702_219_325_251
"""The advisory lock under which schemas of this database are made and changed; any number that nobody else uses."""

_WRITE_STAMP = "INSERT INTO platform_migration (component, number, name, applied_at_us) VALUES (%s, %s, %s, %s)"


async def migrate(dsn: str, schema: str, migrations: Sequence[Migration], clock: Clock) -> None:
    """Applies what is pending. Raises FormatTooNew, Unreachable, DatabaseError."""
    try:
        connection = await psycopg.AsyncConnection.connect(dsn, autocommit=True)
    except psycopg.Error as error:
        raise Unreachable(f"PostgreSQL cannot be reached: {str(error).strip()}; check the setting database") from error
    async with connection:
        try:
            await connection.execute("SELECT pg_advisory_lock(%s)", (_LOCK,))
            await _prepare_schema(connection, schema)
            for migration in pending(f"schema {schema}", migrations, await _applied(connection)):
                await _apply(connection, migration, clock.now_us())
        except psycopg.Error as error:
            raise DatabaseError(f"migrating schema {schema}: {error}") from error


async def _prepare_schema(connection: psycopg.AsyncConnection, schema: str) -> None:
    name = sql.Identifier(schema)
    await connection.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(name))
    await connection.execute(sql.SQL("SET search_path TO {}").format(name))


async def _applied(connection: psycopg.AsyncConnection) -> dict[str, int]:
    found = await connection.execute("SELECT to_regclass('platform_migration') IS NOT NULL")
    if await found.fetchone() == (False,):
        return {}
    return dict(await (await connection.execute(READ_STAMP)).fetchall())


async def _apply(connection: psycopg.AsyncConnection, migration: Migration, now_us: int) -> None:
    async with connection.transaction():
        for statement in (*PRELUDE, *script_for_postgresql(STAMP_TABLE + migration.script)):
            await connection.execute(statement.encode())
        stamp = (migration.component, migration.number, migration.name, now_us)
        await connection.execute(_WRITE_STAMP, stamp)
