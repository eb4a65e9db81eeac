"""Blobs that no row tells of: what crashes and broken uploads left behind.

They are set aside first and removed a week later; what a row tells of after all is brought back. A database does so
only with blobs that are its own. DESIGN.md, "Orphans", says why with such care.
"""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from typing import NamedTuple

import structlog

from portico_server.objects.store import collecting as store
from portico_server.objects.store import identity, used_stores
from portico_server.platform.blobs import Blobs
from portico_server.platform.database import Database
from portico_server.platform.product import Job
from portico_server.platform.settings import SettingError

ORPHAN_SECONDS = 24 * 3600
"""How old a blob must be to be set aside: its upload may still be on its way to the commit."""
ASIDE_SECONDS = 7 * 24 * 3600
"""How long it is kept aside: an old copy of the database may have been put in place, and the right one come back."""

_EVERY_SECONDS = 6 * 3600.0
_IDENTITY_BITS = 128
_AT_ONCE = 100

_log = structlog.get_logger(__name__)


class _Found(NamedTuple):
    id: str
    age_seconds: int
    known: bool


class Orphans:
    """Finds and removes them."""

    def __init__(self, database: Database, blobs: Blobs, source: random.Random) -> None:
        """`source` must be the operating system's (random.SystemRandom), but in tests."""
        self._database = database
        self._blobs = blobs
        self._source = source
        self._identity = ""

    async def start(self) -> None:
        """Before anything is served: sees whose the blobs are, and brings back what is missed. Raises SettingError
        where the database's blobs are in another place, as of another node."""
        new = f"{self._source.getrandbits(_IDENTITY_BITS):032x}"
        self._identity = await identity.get_or_set(self._database, new)
        await self._blobs.belong_to(self._identity, await used_stores.in_use(self._database))
        owner = await self._blobs.owner()
        if not owner and await self._may_claim():
            await self._claim()
        elif owner == self._identity:
            await identity.set_place(self._database, self._blobs.place)
        else:
            self._warn(owner)
        async for blob in self._looked_up(self._blobs.all_aside(hidden=True)):
            if blob.known:
                await self._blobs.bring_back(blob.id)

    def jobs(self) -> list[Job]:
        return [Job("objects.orphans", _EVERY_SECONDS, self.remove, self._database)]

    async def remove(self) -> None:
        """Sets aside what is old and unknown, removes what has been aside for long and still is."""
        if await self._blobs.owner() != self._identity:
            return
        async for blob in self._looked_up(self._blobs.all_aside()):
            if blob.known:
                await self._blobs.bring_back(blob.id)
            elif blob.age_seconds >= ASIDE_SECONDS:
                await self._blobs.delete_aside(blob.id)
        async for blob in self._looked_up(self._blobs.all_ids(), ORPHAN_SECONDS):
            if not blob.known:
                await self._blobs.set_aside(blob.id)

    async def _claim(self) -> None:
        place = await identity.first_place(self._database, self._blobs.place)
        if place != self._blobs.place:
            raise SettingError(
                f"the bytes of the objects in this database are in {place}, and none of them in {self._blobs.place}: "
                "nodes that serve the same objects share that folder, so mount it here, or take calls for objects on "
                "to the other node (`peers`). If it was moved here, or is gone for good, write "
                f"{self._identity} into {self._blobs.owner_place}"
            )
        await self._blobs.claim(self._identity)

    async def _may_claim(self) -> bool:
        """Nobody's blobs may be this database's, where it was used before it had an identity; not if it is new."""
        if await identity.knows_files(self._database):
            return True
        async for _ in self._blobs.all_ids():
            return False
        return True

    async def _looked_up(
        self, ids: AsyncIterator[tuple[str, int]], least_age_seconds: int = 0
    ) -> AsyncIterator[_Found]:
        """Each of these blobs of that age, and whether a row tells of it."""
        found: dict[str, int] = {}
        async for blob_id, age_seconds in ids:
            if age_seconds >= least_age_seconds:
                found[blob_id] = age_seconds
            if len(found) == _AT_ONCE:
                for blob in await self._look_up(found):
                    yield blob
                found = {}
        for blob in await self._look_up(found):
            yield blob

    async def _look_up(self, found: dict[str, int]) -> list[_Found]:
        unknown = set(await store.unknown_files(self._database, list(found)))
        return [_Found(blob_id, age_seconds, blob_id not in unknown) for blob_id, age_seconds in found.items()]

    def _warn(self, owner: str) -> None:
        _log.error(
            "the objects' bytes belong to another database: nothing of them is cleaned up, and objects may be missing",
            database=self._identity,
            bytes_belong_to=owner or "unknown",
            remedy="stop, and start with the database that was used with them: was it moved, restored, or the setting"
            f" `database` changed? If it is gone for good, write {self._identity} into {self._blobs.owner_place}",
        )
