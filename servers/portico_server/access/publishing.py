"""Has changes decided by: hands the policies of changed accounts to every process of this machine.

A change that this process took is handed on before it is answered. Those that others took (further fronts, other nodes)
are looked for twice a second. How old what is handed on may be, whoever decides tells by a clock that goes only as long
as the store can be read.
"""

from __future__ import annotations

import asyncio

import structlog

from portico_server.access import store
from portico_server.access.book import Book
from portico_server.platform.access.model import AccountPolicies
from portico_server.platform.access.policy_writer import PolicyWriter
from portico_server.platform.database import DatabaseError

POLL_SECONDS = 0.5

_log = structlog.get_logger(__name__)


class StoreSetBack(Exception):
    """The store says an older revision than before: an earlier state of it was put in its place."""


class Publishing:
    """`publish` hands on all that has changed since it was last called."""

    def __init__(self, book: Book, writer: PolicyWriter) -> None:
        self._book = book
        self._writer = writer
        self._revision = 0
        self._handed: dict[str, tuple[AccountPolicies, int]] = {}
        """What was handed on last, and its revision; shares with the book what is the same."""
        self._complaints = writer.complaints()
        self._publishing = asyncio.Lock()

    async def start(self) -> None:
        """Hands on all accounts, whatever was handed on before. Raises DatabaseError, OSError."""
        newest = await asyncio.to_thread(self._writer.newest)
        revision, accounts = await store.changed_accounts(self._book.database, 0)
        if newest > revision:  # the store was restored: what is newer than it is not so any more
            await asyncio.to_thread(self._writer.forget)
        for account in sorted(accounts):
            await self._hand_on(account, anew=True)
        await asyncio.to_thread(self._writer.keep_only, list(self._handed))
        await asyncio.to_thread(self._writer.tell)
        await self.publish()

    async def publish(self, upto: int = 0) -> None:
        """Until the revision `upto` at least is handed on. Raises DatabaseError, OSError, StoreSetBack."""
        async with self._publishing:
            if 0 < upto <= self._revision:
                return
            revision, accounts = await store.changed_accounts(self._book.database, self._revision)
            if revision < self._revision:
                raise StoreSetBack(f"the store of policies went back from {self._revision} to {revision}")
            for account in sorted(accounts):
                await self._hand_on(account)
            if accounts:
                await asyncio.to_thread(self._writer.tell)
            self._writer.has_handed_on(revision)
            self._revision = revision
            self._writer.is_fresh()

    async def mend(self) -> None:
        """Writes anew what processes could not read. Raises DatabaseError, OSError."""
        complaints = self._writer.complaints()
        async with self._publishing:
            handed_on = {account: revision for account, (_, revision) in self._handed.items()}
            for account in await asyncio.to_thread(self._writer.damaged, handed_on):
                await self._hand_on(account, anew=True)
            await asyncio.to_thread(self._writer.tell)
        self._complaints = complaints

    async def catch_up(self, revision: int) -> int:
        """Asks the store if that revision is not handed on yet; answers the one that is, or, where the store went back,
        the one that it has. Raises DatabaseError, OSError."""
        try:
            await self.publish(revision)
        except StoreSetBack:
            return await store.revision(self._book.database)
        return self._revision

    async def _hand_on(self, account: str, *, anew: bool = False) -> None:
        policies, revision = await self._book.load(account)
        before = None if anew else self._handed.get(account)
        await asyncio.to_thread(self._writer.write, account, policies, revision, before, anew=anew)
        if policies is None:
            self._handed.pop(account, None)
        else:
            self._handed[account] = policies, revision

    async def follow(self) -> None:
        """Again and again, until cancelled. While the store cannot be read, what was handed on holds, for a while."""
        failing = False
        while True:
            await asyncio.sleep(POLL_SECONDS)
            try:
                if await store.revision(self._book.database) != self._revision:
                    await self.publish()
                else:
                    self._writer.is_fresh()
                if self._writer.complaints() != self._complaints:
                    await self.mend()
                failing = False
            except (DatabaseError, OSError, StoreSetBack) as error:
                if not failing:
                    _log.error("policies_not_followed", error=str(error))
                failing = True
