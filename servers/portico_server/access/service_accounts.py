"""Service accounts, and the secrets by which they prove who they are."""

from __future__ import annotations

from typing import NamedTuple

from portico.access.v1.service_accounts_pb2 import ClientSecret, ServiceAccount
from portico_server.access import rules, store
from portico_server.access.book import Book, Change
from portico_server.access.errors import not_found, too_many
from portico_server.access.items import Items, existing
from portico_server.access.kinds import CLIENT_SECRET, SERVICE_ACCOUNT, account_name, id_of
from portico_server.access.members import departure, emptied_by
from portico_server.access.secrets import CLIENT_SECRET as SECRET
from portico_server.access.secrets import Secrets, proves
from portico_server.access.state import AccountState
from portico_server.platform.authorization import Filter

MAX_SECRETS = 10
_ID_CHARACTERS = 12


class Proven(NamedTuple):
    """A service account that has proven itself by the secret of this id, which ends then (0: never)."""

    service_account: ServiceAccount
    secret_id: str
    expires_at_seconds: int


class ServiceAccounts:
    """Programs that belong to accounts."""

    def __init__(self, book: Book, items: Items, secrets: Secrets) -> None:
        self._book = book
        self.items = items
        self._secrets = secrets

    async def remove(self, name: str, etag: str, caller: str) -> tuple[int, list[str]]:
        """The revision, and what applies to nobody now. Raises DomainError."""
        emptied: list[str] = []

        def plan(state: AccountState, revision: int) -> Change:
            rules.check_super_administrator(state, caller, "delete service accounts")
            leaving = existing(state, SERVICE_ACCOUNT, name, etag)
            change = departure(state, leaving, revision, self._book.clock.now_us())
            emptied[:] = emptied_by(change)
            return change

        revision, _ = await self._book.change(account_name(name), "access.service_account.delete", caller, plan)
        return revision, emptied

    async def create_secret(self, parent: str, ttl_seconds: int, caller: str) -> tuple[ClientSecret, int, str]:
        """What is kept, the revision, and the secret. Raises DomainError."""
        account = account_name(parent)
        secret_id = self._secrets.new_id(_ID_CHARACTERS)
        name = f"{parent}/{CLIENT_SECRET.collection}/{secret_id}"
        secret = self._secrets.new(f"{SECRET}{secret_id}.")
        now_us = self._book.clock.now_us()
        expires_at = now_us // 1_000_000 + ttl_seconds if ttl_seconds else 0

        def plan(state: AccountState, revision: int) -> Change:
            rules.check_super_administrator(state, caller, "make secrets of service accounts")
            existing(state, SERVICE_ACCOUNT, parent)
            if sum(item.name.startswith(f"{parent}/") for item in state.kept()) >= MAX_SECRETS:
                raise too_many(CLIENT_SECRET, MAX_SECRETS)
            message = ClientSecret(name=name)
            message.create_time.FromMicroseconds(now_us)
            if expires_at:
                message.expire_time.FromSeconds(expires_at)
            return Change([message], also=[store.prove(self._secrets.proof(name, account, secret, expires_at))])

        revision, state = await self._book.change(account, "access.service_account.update", caller, plan)
        return state.get(name), revision, secret

    async def secrets_page(self, parent: str, after: str, size: int, allowed: Filter) -> tuple[list[ClientSecret], str]:
        """Those that may be seen. Raises DomainError (not found): whoever may see the service account is told."""
        if allowed.shows(parent) and await store.get(self._book.database, parent) is None:
            raise not_found(SERVICE_ACCOUNT, parent)
        found = await store.below(self._book.database, parent, after, size + 1, allowed)
        return [item.message for item in found[:size]], found[size - 1].name if len(found) > size else ""

    async def delete_secret(self, name: str, caller: str) -> int:
        """The revision. Raises DomainError."""

        def plan(state: AccountState, revision: int) -> Change:
            rules.check_super_administrator(state, caller, "delete secrets of service accounts")
            existing(state, CLIENT_SECRET, name)
            return Change(removed=[name])

        revision, _ = await self._book.change(account_name(name), "access.service_account.update", caller, plan)
        return revision

    async def authenticate(self, name: str, secret: str) -> Proven | None:
        """The service account, if the secret is one of its own and good, and it is not disabled."""
        secret_id = secret.removeprefix(SECRET).partition(".")[0]
        proof = await store.proof(self._book.database, f"{name}/{CLIENT_SECRET.collection}/{secret_id}")
        good = proves(proof, secret, self._book.clock.now_us() / 1e6)
        item = await store.get(self._book.database, name)
        if not good or proof is None or item is None or item.message.disabled:
            return None
        return Proven(item.message, secret_id, proof.expires_at_seconds)


def principal_of(name: str) -> str:
    """The principal that a service account is."""
    return f"{account_name(name)}/principals/{id_of(name)}"
