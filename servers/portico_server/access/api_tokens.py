"""API tokens: they can do less than who issues them, when they are issued and at every decision."""

from __future__ import annotations

from typing import Any

from portico.access.v1.api_tokens_pb2 import ApiToken
from portico_server.access import checks, compiling, powers, rules, store
from portico_server.access.book import Book, Change
from portico_server.access.errors import (
    CallerNotMember,
    GrantsMoreThanHeld,
    InvalidField,
    NotSuperAdministrator,
    already_exists,
    too_many,
)
from portico_server.access.items import MOST, Also, Items, complete, existing, nothing_else
from portico_server.access.kinds import API_TOKEN, account_name, id_of
from portico_server.access.permissions import Permissions
from portico_server.access.secrets import Secrets
from portico_server.access.state import AccountState
from portico_server.access.store import Proof
from portico_server.platform.access.credentials import (
    API_TOKEN_ID_PREFIX,
    API_TOKEN_SECRET_PREFIX,
    api_token_id,
)
from portico_server.platform.database import Statement

LIFETIME_SECONDS = 90 * 24 * 3600


class ApiTokens:
    """Credentials that can do less than who issued them."""

    def __init__(self, book: Book, items: Items, permissions: Permissions, secrets: Secrets) -> None:
        self._book = book
        self.items = items
        self._permissions = permissions
        self._secrets = secrets

    async def create(
        self,
        parent: str,
        token_id: str,
        wanted: ApiToken,
        ttl_seconds: int,
        caller: str,
        by_token: str,
        also: Also = nothing_else,
    ) -> tuple[ApiToken, int, str]:
        """What is kept, the revision, and the secret. `by_token`: the id of the token that the caller came with. Raises
        DomainError."""
        name = API_TOKEN.name(parent, token_id)
        if wanted.name and wanted.name != name:
            raise InvalidField("api_token.name is not what parent and api_token_id say", field="api_token.name")
        if by_token.startswith(API_TOKEN_ID_PREFIX):
            raise GrantsMoreThanHeld(
                "an API token makes no further ones: they would live on without it; use a token of your own"
            )
        _check_what_is_told(wanted, caller)
        secret, now_us = self._new_secret(token_id), self._book.clock.now_us()
        expires_at = now_us // 1_000_000 + (ttl_seconds or LIFETIME_SECONDS)

        def plan(state: AccountState, revision: int) -> Change:
            if state.get(name) is not None:
                raise already_exists(API_TOKEN, name)
            if sum(1 for item in state.kept() if item.kind is API_TOKEN) >= MOST * 10:
                raise too_many(API_TOKEN, MOST * 10)
            if caller not in state.principals().values():
                raise CallerNotMember(f"{caller} is no member or service account of {parent}", resource=parent)
            message = ApiToken()
            message.CopyFrom(wanted)
            message.name, message.principal, message.token_id = name, caller, api_token_id(secret)
            message.ClearField("last_use_time")
            message.expire_time.FromSeconds(expires_at)
            if message.not_before_time.seconds >= expires_at:
                where = "api_token.not_before_time"
                raise InvalidField(f"{where} is not before its end", field=where)
            complete(message, revision, now_us)
            self._judge(message, state, caller)
            return Change([message], also=[_unused(name, parent, expires_at), *also(message, revision)])

        revision, state = await self._book.change(parent, "access.api_token.create", caller, plan)
        return state.get(name), revision, secret

    async def roll(self, name: str, caller: str, by_token: str = "") -> tuple[ApiToken, int, str]:
        """What is kept, the revision, and the new secret. `by_token`: as for `create`. Raises DomainError."""
        account, secret = account_name(name), self._new_secret(id_of(name))

        def plan(state: AccountState, revision: int) -> Change:
            old = existing(state, API_TOKEN, name)
            if by_token.startswith(API_TOKEN_ID_PREFIX) and by_token != old.token_id:
                raise GrantsMoreThanHeld("an API token renews no other one: that may do more; use a token of your own")
            if old.principal != caller:
                raise NotSuperAdministrator(
                    f"{name} calls as {old.principal}: only that principal may have its secret; delete it instead",
                    resource=name,
                )
            message = ApiToken()
            message.CopyFrom(old)
            message.token_id = api_token_id(secret)  # what was issued by the one of before is good no more, either
            complete(message, revision, self._book.clock.now_us(), old)
            return Change([message], also=[_unused(name, account, old.expire_time.seconds)])

        revision, state = await self._book.change(account, "access.api_token.update", caller, plan)
        return state.get(name), revision, secret

    async def delete(self, name: str, etag: str, caller: str) -> int:
        """The revision. Raises DomainError: of others only a Super Administrator deletes them."""

        def judge(state: AccountState) -> None:
            found = state.get(name)
            if found is not None and found.principal != caller:
                rules.check_super_administrator(state, caller, "delete API tokens of others")

        return await self.items.delete(API_TOKEN, name, etag, caller, judge)

    def _new_secret(self, token_id: str) -> str:
        """Its id, by which people can tell which one they have found, and 256 random bits."""
        return self._secrets.new(f"{API_TOKEN_SECRET_PREFIX}{token_id}.")

    def _judge(self, message: Any, state: AccountState, caller: str) -> None:
        checks.check(API_TOKEN, message, state, self._permissions)
        checks.networks(message.source_cidrs, "api_token.source_cidrs")
        policies = compiling.account_policies(state)
        for index, part in enumerate(message.policies):
            where = f"api_token.policies[{index}]"
            checks.policy(part, state, self._permissions, where)
            granted = compiling.policy(part, name=where)
            if not granted.deny and (lacking := powers.lacks(caller, granted, policies, policies)):
                raise GrantsMoreThanHeld(
                    f"{where} asks for {lacking}, which {caller} does not hold without a condition", field=where
                )


def _check_what_is_told(wanted: ApiToken, caller: str) -> None:
    """Nobody gets a token that is another one's, or good for longer, than they think. Raises InvalidField."""
    if wanted.principal and wanted.principal != caller:
        where = "api_token.principal"
        raise InvalidField(
            f"{where}: an API token is its issuer's, {caller}'s; {wanted.principal} issues one by itself",
            field=where,
        )
    if wanted.HasField("expire_time"):
        where = "api_token.expire_time"
        raise InvalidField(f"{where}: leave it out, and say by `ttl` how long the token is good", field=where)


def _unused(name: str, account: str, expires_at: int) -> Statement:
    """Where it is noted when it was last used; a hash of its secret is its id."""
    return store.prove(Proof(name, account, expires_at_seconds=expires_at))
