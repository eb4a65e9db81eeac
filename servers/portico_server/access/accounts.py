"""Accounts: created, listed, deleted; and what the first one begins with."""

from __future__ import annotations

from typing import Any

from portico.access.v1.accounts_pb2 import Account
from portico.access.v1.members_pb2 import Member, MemberState
from portico.access.v1.policies_pb2 import Access, Policy
from portico_server.access import rules, store
from portico_server.access.book import Book, Change
from portico_server.access.errors import (
    AccountNotEmpty,
    InvalidField,
    account_deleted,
    account_name_taken,
    already_exists,
    too_many_accounts,
)
from portico_server.access.holdings import Holdings
from portico_server.access.items import Also, complete, existing, nothing_else
from portico_server.access.kinds import ACCOUNT, MEMBER, PERMISSION_GROUP, POLICY, RESOURCE_GROUP, id_of
from portico_server.access.roles import EVERYTHING, SUPER_ADMINISTRATOR
from portico_server.access.state import AccountState
from portico_server.platform.database import GuardFailed
from portico_server.platform.errors import DomainError
from portico_server.platform.keyring.identity import RESERVED_ACCOUNT
from portico_server.platform.names import is_principal_name

FIRST = "accounts/default"
FIRST_ADMINISTRATOR = f"{FIRST}/principals/admin"

MOST_OF_CREATOR = 100
"""Accounts that a principal may belong to and still create another one."""
MOST_OF_PARENT = 1_000
"""Accounts that were created for one account; for the first one:"""
MOST_OF_FIRST = 10_000


class Accounts:
    """All accounts."""

    def __init__(self, book: Book, holdings: Holdings) -> None:
        self._book = book
        self._holdings = holdings

    async def make_first(self) -> None:
        """The account that is there from the start, with the principal that a first start makes as its Super
        Administrator. Does nothing where it is there."""
        if await store.get(self._book.database, FIRST) is not None:
            return
        try:
            await self._create(FIRST, Account(), "", FIRST_ADMINISTRATOR)
        except DomainError:
            if await store.get(self._book.database, FIRST) is None:  # else another process that starts was faster
                raise

    async def create(
        self, parent: str, account_id: str, wanted: Account, caller: str, also: Also = nothing_else
    ) -> tuple[Account, int]:
        """The account, with the caller as its Super Administrator, and its revision. Raises DomainError."""
        name = f"accounts/{account_id}"
        if wanted.name and wanted.name != name:
            raise InvalidField("account.name is not what account_id says; leave it out", field="account.name")
        if wanted.parent not in ("", parent):
            raise InvalidField("account.parent is not what parent says; leave it out", field="account.parent")
        if account_id == RESERVED_ACCOUNT:
            raise InvalidField(f"account_id: {account_id} is the platform's own; choose another", field="account_id")
        return await self._create(name, wanted, parent, caller, also)

    async def _create(
        self, name: str, wanted: Account, parent: str, administrator: str, also: Also = nothing_else
    ) -> tuple[Account, int]:
        async def plan(state: AccountState, revision: int) -> Change:
            if state.exists:
                raise already_exists(ACCOUNT, name)
            await self._check_number(parent, administrator)
            now_us = self._book.clock.now_us()
            account = Account(
                name=name, display_name=wanted.display_name, description=wanted.description, parent=parent
            )
            member = Member(
                name=MEMBER.name(name, _member_id(administrator)),
                principal=administrator,
                state=MemberState.MEMBER_STATE_ACTIVE,
                inviter=administrator,
            )
            policy = Policy(
                name=POLICY.name(name, SUPER_ADMINISTRATOR),
                display_name="Super Administrators",
                access=Access.ACCESS_ALLOW,
                permission_groups=[PERMISSION_GROUP.name(name, SUPER_ADMINISTRATOR)],
                resource_groups=[RESOURCE_GROUP.name(name, EVERYTHING)],
                principals=[member.name],
            )
            for message in (account, member, policy):
                complete(message, revision, now_us)
            statements = [store.names_no_others(name), store.was_never(name), *also(account, revision)]
            return Change([account, member, policy], also=statements, parent=parent)

        try:
            revision, state = await self._book.change(name, "access.account.create", "", plan, new=True)
        except GuardFailed as failed:
            if failed.reason == store.WAS_DELETED:
                raise account_deleted(name) from None
            if failed.reason != store.NAMES_OTHERS:
                raise
            raise account_name_taken(name) from None
        return state.get(name), revision

    async def _check_number(self, parent: str, creator: str) -> None:
        """Whether another one may be created. Raises DomainError."""
        database = self._book.database
        most = MOST_OF_FIRST if parent == FIRST else MOST_OF_PARENT
        if parent and await store.accounts_created_for(database, parent) >= most:
            raise too_many_accounts(parent, most, "delete one that was created for it first")
        # The operator creates those of others, and belongs to them all.
        if creator != FIRST_ADMINISTRATOR and await store.accounts_joined(database, creator) >= MOST_OF_CREATOR:
            remedy = "leave or delete one that it belongs to, or have another principal create it"
            raise too_many_accounts(creator, MOST_OF_CREATOR, remedy)

    async def page(self, caller: str, parent: str, after: str, size: int) -> tuple[list[Account], str]:
        """Those that the caller belongs to; with a `parent` it, too, and those that were created for it. And the name
        to go on behind; empty: none."""
        found = await store.accounts_of(self._book.database, caller, parent, after, size + 1)
        return [item.message for item in found[:size]], found[size - 1].name if len(found) > size else ""

    async def delete(self, name: str, etag: str, caller: str) -> int:
        """The revision. Its id is not given again, so that nobody gets what products may still keep by it: what is made
        in it while it is deleted, and what policies hide from the caller. Raises DomainError, ApiError."""
        rules.check_super_administrator(await self._book.state(name), caller, "delete the account")
        held = [collection async for collection in self._holdings.of(name)]

        def plan(state: AccountState, revision: int) -> Change:
            existing(state, ACCOUNT, name, etag)
            rules.check_super_administrator(state, caller, "delete the account")
            left = held + [one for one in state.left() if not _is_of_last(one, state, caller)]
            if left or name == FIRST:
                raise AccountNotEmpty(
                    f"{name} cannot be deleted: "
                    + ("it is the first one" if name == FIRST else f"delete first {', '.join(left[:20])}"),
                    resource=name,
                )
            return Change(removed=[*state.left(), name])

        revision, _ = await self._book.change(name, "access.account.delete", "", plan)
        return revision


def _is_of_last(name: str, state: AccountState, caller: str) -> bool:
    """Whether it is the caller's membership, or the policy that makes members Super Administrators."""
    message: Any = state.get(name)
    return name == POLICY.name(state.account, SUPER_ADMINISTRATOR) or getattr(message, "principal", "") == caller


def _member_id(principal: str) -> str:
    """The id of a new account's first member: the principal's own, where it can be one."""
    found = id_of(principal).replace(".", "-").replace("_", "-").strip("-")
    return found if is_principal_name(principal) and found else "first"
