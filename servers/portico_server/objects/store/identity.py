"""Statements on the database's own identity."""

from __future__ import annotations

from portico_server.platform.database import ANY, Batch, Database, Statement

_GET = "SELECT id FROM database_identity"
_SET = "INSERT INTO database_identity (number, id) VALUES (1, $1) ON CONFLICT (number) DO NOTHING"
_GET_PLACE = "SELECT blobs_place FROM database_identity"
_SET_FIRST_PLACE = "UPDATE database_identity SET blobs_place = $1 WHERE blobs_place = ''"
_SET_PLACE = "UPDATE database_identity SET blobs_place = $1"
_ANY_FILE = "SELECT 1 FROM file LIMIT 1"


async def get_or_set(database: Database, new: str) -> str:
    """The database's identity; of several that set it at once one wins, and all are answered its."""
    rows = await database.read(_GET)
    if not rows:
        await database.batch(Batch([Statement(_SET, (new,), ANY)]))
        rows = await database.read(_GET)
    identity: str = rows[0][0]
    return identity


async def first_place(database: Database, place: str) -> str:
    """Where the database's blobs are, which is `place` if nothing else was written down before."""
    await database.batch(Batch([Statement(_SET_FIRST_PLACE, (place,), ANY)]))
    [(found,)] = await database.read(_GET_PLACE)
    return str(found)


async def set_place(database: Database, place: str) -> None:
    """Writes down where the database's blobs are now."""
    if await database.read(_GET_PLACE) != [(place,)]:
        await database.batch(Batch([Statement(_SET_PLACE, (place,), 1)]))


async def knows_files(database: Database) -> bool:
    """Whether it tells of any blob."""
    return bool(await database.read(_ANY_FILE))
