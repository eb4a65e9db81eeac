"""Decisions by the policies as they are kept: a snapshot in memory that follows the store.

Before each decision the store is asked for its revision, so what was acknowledged is decided by at once, whichever
process took it. That is right for questions about access; calls are decided by the gateway, which cannot ask each time
(DESIGN.md).
"""

from __future__ import annotations

import asyncio

from portico_server.access import store
from portico_server.access.book import Book
from portico_server.access.permissions import Permissions
from portico_server.platform.access import journal
from portico_server.platform.access.snapshot import Snapshot


class Deciding:
    """`current` answers the snapshot of now, and its revision."""

    def __init__(self, book: Book, permissions: Permissions) -> None:
        self._book = book
        self._snapshot = Snapshot.compile((), permissions)
        self._revision = 0
        self._following = asyncio.Lock()

    async def current(self) -> tuple[Snapshot, int]:
        """Raises DatabaseError."""
        if await store.revision(self._book.database) != self._revision:
            async with self._following:
                await self._follow()
        return self._snapshot, self._revision

    async def _follow(self) -> None:
        revision, accounts = await store.changed_accounts(self._book.database, self._revision)
        snapshot = self._snapshot
        for account in sorted(accounts):
            policies, at = await self._book.load(account)
            known = snapshot.account_of(account)
            if policies is None:
                snapshot = snapshot.without_account(account)
            elif known is None:
                snapshot = snapshot.with_account(policies)
            else:
                snapshot = journal.changed_to(snapshot, policies, journal.difference(known.model, policies, at))
        self._snapshot, self._revision = snapshot, revision
