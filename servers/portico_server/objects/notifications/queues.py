"""Queues of notifications: read, acknowledged, kept within bounds."""

from __future__ import annotations

import asyncio
from typing import NamedTuple

import structlog

from portico.objects.v1 import buckets_pb2
from portico_server.objects import errors
from portico_server.objects.buckets.lifecycle import DAY_US
from portico_server.objects.names import account_of
from portico_server.objects.store import buckets
from portico_server.objects.store import notifications as store
from portico_server.objects.store.notifications import Queue
from portico_server.platform.clock import Clock
from portico_server.platform.database import Batch, Database, DatabaseError, GuardFailed
from portico_server.platform.product import Job

KEPT_DAYS = 14
KEPT_NOTIFICATIONS = 1_000_000
"""Of a queue."""
_EVERY_SECONDS = 60.0
_LOOK_SECONDS = 0.25
"""Between two looks of a reader who waits."""
_LOOKED_AT_ONCE = 1000
_MORE_ATTEMPTS = 3
"""Than a page needs to be numbered: others may write on."""

_log = structlog.get_logger(__name__)


class Page(NamedTuple):
    """Numbered notifications as they are stored, how far the queue is, and whether there are more."""

    found: list[tuple[int, bytes]]
    queue: Queue
    more: bool


class Queues:
    """The queues of all accounts."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def jobs(self) -> list[Job]:
        return [Job("objects.notifications", _EVERY_SECONDS, self.keep_in_bounds, self._database)]

    async def read(self, queue: str, behind: int, limit: int, wait_seconds: float) -> Page:
        """What was told behind a sequence and is not acknowledged; where there is nothing, waits for it. Raises
        QueueNotFound, and DatabaseError where nothing is numbered and nothing can be."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + wait_seconds
        page = await self._page(queue, behind, limit)
        await self._check_is_there(page.queue)
        while not page.found and (left := deadline - loop.time()) > 0:
            await asyncio.sleep(min(_LOOK_SECONDS, left))
            page = await self._page(queue, behind, limit)
        return page

    async def acknowledge(self, queue: str, sequence: int) -> Queue:
        """Raises QueueNotFound, NotificationNotTold."""
        try:
            await self._database.batch(Batch(store.acknowledge(queue, sequence), frees=True))
        except GuardFailed as failed:
            if failed.reason != store.NOT_TOLD:
                raise
            found = await store.get(self._database, queue)
            await self._check_is_there(found)
            last = found.last_sequence
            message = f"{queue} has told up to {last} only; acknowledge no further"
            raise errors.NotificationNotTold(message, resource=queue, last_sequence=str(last)) from None
        found = await store.get(self._database, queue)
        if removal := await store.remove_some(self._database, found):
            await self._database.batch(Batch([removal], frees=True))  # the job sees to the rest
        return found

    async def first(self, queue: str) -> Page:
        """The oldest that waits, if there is one."""
        return await self._page(queue, 0, 1)

    async def numbered(self, queue: str) -> Queue:
        """A queue in which all that was told of by now has its number."""
        while await store.waits(self._database, queue):
            await self._number(queue)
        return await store.get(self._database, queue)

    async def keep_in_bounds(self) -> None:
        """Numbers what waits in all queues, removes what is acknowledged, drops what is too old or too much."""
        name = ""
        while name := await store.queue_behind(self._database, name):
            await self._drop(await self.numbered(name))
            queue = await store.get(self._database, name)
            while removal := await store.remove_some(self._database, queue):
                await self._database.batch(Batch([removal], frees=True))

    async def _page(self, queue: str, behind: int, limit: int) -> Page:
        for _ in range(limit // store.NUMBERED_AT_ONCE + _MORE_ATTEMPTS):
            waiting = await store.waits(self._database, queue)  # first: what waits no more by then is seen below
            state = await store.get(self._database, queue)
            found = await store.behind(self._database, queue, max(behind, state.acknowledged), limit + 1)
            if len(found) > limit or not waiting:
                break
            try:
                await self._number(queue)
            except DatabaseError:
                if not found:
                    raise
                break  # no room on the disk, as a rule: what has its number is told all the same
        return Page(found[:limit], state, len(found) > limit)

    async def _check_is_there(self, queue: Queue) -> None:
        """A queue that was told anything is there; another one if a rule names it. Raises QueueNotFound."""
        if queue.last_sequence or await self._is_named(queue.name):
            return
        message = f"there is no queue {queue.name}: no bucket's rule names it, and nothing was told to it"
        raise errors.QueueNotFound(message, resource=queue.name)

    async def _is_named(self, queue: str) -> bool:
        """Whether a rule of the account's buckets names it. For queues that are new alone: it reads all their rules."""
        behind = ""
        while found := await buckets.settings_in(self._database, account_of(queue), behind, _LOOKED_AT_ONCE):
            for behind, content in found:  # noqa: B007  # the last one is gone on behind
                rules = buckets_pb2.Bucket.FromString(content).notification_rules
                if any(rule.queue == queue for rule in rules):
                    return True
        return False

    async def _number(self, queue: str) -> None:
        await self._database.batch(Batch(store.number(queue), [store.lock(queue)]))

    async def _drop(self, queue: Queue) -> None:
        through = await self._too_old(queue, queue.last_sequence - KEPT_NOTIFICATIONS)
        if through <= queue.acknowledged:
            return
        await self._database.batch(Batch([store.drop(queue.name, through)], frees=True))
        _log.warning("notifications_dropped", queue=queue.name, notifications=through - queue.acknowledged)

    async def _too_old(self, queue: Queue, too_many: int) -> int:
        """The sequence up to which they are too many or too old."""
        through = max(queue.acknowledged, too_many)
        oldest_us = self._clock.now_us() - KEPT_DAYS * DAY_US
        while times := await store.times_behind(self._database, queue.name, through, _LOOKED_AT_ONCE):
            for sequence, time_us in times:
                if time_us >= oldest_us:
                    return through
                through = sequence
        return through
