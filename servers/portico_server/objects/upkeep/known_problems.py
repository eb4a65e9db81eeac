"""What this process knows is wrong with what is stored, or with telling of it: for metrics, `portico status` and
`portico doctor`.

It is read from the database every few seconds, in every process: another one may have found it, or mended it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress

from portico_server.objects.store import scrubs, used_stores, webhooks
from portico_server.platform.blobs import LOCAL, Blobs
from portico_server.platform.blobs.stores import not_described
from portico_server.platform.database import Database, DatabaseError

_EVERY_SECONDS = 5.0
_MOST_NAMED = 3


class KnownProblems:
    """Versions that were found damaged, stores that hold bytes and that stores.toml does not describe any more,
    webhooks whose receivers said that they are gone: nothing else would tell of these until somebody reads or asks."""

    def __init__(self, database: Database, blobs: Blobs) -> None:
        self._database = database
        self._described = {one.name for one in blobs.stores if one.name != LOCAL}
        self._damaged = 0
        self._missing: tuple[str, ...] = ()
        self._disabled: list[str] = []
        self._refreshing: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Writes down which stores there are, and begins."""
        await used_stores.note(self._database, self._described)
        await self.refresh()
        self._refreshing = asyncio.create_task(self._refresh_for_ever(), name="known problems")

    async def stop(self) -> None:
        if self._refreshing is not None:
            self._refreshing.cancel()
            await asyncio.gather(self._refreshing, return_exceptions=True)

    async def refresh(self) -> None:
        self._damaged = await scrubs.count_damaged(self._database)
        self._missing = tuple(sorted(await used_stores.in_use(self._database) - self._described))
        self._disabled = await webhooks.disabled(self._database, _MOST_NAMED + 1)

    def note_damaged(self, count: int) -> None:
        """So many are known: who has just looked need not wait."""
        self._damaged = count

    def damaged(self) -> int:
        """How many versions are known to be damaged."""
        return self._damaged

    def problems(self) -> dict[str, str]:
        """By what is at fault, a sentence each."""
        found = {f"store {name}": not_described(name) for name in self._missing}
        if self._damaged:
            told = f"{self._damaged:,} stored versions are damaged; the log names them (object damaged), as"
            told += " `portico objects scrub BUCKET` does: put them again, or restore a backup"
            found["stored objects"] = told
        if self._disabled:
            found["webhooks"] = _told_disabled(self._disabled)
        return found

    async def _refresh_for_ever(self) -> None:
        while True:
            await asyncio.sleep(_EVERY_SECONDS)
            with suppress(DatabaseError):  # it is away, which others tell; what was known stays
                await self.refresh()


def _told_disabled(names: Sequence[str]) -> str:
    named = ", ".join(names[:_MOST_NAMED]) + (" and others" if len(names) > _MOST_NAMED else "")
    return (
        f"sent no more events since their receivers answered 410 (gone): {named}; `portico objects webhooks retry` "
        "when they are back, else take them out of the buckets' rules (`portico objects notifications`)"
    )
