"""Accounts, and the permissions that there are."""

from __future__ import annotations

from typing import Any

from portico.access.v1 import accounts_pb2, accounts_pb2_grpc, permissions_pb2, permissions_pb2_grpc
from portico_server.access import caller
from portico_server.access.accounts import Accounts
from portico_server.access.items import Items
from portico_server.access.kinds import ACCOUNT
from portico_server.access.nouns import Noun
from portico_server.access.pages import page_size
from portico_server.access.permissions import Permissions
from portico_server.platform.database import Statement
from portico_server.platform.paging import PageTokens
from portico_server.platform.requests import Remember, once


class AccountService(accounts_pb2_grpc.AccountServiceServicer):
    """Manages accounts."""

    def __init__(self, accounts: Accounts, items: Items, page_tokens: PageTokens) -> None:
        self._accounts = accounts
        self._book = items.book
        self._noun = Noun(ACCOUNT, accounts_pb2, "Account", "Accounts", items, page_tokens)
        self._page_tokens = page_tokens

    async def CreateAccount(self, request: Any, context: Any) -> Any:
        def response(account: Any, revision: int) -> accounts_pb2.CreateAccountResponse:
            return accounts_pb2.CreateAccountResponse(account=account, policy_revision=revision)

        async def create(remember: Remember[Any]) -> accounts_pb2.CreateAccountResponse:
            def kept(account: Any, revision: int) -> list[Statement]:
                return remember(response(account, revision))

            return response(
                *await self._accounts.create(
                    request.parent, request.account_id, request.account, caller.principal(), kept
                )
            )

        key = caller.request_key(request)
        book = self._book
        made = await once(book.database, book.clock, key, accounts_pb2.CreateAccountResponse, create)
        caller.tell_revision(made.policy_revision)
        return made

    async def GetAccount(self, request: Any, context: Any) -> Any:
        return await self._noun.get(request)

    async def ListAccounts(self, request: Any, context: Any) -> Any:
        who, shown = str(caller.principal()), caller.shown()
        parent = request.parent if shown.everything and not shown.deny else ""
        after = self._page_tokens.open(request, who, request.page_token)
        found, cursor = await self._accounts.page(who, parent, after, page_size(request.page_size))
        return accounts_pb2.ListAccountsResponse(
            accounts=found, next_page_token=self._page_tokens.seal(request, who, cursor)
        )

    async def UpdateAccount(self, request: Any, context: Any) -> Any:
        return await self._noun.update(request)

    async def DeleteAccount(self, request: Any, context: Any) -> Any:
        revision = await self._accounts.delete(request.name, request.etag, caller.principal())
        return accounts_pb2.DeleteAccountResponse(policy_revision=caller.tell_revision(revision))


class PermissionService(permissions_pb2_grpc.PermissionServiceServicer):
    """Lists what can be allowed and denied."""

    def __init__(self, permissions: Permissions, page_tokens: PageTokens) -> None:
        self._permissions = permissions
        self._page_tokens = page_tokens

    async def ListPermissions(self, request: Any, context: Any) -> Any:
        who, shown = str(caller.principal()), caller.shown()
        after = self._page_tokens.open(request, who, request.page_token)
        names = [name for name in self._permissions if name.startswith(request.prefix) and name > after]
        if not shown.everything and not shown.allow:
            names = []
        size = page_size(request.page_size)
        found = [
            permissions_pb2.Permission(permission=one.name, methods=one.methods, read_only=one.read_only)
            for one in map(self._permissions.__getitem__, names[:size])
        ]
        cursor = names[size - 1] if len(names) > size else ""
        return permissions_pb2.ListPermissionsResponse(
            permissions=found, next_page_token=self._page_tokens.seal(request, who, cursor)
        )
