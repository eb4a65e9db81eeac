"""Statements on the database's own identity."""

from __future__ import annotations

from portico_server.platform.database import ANY, Batch, Database, Statement

_GET = "SELECT id FROM database_identity"
_SET = "INSERT INTO database_identity (number, id) VALUES (1, $1) ON CONFLICT (number) DO NOTHING"
_ANY_FILE = "SELECT 1 FROM file LIMIT 1"


async def get_or_set(database: Database, new: str) -> str:
    """The database's identity; of several that set it at once one wins, and all are answered its."""
    rows = await database.read(_GET)
    if not rows:
        await database.batch(Batch([Statement(_SET, (new,), ANY)]))
        rows = await database.read(_GET)
    identity: str = rows[0][0]
    return identity


async def knows_files(database: Database) -> bool:
    """Whether it tells of any blob."""
    return bool(await database.read(_ANY_FILE))
