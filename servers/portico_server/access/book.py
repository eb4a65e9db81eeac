"""The accounts as they are, and the one way to change one: read, judge, write guarded by what was read.

A change is planned against an account's whole state in memory, judged by its rules (`rules.py`), and written in one
batch that raises the store's revision from that by which it was judged. If somebody was faster, all of it is done
again. See DESIGN.md.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from portico_server.access import events, rules, store
from portico_server.access.compiling import prepare
from portico_server.access.errors import Contended, not_found
from portico_server.access.kinds import ACCOUNT, kind_of
from portico_server.access.roles import Roles
from portico_server.access.state import ACTORS, AccountState, Item
from portico_server.platform.access.model import AccountPolicies
from portico_server.platform.clock import Clock
from portico_server.platform.database import Batch, Database, GuardFailed, Statement
from portico_server.platform.telemetry.spans import span

_TRIES = 20
_PARSED_AT_ONCE = 200
"""Rows, before other calls get their turn."""
_STATES = 1_000
"""Accounts that are kept in memory."""


@dataclass(slots=True)
class Change:
    """What becomes of an account. `put` are messages, each with its name; `also` are further statements of the batch
    (proofs, answers that are kept). `sealed`: the secrets that these prove, by name, where they are kept sealed."""

    put: list[Any] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    also: list[Statement] = field(default_factory=list)
    sealed: dict[str, bytes] = field(default_factory=dict)
    parent: str = ""
    """Of a new account: on whose behalf it is created."""


Plan = Callable[[AccountState, int], Change | Awaitable[Change]]
"""Makes a change, given the state and the revision that it will have made. May be called again. One that takes its time
is awaited, and lets others have their turn. Raises DomainError."""


class Book:
    """The accounts. `now_us` of a change is that of its etag."""

    def __init__(self, database: Database, clock: Clock, roles: Roles) -> None:
        self.database = database
        self.clock = clock
        self.roles = roles
        self.on_change: Callable[[int], Any] | None = None
        """Awaited behind each change, before it is answered, with its revision."""
        self._states: dict[str, AccountState] = {}
        self._changing = asyncio.Lock()  # those of one process would only fail one another's guards

    async def state(self, account: str) -> AccountState:
        """The account as it is. Raises DomainError (not found)."""
        found = (await self._read(account))[0]
        if not found.exists:
            raise not_found(ACCOUNT, account)
        return found

    async def load(self, account: str) -> tuple[AccountPolicies | None, int]:
        """What the account decides by, None if there is no such account; and the revision of its last change."""
        found = (await self._read(account))[0]
        return await prepare(found) if found.exists else None, found.revision

    async def change(
        self, account: str, action: str, caller: str, plan: Plan, *, new: bool = False
    ) -> tuple[int, AccountState]:
        """Applies a plan; answers its revision, and the account as it then is. `caller`: by whose powers it is judged;
        empty: by nobody's. `action` is the permission by which it is done.

        Raises DomainError, Contended, DatabaseError.
        """
        async with self._changing:
            for _ in range(_TRIES):
                state, revision = await self._read(account)
                if not state.exists and not new:
                    raise not_found(ACCOUNT, account)
                planned = plan(state, revision + 1)
                made = planned if isinstance(planned, Change) else await planned
                if not made.put and not made.removed and not made.also:
                    return revision, state
                after = self._after(state, made, revision + 1)
                await prepare(state)
                await prepare(after)
                rules.check(state, after, made.removed, [message.name for message in made.put], caller)
                try:
                    batch = Batch(await self._statements(state, after, made, action, revision))
                    with span("access.store.change", step="store"):
                        await self.database.batch(batch)
                except GuardFailed as failed:
                    if failed.reason != store.BEHIND:
                        raise
                    continue
                self._keep(after)
                break
            else:
                raise Contended(f"others changed {account} each time; try again")
        if self.on_change is not None:
            await self.on_change(revision + 1)
        return revision + 1, after

    def _after(self, state: AccountState, made: Change, revision: int) -> AccountState:
        put = [
            Item(message.name, kind_of(message.name), message, revision, made.sealed.get(message.name, b""))
            for message in made.put
        ]
        return state.with_changes(put, made.removed, revision)

    async def _statements(
        self, state: AccountState, after: AccountState, made: Change, action: str, revision: int
    ) -> list[Statement]:
        now_us, at = self.clock.now_us(), revision + 1
        statements = [store.advance(revision), *made.also]
        for name in made.removed:
            before = state.get(name)
            statements += store.delete(name, state.account, at)
            statements.append(store.disprove(name))
            statements += events.audit(action, name, before, None, at, now_us)
        for number, message in enumerate(made.put, 1):
            if number % _PARSED_AT_ONCE == 0:
                await asyncio.sleep(0)
            item = after.item(message.name)
            assert item is not None
            statements += store.put(item, state.account, at)
            statements += events.audit(action, item.name, state.get(item.name), message, at, now_us)
        if any(kind_of(name) in ACTORS for name in (*made.removed, *(message.name for message in made.put))):
            was, now = state.belonging(), after.belonging()
            statements += store.memberships(state.account, sorted(now - was), sorted(was - now))
        if made.parent:
            statements.append(store.bear(made.parent, state.account))
        if state.exists and not after.exists:
            statements.append(store.unbear(state.account))
        return statements

    async def _read(self, account: str) -> tuple[AccountState, int]:
        """The account, and the store's revision of the same moment."""
        known = self._states.get(account) or AccountState(account, {}, self.roles.of(account))
        revision, changed, gone, sealed = await store.changes(self.database, account, known.revision)
        items: list[Item] = []
        for number, row in enumerate(changed, 1):
            items.append(store.parsed(row, sealed))
            if number % _PARSED_AT_ONCE == 0:
                await asyncio.sleep(0)
        newest = max((known.revision, *(item.revision for item in items), *(at for _, at in gone)))
        if items or gone:
            known = known.with_changes(items, [name for name, _ in gone], newest)
            self._keep(known)
        return known, revision

    def _keep(self, state: AccountState) -> None:
        if len(self._states) >= _STATES:
            self._states.clear()
        known = self._states.get(state.account)
        if known is None or known.revision <= state.revision:
            self._states[state.account] = state
