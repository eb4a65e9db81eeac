"""What an account is made of, one kind like the other: made, looked up, listed, changed, deleted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from portico_server.access import checks, store
from portico_server.access.book import Book, Change
from portico_server.access.errors import BuiltIn, Changed, InvalidField, already_exists, not_found, too_many
from portico_server.access.kinds import PERMISSION_GROUP, RESOURCE_GROUP, Kind, account_name, kind_of
from portico_server.access.permissions import Permissions
from portico_server.access.state import AccountState, Item
from portico_server.platform.authorization import Filter
from portico_server.platform.database import Statement
from portico_server.platform.telemetry.spans import span

MOST = 10_000
"""Of each kind in an account; of members, service accounts and API tokens ten times as many."""
_MANY_OF = ("members", "serviceAccounts", "apiTokens")

Also = Callable[[Any, int], list[Statement]]
"""Further statements for the batch, given the message as it is kept and the revision."""
Judge = Callable[[AccountState], None]
"""Looks at the account before the change. Raises DomainError."""


def nothing_else(message: Any, revision: int) -> list[Statement]:
    return []


def anything(state: AccountState) -> None:
    """No further condition."""


class Items:
    """`book` holds the accounts, `permissions` are all that there are."""

    def __init__(self, book: Book, permissions: Permissions) -> None:
        self.book = book
        self._permissions = permissions

    def action(self, kind: Kind, verb: str) -> str:
        return f"access.{kind.field}.{verb}"

    async def create(
        self, kind: Kind, name: str, wanted: Any, caller: str, also: Also = nothing_else, judge: Judge = anything
    ) -> tuple[Any, int]:
        """What is kept, and its revision. Raises DomainError."""
        if wanted.name and wanted.name != name:
            raise InvalidField(
                f"{kind.field}.name is not what parent and {kind.field}_id say; leave it out",
                field=f"{kind.field}.name",
            )

        def plan(state: AccountState, revision: int) -> Change:
            judge(state)
            if state.get(name) is not None:
                raise already_exists(kind, name)
            most = MOST * 10 if kind.collection in _MANY_OF else MOST
            if sum(1 for item in state.kept() if item.kind is kind) >= most:
                raise too_many(kind, most)
            message = kind.message()
            message.CopyFrom(wanted)
            message.name = name  # type: ignore[attr-defined]
            self._complete(message, kind, state, revision, None)
            return Change([message], also=also(message, revision))

        revision, state = await self.book.change(account_name(name), self.action(kind, "create"), caller, plan)
        return state.get(name), revision

    async def get(self, name: str) -> Any:
        """Raises DomainError (not found)."""
        with span("access.store.get", step="store"):
            item = await store.get(self.book.database, name)
        found = item.message if item else self.book.roles.of(account_name(name)).get(name)
        if found is None:
            raise not_found(kind_of(name), name)
        return found

    async def page(self, kind: Kind, account: str, after: str, size: int, allowed: Filter) -> tuple[list[Any], str]:
        """Up to `size` of those behind the name `after` that may be seen, and the name to go on behind; empty: none."""
        with span("access.store.list", step="store"):
            found = await store.of_kind(self.book.database, kind, account, after, size + 1, allowed)
        messages = {item.name: item.message for item in found}
        if kind in (PERMISSION_GROUP, RESOURCE_GROUP):
            for name, message in self.book.roles.of(account).items():
                if kind_of(name) is kind and name > after and name not in messages and allowed.shows(name):
                    messages[name] = message
        names = sorted(messages)
        return [messages[name] for name in names[:size]], names[size - 1] if len(names) > size else ""

    async def update(
        self, kind: Kind, wanted: Any, mask: Sequence[str], caller: str, judge: Judge = anything
    ) -> tuple[Any, int]:
        """What is kept now, and its revision. Raises DomainError."""
        fields = kind.mutable if not mask or "*" in mask else tuple(mask)

        def edit(message: Any) -> None:
            part = kind.message()
            part.CopyFrom(wanted)
            for field in kind.message.DESCRIPTOR.fields:
                if field.name in fields:
                    message.ClearField(field.name)
                else:
                    part.ClearField(field.name)
            message.MergeFrom(part)

        return await self.edit(kind, wanted.name, wanted.etag, edit, caller, judge)

    async def edit(
        self, kind: Kind, name: str, etag: str, edit: Callable[[Any], None], caller: str, judge: Judge = anything
    ) -> tuple[Any, int]:
        """Changes a copy of what is kept by `edit`; nothing happens where that changes nothing. Raises DomainError."""

        def plan(state: AccountState, revision: int) -> Change:
            judge(state)
            old = existing(state, kind, name, etag)
            message = kind.message()
            message.CopyFrom(old)
            edit(message)
            if message == old:
                return Change()
            self._complete(message, kind, state, revision, old)
            return Change([message])

        revision, state = await self.book.change(account_name(name), self.action(kind, "update"), caller, plan)
        return state.get(name), revision

    async def delete(
        self, kind: Kind, name: str, etag: str, caller: str, judge: Judge = anything, also: Also = nothing_else
    ) -> int:
        """The revision. Raises DomainError."""

        def plan(state: AccountState, revision: int) -> Change:
            judge(state)
            old = existing(state, kind, name, etag)
            return Change(removed=[name], also=also(old, revision))

        revision, _ = await self.book.change(account_name(name), self.action(kind, "delete"), caller, plan)
        return revision

    def _complete(self, message: Any, kind: Kind, state: AccountState, revision: int, old: Any) -> None:
        """Fills in what callers do not say, and judges the whole."""
        complete(message, revision, self.book.clock.now_us(), old)
        completed(message, state.account, old)
        after = state.with_changes([Item(message.name, kind, message, revision)], ())
        checks.check(kind, message, after, self._permissions)


def complete(message: Any, revision: int, now_us: int, old: Any = None) -> None:
    """Times and etag, whole microseconds."""
    if old is None:
        message.create_time.FromMicroseconds(now_us)
    else:
        message.create_time.CopyFrom(old.create_time)
    message.update_time.FromMicroseconds(now_us)
    message.etag = f"r{revision}"


def completed(message: Any, account: str, old: Any = None) -> None:
    """What only some kinds have, and callers do not say or may leave out."""
    kind = kind_of(message.name)
    if kind is PERMISSION_GROUP:
        message.editable, message.built_in = True, False
        message.version = old.version + 1 if old is not None else 1
        message.scope_type = message.scope_type or 1
    if kind is RESOURCE_GROUP:
        message.built_in, message.scope = False, message.scope or account


def existing(state: AccountState, kind: Kind, name: str, etag: str = "") -> Any:
    """What is kept under that name, in the state that the caller saw. Raises DomainError."""
    message = state.get(name)
    if message is None:
        raise not_found(kind, name)
    if state.is_built_in(name):
        raise BuiltIn(f"{name} comes with the platform and cannot be changed; make one of your own", resource=name)
    if etag and etag != message.etag:
        raise Changed(f"{name} has changed since you read it; read it again", resource=name, etag=message.etag)
    return message
