"""Brings a product's schema to the newest format. Of processes that start at once one does it, the others wait.

Each process is registered in the schema under the same lock, with the formats that its release knows: so no migration
that an older release would not bear is applied while one of its processes is there, and none can come in between.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

import psycopg
from psycopg import sql

from portico_server.platform.clock import Clock
from portico_server.platform.database.interface import DatabaseError, Unreachable
from portico_server.platform.database.migrations import (
    READ_APPLIED,
    STAMP_TABLE,
    Migration,
    OlderReleaseRuns,
    formats,
    pending,
)
from portico_server.platform.database.portable import script_for_postgresql
from portico_server.platform.database.postgresql.commands import PRELUDE
from portico_server.platform.database.postgresql.patience import patient

_LOCK = 7_305_811_702_219_325_251
"""The advisory lock under which schemas of this database are made and changed; any number that nobody else uses."""

PRESENCE_SECONDS = 30.0
"""How long a process counts as there after it was last heard of."""

_OLDER = """
SELECT process FROM platform_presence
WHERE component = %s AND format < %s AND expires_at_us > %s ORDER BY process"""
_REGISTER = """
INSERT INTO platform_presence (process, component, format, expires_at_us) VALUES (%s, %s, %s, %s)
ON CONFLICT (process, component) DO UPDATE SET format = excluded.format, expires_at_us = excluded.expires_at_us"""
_APPLY_SECONDS, _PAUSE_SECONDS = 60.0, 0.5
_WRITE_STAMP = "INSERT INTO platform_migration (component, number, name, applied_at_us) VALUES (%s, %s, %s, %s)"


async def migrate(
    dsn: str, schema: str, migrations: Sequence[Migration], clock: Clock, process: str = ""
) -> list[Migration]:
    """Applies what is pending and registers `process`, for PRESENCE_SECONDS; answers the contracting migrations that
    wait for the end of an older release's processes.

    Raises FormatTooNew, OlderReleaseRuns, Unreachable, DatabaseError.
    """
    try:
        connection = await psycopg.AsyncConnection.connect(patient(dsn), autocommit=True)
    except psycopg.ProgrammingError:  # it repeats the URL, with the password in it
        raise DatabaseError(
            "the setting database is no URL that PostgreSQL can read: what is special in its password is "
            "percent-encoded, a % as %25"
        ) from None
    except psycopg.Error as error:
        raise Unreachable(f"PostgreSQL cannot be reached: {str(error).strip()}; check the setting database") from error
    async with connection:
        try:
            await connection.execute("SELECT pg_advisory_lock(%s)", (_LOCK,))
            await _prepare_schema(connection, schema)
            todo = pending(f"schema {schema}", migrations, await _applied(connection))
            waiting = await _apply_all(connection, schema, todo, clock)
            if process:
                await _register(connection, process, migrations, clock)
        except psycopg.Error as error:
            raise DatabaseError(f"migrating schema {schema}: {error}") from error
    return waiting


async def _apply_all(
    connection: psycopg.AsyncConnection, schema: str, todo: Sequence[Migration], clock: Clock
) -> list[Migration]:
    """Applies them in order; answers those that wait."""
    waiting: list[Migration] = []
    for migration in todo:
        older = await _older(connection, migration, clock)
        if older and not migration.contracts:
            raise OlderReleaseRuns(_why_not(schema, migration, older))
        if older or waiting:
            if not migration.contracts:
                raise OlderReleaseRuns(_why_not(schema, waiting[0], await _older(connection, waiting[0], clock)))
            waiting.append(migration)
        else:
            await _apply(connection, migration, clock.now_us())
    return waiting


def _why_not(schema: str, migration: Migration, older: Sequence[str]) -> str:
    return (
        f"schema {schema} is used by an older release ({', '.join(older)}), which the {migration.component} migration "
        f"{migration.number:04} ({migration.name}) cannot run beside. Stop these processes first; or upgrade by the "
        f"release in between."
    )


async def _older(connection: psycopg.AsyncConnection, migration: Migration, clock: Clock) -> list[str]:
    """The processes there whose release would not bear a migration."""
    if not await _has_table(connection, "platform_presence"):
        return []
    found = await connection.execute(_OLDER, (migration.component, migration.least_format, clock.now_us()))
    return [str(name) for (name,) in await found.fetchall()]


async def _register(
    connection: psycopg.AsyncConnection, process: str, migrations: Sequence[Migration], clock: Clock
) -> None:
    expires_at_us = clock.now_us() + int(PRESENCE_SECONDS * 1e6)
    for component, number in formats(migrations).items():
        await connection.execute(_REGISTER, (process, component, number, expires_at_us))


async def _prepare_schema(connection: psycopg.AsyncConnection, schema: str) -> None:
    name = sql.Identifier(schema)
    await connection.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(name))
    await connection.execute(sql.SQL("SET search_path TO {}").format(name))


async def _applied(connection: psycopg.AsyncConnection) -> list[tuple[str, int, str]]:
    if not await _has_table(connection, "platform_migration"):
        return []
    return list(await (await connection.execute(READ_APPLIED)).fetchall())


async def _has_table(connection: psycopg.AsyncConnection, name: str) -> bool:
    found = await connection.execute("SELECT to_regclass(%s) IS NOT NULL", (name,))
    return await found.fetchone() == (True,)


async def _apply(connection: psycopg.AsyncConnection, migration: Migration, now_us: int) -> None:
    """Who waits for a table's lock makes all wait who come later: so each try is short, and others go on between."""
    give_up_at = time.monotonic() + _APPLY_SECONDS
    while True:
        try:
            await _try_to_apply(connection, migration, now_us)
            return
        except psycopg.errors.LockNotAvailable as error:
            if time.monotonic() > give_up_at:
                raise DatabaseError(
                    f"migration {migration.label} has waited for {_APPLY_SECONDS:g} s for tables that are in use, as "
                    "by a backup; try again when that is done"
                ) from error
        await asyncio.sleep(_PAUSE_SECONDS)


async def _try_to_apply(connection: psycopg.AsyncConnection, migration: Migration, now_us: int) -> None:
    async with connection.transaction():
        await connection.execute("SET LOCAL lock_timeout = '300ms'")
        for statement in (*PRELUDE, *script_for_postgresql(STAMP_TABLE + migration.script)):
            await connection.execute(statement.encode())
        stamp = (migration.component, migration.number, migration.name, now_us)
        await connection.execute(_WRITE_STAMP, stamp)
