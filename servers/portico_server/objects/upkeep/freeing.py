"""The background work on parts: lists that no version has any more are removed, uploads that nobody ended are aborted.

Each job runs under a lease, once over all processes; each bears being cut off anywhere and begun again.
"""

from __future__ import annotations

from contextlib import nullcontext

from portico_server.objects.store import freeing as store
from portico_server.objects.store import parts
from portico_server.objects.upkeep.collector import GRACE_US
from portico_server.platform.blobs import Blobs
from portico_server.platform.clock import Clock
from portico_server.platform.database import Batch, Database, GuardFailed
from portico_server.platform.product import Job

_EVERY_SECONDS = 60.0
_LISTS_AT_ONCE = 100
_PARTS_AT_ONCE = 100
"""Parts a batch: it holds the event loop for about a millisecond."""


class Freeing:
    """Removes the lists that were let go."""

    def __init__(self, database: Database, blobs: Blobs, clock: Clock) -> None:
        self._database = database
        self._blobs = blobs
        self._clock = clock

    def jobs(self) -> list[Job]:
        return [Job("objects.parts", _EVERY_SECONDS, self.free, self._database)]

    async def free(self) -> None:
        """Removes the lists that were let go before the grace, but for those that are read, or in use after all."""
        before_us, behind = self._clock.now_us() - GRACE_US, ""
        while lists := await store.freed_before(self._database, before_us, behind, _LISTS_AT_ONCE):
            for list_id, doomed in lists:
                if doomed or await self._doom(list_id):
                    await self._remove(list_id)
            behind = lists[-1][0]

    async def _doom(self, list_id: str) -> bool:
        """Whether nothing has the list, and nothing can any more."""
        if await store.is_in_use(self._database, list_id):
            await self._keep(list_id)
            return False
        anchor = await store.anchor(self._database, list_id)
        async with self._blobs.unpinned(anchor) if anchor else nullcontext(True) as unread:
            if not unread:
                return False
            try:
                await self._database.batch(Batch(store.doom(list_id), [parts.lock(list_id)], frees=True))
            except GuardFailed as failed:
                if failed.reason != store.LIST_IN_USE:
                    raise
                return False
        return True

    async def _keep(self, list_id: str) -> None:
        try:
            await self._database.batch(Batch(store.keep(list_id), [parts.lock(list_id)], frees=True))
        except GuardFailed as failed:
            if failed.reason != store.LIST_NOT_IN_USE:
                raise

    async def _remove(self, list_id: str) -> None:
        while (number := await store.last_of_first(self._database, list_id, _PARTS_AT_ONCE)) is not None:
            await self._database.batch(Batch(store.remove_up_to(list_id, number, self._clock.now_us()), frees=True))
        await self._database.batch(Batch([store.forget(list_id)], frees=True))
