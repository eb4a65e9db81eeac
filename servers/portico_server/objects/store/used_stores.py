"""Statements on the stores outside in which blobs are or were."""

from __future__ import annotations

from collections.abc import Iterable

from portico_server.platform.database import ANY, Batch, Database, Statement

_NOTE = "INSERT INTO used_store (name) VALUES ($1) ON CONFLICT (name) DO NOTHING"
_ALL = "SELECT name FROM used_store ORDER BY name"
# `/` is the character after the `.` that ends a store's name in the ids of its blobs.
STORES_IN_USE = """
SELECT name FROM used_store WHERE EXISTS (
  SELECT 1 FROM file WHERE id > used_store.name || '.' AND id < used_store.name || '/' AND retired_at_us = 0)"""


async def note(database: Database, names: Iterable[str]) -> None:
    """Writes down that there are these stores."""
    known = {name for (name,) in await database.scan(_ALL)}
    if new := [Statement(_NOTE, (name,), ANY) for name in names if name not in known]:
        await database.batch(Batch(new))


async def in_use(database: Database) -> set[str]:
    """Those in which bytes are that rows refer to."""
    return {str(name) for (name,) in await database.scan(STORES_IN_USE)}
