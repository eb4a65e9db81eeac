"""What this process knows is wrong with what is stored, for metrics, `portico status` and `portico doctor`.

It is read from the database every few seconds, in every process: another one may have found it, or mended it.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress

from portico_server.objects.store import scrubs, used_stores
from portico_server.platform.blobs import LOCAL, Blobs
from portico_server.platform.database import Database, DatabaseError

_EVERY_SECONDS = 5.0


class KnownProblems:
    """Versions that were found damaged, and stores that hold bytes and that stores.toml does not describe any more:
    nothing else would tell of these until somebody reads them."""

    def __init__(self, database: Database, blobs: Blobs) -> None:
        self._database = database
        self._described = {one.name for one in blobs.stores if one.name != LOCAL}
        self._damaged = 0
        self._missing: tuple[str, ...] = ()
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

    def note_damaged(self, count: int) -> None:
        """So many are known: who has just looked need not wait."""
        self._damaged = count

    def damaged(self) -> int:
        """How many versions are known to be damaged."""
        return self._damaged

    def problems(self) -> dict[str, str]:
        """By what is at fault, a sentence each."""
        found = {f"store {name}": _missing(name) for name in self._missing}
        if self._damaged:
            told = f"{self._damaged:,} stored versions are damaged; the log names them (object damaged), as"
            told += " `portico objects scrub BUCKET` does: put them again, or restore a backup"
            found["stored objects"] = told
        return found

    async def _refresh_for_ever(self) -> None:
        while True:
            await asyncio.sleep(_EVERY_SECONDS)
            with suppress(DatabaseError):  # it is away, which others tell; what was known stays
                await self.refresh()


def _missing(name: str) -> str:
    return (
        "holds bytes of objects, and stores.toml does not describe it any more, so they cannot be read: describe "
        f"{name} again as it was, and `portico restart`; if it is gone for good, put those objects again or delete them"
    )
