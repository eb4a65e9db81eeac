"""The interface between the gateway's authorization step and whatever decides (`gateway/account_policies.py`)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Principal:
    """Who calls. `name` is `accounts/{account}/principals/{id}`; `token_id` is the token's `jti`, empty without one.

    `exchanged_from` are the ids of the tokens that it was exchanged for, one after another: it falls with each.
    `credential` is the id of the account's credential that the caller came by, or got the token by
    (`platform.access.credentials`); empty for none. The token falls with it. `scope`, if there is any, narrows the
    token to permissions, as policies name them (`platform.access.permissions`). `foreign`: another issuer
    than the platform says who it is, and may take that back there.
    """

    name: str
    account: str
    token_id: str = ""
    client_id: str = ""
    expires_at: int = 0  # seconds since 1970; 0: not by a token
    issued_at: int = 0  # seconds since 1970
    exchanged_from: tuple[str, ...] = ()
    credential: str = ""
    scope: frozenset[str] = frozenset()
    foreign: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """What stands at or below an entry, and at or below none of `without`."""

    entry: str
    without: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Filter:
    """Which resources a list may show: those at or below one of `allow` or in one of `parts`, and at or below none of
    `deny`. Parts are for what one policy leaves out and another one shows in part.

    Entries are resource names without a trailing slash (`accounts/a/buckets/b`), or, where they name part of an
    object's key, name prefixes that end in `/`. With `everything`, `allow` is empty and only `deny` counts. A product
    turns this into its query, before paging.
    """

    everything: bool
    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()
    parts: tuple[Part, ...] = ()

    def shows(self, name: str) -> bool:
        """Whether a list may show the resource of that name: what a product's query must come to."""
        if any(below(name, entry) for entry in self.deny):
            return False
        if self.everything or any(below(name, entry) for entry in self.allow):
            return True
        return any(
            below(name, part.entry) and not any(below(name, entry) for entry in part.without) for part in self.parts
        )


class Authorizer(Protocol):
    """Decides in memory: both calls are synchronous and take microseconds."""

    def allows(self, principal: Principal, permission: str, resource: str) -> bool:
        """Whether the principal holds the permission on the resource."""
        ...

    def allows_own(self, principal: Principal, permission: str, resource: str) -> bool:
        """Whether the principal may do that with what is its own there: it holds the permission, or it belongs to the
        account, comes by no credential that narrows it nor by a token that another one was exchanged for or another
        issuer made, and nothing denies it."""
        ...

    def filter(self, principal: Principal, permission: str, parent: str) -> Filter:
        """What of the things below `parent` the principal may see."""
        ...

    def is_operator(self, principal: Principal, resource: str) -> bool:
        """Whether whoever runs the platform has given the principal everything on the resource, besides what policies
        of accounts give."""
        ...


def below(name: str, entry: str) -> bool:
    """Whether the resource `name` is `entry` or stands below it."""
    return name == entry or name.startswith(entry if entry.endswith("/") else entry + "/")
