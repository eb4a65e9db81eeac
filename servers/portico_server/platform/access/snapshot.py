"""Decides who may do what, in memory: a snapshot of the policies of all accounts. See DESIGN.md.

A snapshot never changes; what it keeps compiled grows as it is asked. A change makes another one, which shares all that
the change does not touch: whoever decides holds one reference, and swaps it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from portico_server.platform.access import changes, key_index
from portico_server.platform.access.account import CompiledAccount
from portico_server.platform.access.budget import Budget
from portico_server.platform.access.changes import Element
from portico_server.platform.access.circumstances import Circumstances
from portico_server.platform.access.conditions import Condition, bounds_of
from portico_server.platform.access.credentials import ACCESS_KEY_ID_PREFIX, API_TOKEN_ID_PREFIX
from portico_server.platform.access.filters import NOTHING_SHOWN, filter_of, shows_anything
from portico_server.platform.access.key_index import KeyIndex
from portico_server.platform.access.model import AccessKey, AccountPolicies, ApiToken
from portico_server.platform.access.tables import Table
from portico_server.platform.authorization import Filter

_BEHIND_ACCOUNTS = len("accounts/")


@dataclass(frozen=True, slots=True)
class Credential:
    """An API token of an account, ready to be judged. `bounds`: when and from where it may be used."""

    account: str
    token: ApiToken
    bounds: Condition | None

    @staticmethod
    def of(account: str, token: ApiToken) -> Credential:
        return Credential(account, token, bounds_of(token))

    def serves(self, account: str, principal: str, circumstances: Circumstances) -> bool:
        """Whether the principal may use it now, and for things of that account."""
        bounds = self.bounds
        return (
            self.account == account
            and self.token.principal == principal
            and (bounds is None or bounds.holds(circumstances) is True)
        )


class Snapshot:
    """The policies of all accounts. Names of principals are `accounts/{account}/principals/{id}`."""

    __slots__ = ("_accounts", "_budget", "_credentials", "_keys", "known_permissions")

    def __init__(
        self,
        accounts: Mapping[str, CompiledAccount],
        credentials: Mapping[str, tuple[Credential, ...]],
        keys: KeyIndex,
        known_permissions: frozenset[str],
        budget: Budget,
    ) -> None:
        """Made by `compile` and by the changes."""
        self._accounts = accounts
        self._credentials = credentials
        self._keys = keys
        self.known_permissions = known_permissions
        self._budget = budget

    @classmethod
    def compile(
        cls, accounts: Iterable[AccountPolicies], permissions: Iterable[str], budget: Budget | None = None
    ) -> Snapshot:
        """`permissions` are all that there are: others can be asked for, and are looked for anew each time."""
        known, kept = frozenset(permissions), budget or Budget()
        compiled = {policies.account: CompiledAccount(policies, known, kept) for policies in accounts}
        credentials: dict[str, tuple[Credential, ...]] = {}
        for name, account in compiled.items():
            for token in account.model.tokens.values():
                credentials[token.token_id] = (*credentials.get(token.token_id, ()), Credential.of(name, token))
        keys = key_index.with_changes(
            {}, (), (name for account in compiled.values() for name in account.model.access_keys)
        )
        return cls(compiled, credentials, keys, known, kept)

    def allows(self, principal: str, permission: str, resource: str, circumstances: Circumstances) -> bool:
        """Whether the principal, coming so, may do that to the resource."""
        end = resource.find("/", _BEHIND_ACCOUNTS)
        account = self._accounts.get(resource if end < 0 else resource[:end])
        if account is None:
            return False
        token_id = circumstances.token_id
        if token_id and (token_id in self._credentials or token_id.startswith(API_TOKEN_ID_PREFIX)):
            credential = self.credential(token_id)
            if credential is None or not credential.serves(account.name, principal, circumstances):
                return False
            if not account.token_table(credential.token.name, permission).allows(resource, circumstances):
                return False
        try:
            table = account.tables[account.role_of[principal]][permission]
        except KeyError:
            table = account.table(principal, permission)
        return table.allows(resource, circumstances)

    def filter(self, principal: str, permission: str, parent: str, circumstances: Circumstances) -> Filter:
        """What of the things at or below `parent`, which stands in one account, the principal may see."""
        account = self.account_of(parent)
        tables = None if account is None else self._tables(account, principal, permission, circumstances)
        return NOTHING_SHOWN if tables is None else filter_of(tables, parent, circumstances)

    def shows_anything(self, principal: str, permission: str, parent: str, circumstances: Circumstances) -> bool:
        """Whether the principal may see anything at or below `parent`: whether `filter` shows anything."""
        account = self.account_of(parent)
        tables = None if account is None else self._tables(account, principal, permission, circumstances)
        return tables is not None and shows_anything(tables, parent, circumstances)

    def denies(self, principal: str, permission: str, resource: str, circumstances: Circumstances) -> bool:
        """Whether a policy that names the principal denies it; those of API tokens are not looked at."""
        account = self.account_of(resource)
        return account is not None and account.table(principal, permission).denies(resource, circumstances)

    def entries(self, principal: str, permission: str, parent: str, circumstances: Circumstances) -> Iterator[str]:
        """Every name in the account of `parent` at which it can change whether the principal is allowed or denied
        that: how it is of any other name, it is of the longest of these that covers it."""
        account = self.account_of(parent)
        if account is not None:
            for table in self._tables(account, principal, permission, circumstances) or ():
                yield from table.entries()

    def permissions_of(self, principal: str, resource: str, circumstances: Circumstances) -> frozenset[str]:
        """Which of the known permissions the principal holds on the resource."""
        return frozenset(
            permission
            for permission in self.known_permissions
            if self.allows(principal, permission, resource, circumstances)
        )

    def account_of(self, resource: str) -> CompiledAccount | None:
        """That in which a resource stands; None if there is none."""
        end = resource.find("/", _BEHIND_ACCOUNTS)
        return self._accounts.get(resource if end < 0 else resource[:end])

    def is_of_account(self, principal: str, resource: str) -> bool:
        """Whether the principal belongs to the account in which a resource stands."""
        account = self.account_of(resource)
        return account is not None and principal in account.model.principals

    def knows(self, principal: str) -> bool:
        """Whether the principal belongs to any account."""
        return any(principal in account.model.principals for account in self._accounts.values())

    def is_api_token(self, token_id: str) -> bool:
        """Whether this is the id of an API token, also of one that is no more."""
        return token_id in self._credentials or token_id.startswith(API_TOKEN_ID_PREFIX)

    def credential(self, token_id: str) -> Credential | None:
        """The API token of that id; None if there is none, or if two claim it."""
        found = self._credentials.get(token_id, ())
        return found[0] if len(found) == 1 else None

    def access_key(self, access_key_id: str) -> AccessKey | None:
        """The access key of that id, if its principal belongs to its account; None if there is none, or if two claim
        the id."""
        names = self._keys.get(access_key_id, ())
        account = self.account_of(names[0]) if len(names) == 1 else None
        key = account.model.access_keys.get(names[0]) if account is not None else None
        return key if account is not None and key is not None and key.principal in account.model.principals else None

    def gives(self, credential_id: str, principal: str) -> bool:
        """Whether there still is the credential of an account that has that id (`credentials`), and it is of that
        principal, who belongs to the account."""
        if credential_id.startswith(API_TOKEN_ID_PREFIX):
            credential = self.credential(credential_id)
            if credential is None or credential.token.principal != principal:
                return False
            return principal in self._accounts[credential.account].model.principals
        if credential_id.startswith(ACCESS_KEY_ID_PREFIX):
            key = self.access_key(credential_id.removeprefix(ACCESS_KEY_ID_PREFIX))
            return key is not None and key.principal == principal
        account = self.account_of(principal)
        return (
            account is not None
            and principal in account.model.principals
            and credential_id in account.model.client_secrets
        )

    def with_account(self, policies: AccountPolicies) -> Snapshot:
        """With all of one account's policies replaced, or added; nothing of it stays compiled."""
        old = self._accounts.get(policies.account)
        new = CompiledAccount(policies, self.known_permissions, self._budget)
        return self._with(new, old.model.tokens.values() if old else (), policies.tokens.values())

    def without_account(self, name: str) -> Snapshot:
        """Without the account, `accounts/{account}`, if there is one."""
        old = self._accounts.get(name)
        if old is None:
            return self
        left = self._with(old, old.model.tokens.values(), ())
        accounts = {kept: account for kept, account in self._accounts.items() if kept != name}
        keys = key_index.with_account(self._keys, old.model, None)
        return Snapshot(accounts, left._credentials, keys, self.known_permissions, self._budget)

    def with_element(self, account: str, name: str, element: Element | None) -> Snapshot:
        """With one element of an account replaced or added; None: removed. Keeps compiled what that does not touch.

        `name` tells what it is: `accounts/{account}/policies/{id}` and so on, see `model`. Raises ValueError for a name
        of anything else, and KeyError if there is no such account.
        """
        old = self._accounts[account]
        new = changes.changed(old, name, element)
        if new.model.tokens is old.model.tokens:
            return self._with(new, (), ())
        before, after = old.model.tokens.get(name), new.model.tokens.get(name)
        return self._with(new, (before,) if before else (), (after,) if after else ())

    def with_principals(self, account: str, added: Iterable[str] = (), removed: Iterable[str] = ()) -> Snapshot:
        """With other members of an account. Raises KeyError if there is no such account."""
        return self._with(changes.with_principals(self._accounts[account], added, removed), (), ())

    def with_client_secrets(self, account: str, added: Iterable[str] = (), removed: Iterable[str] = ()) -> Snapshot:
        """With other secrets of service accounts. Raises KeyError if there is no such account."""
        return self._with(changes.with_client_secrets(self._accounts[account], added, removed), (), ())

    def _tables(
        self, account: CompiledAccount, principal: str, permission: str, circumstances: Circumstances
    ) -> list[Table] | None:
        """All of which must allow; None if nothing is allowed."""
        tables = [account.table(principal, permission)]
        token_id = circumstances.token_id
        if token_id in self._credentials or token_id.startswith(API_TOKEN_ID_PREFIX):
            credential = self.credential(token_id)
            if credential is None or not credential.serves(account.name, principal, circumstances):
                return None
            tables.append(account.token_table(credential.token.name, permission))
        return tables

    def _with(self, account: CompiledAccount, gone: Iterable[ApiToken], come: Iterable[ApiToken]) -> Snapshot:
        credentials = self._credentials
        gone, come = list(gone), list(come)
        if gone or come:
            credentials = dict(credentials)
            for token in gone:
                left = tuple(one for one in credentials[token.token_id] if one.token.name != token.name)
                if left:
                    credentials[token.token_id] = left
                else:
                    del credentials[token.token_id]
            for token in come:
                credentials[token.token_id] = (*credentials.get(token.token_id, ()), Credential.of(account.name, token))
        old = self._accounts.get(account.name)
        keys = key_index.with_account(self._keys, old.model if old is not None else None, account.model)
        accounts = {**self._accounts, account.name: account}
        return Snapshot(accounts, credentials, keys, self.known_permissions, self._budget)
