"""An account with one of its elements replaced: keeps compiled what the change does not touch.

What a permission, resource or domain group says has no part in who holds which role: only the tables of those roles go
that rest on it. A policy or a group of principals has a part in the roles of those whom it names: only these are found
again, and most find a role that is there already.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TypeVar

from portico_server.platform.access.account import CompiledAccount
from portico_server.platform.access.indices import Index
from portico_server.platform.access.model import (
    AccessKey,
    AccountPolicies,
    ApiToken,
    DomainGroup,
    Group,
    PermissionGroup,
    Policy,
    ResourceGroup,
)

_Key = TypeVar("_Key")
_Value = TypeVar("_Value")

Element = PermissionGroup | ResourceGroup | DomainGroup | Group | Policy | ApiToken | AccessKey

KINDS: Mapping[str, tuple[str, type[Element]]] = {
    "permissionGroups": ("permission_groups", PermissionGroup),
    "resourceGroups": ("resource_groups", ResourceGroup),
    "domainGroups": ("domain_groups", DomainGroup),
    "groups": ("groups", Group),
    "policies": ("policies", Policy),
    "apiTokens": ("tokens", ApiToken),
    "accessKeys": ("access_keys", AccessKey),
}
"""By collection: the field of AccountPolicies that holds it, and what it holds."""

MAX_DROPPED_SINGLY = 1000
"""If a change may touch the roles of more principals than this, all are found again when they next call."""


def changed(account: CompiledAccount, name: str, element: Element | None) -> CompiledAccount:
    """The account with the element of that name; None: without it. Raises ValueError if it is of another
    name or kind."""
    kind = _kind_of(account.name, name, element)
    elements: dict[str, Element] = dict(getattr(account.model, kind))
    old = elements.pop(name, None)
    if element is not None:
        elements[name] = element
    model = replace(account.model, **{kind: elements})  # type: ignore[arg-type]
    if kind in ("permission_groups", "resource_groups", "domain_groups"):
        return _with_other_content(account, model, name)
    if kind == "policies":
        index = account.index.with_policy(name, _named(old), _named(element))
        new = _with_other_holders(account, model, index, (*_named(old), *_named(element)))
        new.keys = _without(account.keys, (name,))
        return new
    if kind == "groups":
        index = account.index.with_group(name, _named(old), _named(element))
        return _with_other_holders(account, model, index, set(_named(old)) ^ set(_named(element)))
    new = _with_other_holders(account, model, account.index, ())
    new.token_roles.pop(name, None)
    return new


def with_principals(account: CompiledAccount, added: Iterable[str], removed: Iterable[str]) -> CompiledAccount:
    """The account with other members."""
    gone = frozenset(removed)
    model = replace(account.model, principals=(account.model.principals - gone) | frozenset(added))
    return _with_other_holders(account, model, account.index, gone)


def with_client_secrets(account: CompiledAccount, added: Iterable[str], removed: Iterable[str]) -> CompiledAccount:
    """The account with other secrets of service accounts, which nothing is compiled of."""
    secrets = (account.model.client_secrets - frozenset(removed)) | frozenset(added)
    return _with_other_holders(account, replace(account.model, client_secrets=secrets), account.index, ())


def _kind_of(account: str, name: str, element: Element | None) -> str:
    """The field of AccountPolicies that an element of this name stands in."""
    collection, _, tail = name.removeprefix(f"{account}/").partition("/")
    if not name.startswith(f"{account}/") or collection not in KINDS or not tail or "/" in tail:
        raise ValueError(f"{name!r}: must be {account}/{{{'|'.join(KINDS)}}}/ID")
    kind, held = KINDS[collection]
    if element is not None and (element.name != name or not isinstance(element, held)):
        raise ValueError(f"{name!r}: given {element.name!r}, a {type(element).__name__}; must be {held.__name__}")
    return kind


def _with_other_content(account: CompiledAccount, model: AccountPolicies, name: str) -> CompiledAccount:
    new = _sharing_roles(account, model, account.index)
    stale = account.roles.resting.get(name, set())
    roles = {role for key in stale for role in account.roles.holding.get(key, ())}
    grants = {account.grants.get(key.grant) for key in stale}
    new.role_of, new.token_roles, new.keys = account.role_of, account.token_roles, account.keys
    new.tables = _without(account.tables, roles)
    new.held = _without(account.held, roles)
    new.rules = _without(account.rules, stale)
    new.grants = _without(account.grants, (key.grant for key in stale))
    new.shared = {kept: table for kept, table in account.shared.items() if kept.isdisjoint(grants)}
    return new


def _with_other_holders(
    account: CompiledAccount, model: AccountPolicies, index: Index, named: Iterable[str]
) -> CompiledAccount:
    """`named`: principals and groups whose roles may be others now."""
    new = _sharing_roles(account, model, index)
    touched = _all_below(named, model.groups)
    new.role_of = {} if touched is None else _without(account.role_of, touched)
    new.token_roles, new.keys = account.token_roles.copy(), account.keys
    new.tables, new.held, new.rules = account.tables, account.held, account.rules
    new.grants, new.shared = account.grants, account.shared
    return new


def _sharing_roles(account: CompiledAccount, model: AccountPolicies, index: Index) -> CompiledAccount:
    new = CompiledAccount(model, account.known_permissions, account.budget, index)
    new.roles = account.roles
    return new


def _all_below(named: Iterable[str], groups: Mapping[str, Group]) -> set[str] | None:
    """The names, and who is in those that are groups; None if they are too many to go through."""
    found = set(named)
    waiting = list(found)
    while waiting:
        members = _named(groups.get(waiting.pop()))
        if len(found) + len(members) > MAX_DROPPED_SINGLY:
            return None
        waiting += (member for member in members if member not in found)
        found.update(members)
    return found


def _named(element: Element | None) -> tuple[str, ...]:
    if isinstance(element, Policy):
        return element.principals
    return element.members if isinstance(element, Group) else ()


def _without(kept: dict[_Key, _Value], keys: Iterable[_Key]) -> dict[_Key, _Value]:
    left = kept.copy()
    for key in keys:
        left.pop(key, None)
    return left
