"""What may stand in each kind of thing, judged with the rest of its account. Errors name the element."""

from __future__ import annotations

import ipaddress
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from portico.access.v1.permission_groups_pb2 import ScopeType
from portico_server.access.errors import (
    GroupCycle,
    InvalidField,
    OutsideAccount,
    OutsideScope,
    RefersToNothing,
    ScopeTypeMismatch,
    UnknownPermission,
)
from portico_server.access.kinds import (
    API_TOKEN,
    DOMAIN_GROUP,
    GROUP,
    MEMBER,
    PERMISSION_GROUP,
    POLICY,
    RESOURCE_GROUP,
    SERVICE_ACCOUNT,
    Kind,
    kind_of,
)
from portico_server.access.permissions import Permissions
from portico_server.access.state import AccountState
from portico_server.platform.authorization import below
from portico_server.platform.names import is_name

Check = Callable[[Any, AccountState, Permissions, str], None]
"""(message, the account with it in place, all permissions, the field that it stands in). Raises DomainError."""


def check(kind: Kind, message: Any, state: AccountState, permissions: Permissions, field: str = "") -> None:
    """Whether the message may be kept. `state` has it in place already."""
    where = field or kind.field
    for name in ("display_name", "description"):
        _check_text(getattr(message, name, ""), f"{where}.{name}", line_breaks=name == "description")
    if kind in _CHECKS:
        _CHECKS[kind](message, state, permissions, where)


def _check_text(text: str, field: str, *, line_breaks: bool) -> None:
    """No character that cannot be seen, or that turns others around: names are compared by eye."""
    for character in text:
        if unicodedata.category(character)[0] == "C" and not (line_breaks and character in "\n\t"):
            raise InvalidField(f"{field} holds U+{ord(character):04X}, which cannot be seen; leave it out", field=field)


def permission_group(message: Any, state: AccountState, permissions: Permissions, field: str) -> None:
    if not message.permissions:
        raise InvalidField(f"{field}.permissions must have at least one element", field=f"{field}.permissions")
    for index, pattern in enumerate(message.permissions):
        where = f"{field}.permissions[{index}]"
        if not permissions.are_meant_by(pattern):
            raise UnknownPermission(
                f"{where}: there is no permission {pattern}; give PRODUCT.NOUN.VERB of `portico access permissions`, "
                "or PRODUCT.NOUN.*, PRODUCT.* or *",
                field=where,
                permission=pattern,
            )
    _check_once(message.permissions, f"{field}.permissions")
    _check_scope_types_of_users(message, state, f"{field}.scope_type")


def resource_group(message: Any, state: AccountState, permissions: Permissions, field: str) -> None:
    scope = message.scope or state.account
    _check_resource(scope, state.account, permissions, f"{field}.scope")
    if scope.endswith("/"):
        raise InvalidField(f"{field}.scope must be a resource's name, and none that ends in /", field=f"{field}.scope")
    named = bool(message.objects or message.domain_groups)
    if message.everything and named:
        raise InvalidField(
            f"{field}.everything: leave it out, or objects and domain_groups", field=f"{field}.everything"
        )
    if not message.everything and not named:
        raise InvalidField(
            f"{field} means nothing: set everything, or give objects or domain_groups", field=f"{field}.objects"
        )
    for part in ("objects", "excluded"):
        _check_once(getattr(message, part), f"{field}.{part}")
        for index, name in enumerate(getattr(message, part)):
            where = f"{field}.{part}[{index}]"
            _check_resource(name, state.account, permissions, where)
            if not below(name, scope):
                raise OutsideScope(f"{where}: {name} is not at or below the scope {scope}", field=where)
    for part in ("domain_groups", "excluded_domain_groups"):
        _check_references(getattr(message, part), state, f"{field}.{part}", (DOMAIN_GROUP,))
    _check_scope_types_of_users(message, state, field)


def _check_resource(name: str, account: str, permissions: Permissions, where: str) -> None:
    """A name of something in the account, or a prefix of objects' keys in it."""
    if "*" in name and "/objects/" not in name:
        raise InvalidField(f"{where}: {name} has a wildcard; a name stands for all below it", field=where)
    good = is_name(name)
    if name.endswith("/"):
        good = "/objects/" in name and (name.endswith("/objects/") or good) and is_name(name + "x")
    if not good:
        raise InvalidField(
            f"{where} is no name of a resource, as {account}/COLLECTION/ID, nor a prefix of a key that ends in /",
            field=where,
        )
    if not below(name, account):
        raise OutsideAccount(f"{where}: {name} is not of {account}", field=where)
    permissions.resource_types.check(name, where)


def domain_group(message: Any, state: AccountState, permissions: Permissions, field: str) -> None:
    _check_once(message.zones, f"{field}.zones")
    for index, zone in enumerate(message.zones):
        where = f"{field}.zones[{index}]"
        if not is_name(zone):
            raise InvalidField(f"{where}: {zone} is no name of a zone, {state.account}/zones/DOMAIN", field=where)
        if not zone.startswith(f"{state.account}/zones/"):
            raise OutsideAccount(f"{where}: {zone} is not of {state.account}", field=where)


def policy(message: Any, state: AccountState, permissions: Permissions, field: str) -> None:
    """Of an API token's policies, too, which have no principals."""
    if not message.access:
        raise InvalidField(f"{field}.access must be ACCESS_ALLOW or ACCESS_DENY", field=f"{field}.access")
    for part, kind in (("permission_groups", PERMISSION_GROUP), ("resource_groups", RESOURCE_GROUP)):
        names = getattr(message, part)
        if not names:
            raise InvalidField(f"{field}.{part} must have at least one element", field=f"{field}.{part}")
        _check_references(names, state, f"{field}.{part}", (kind,))
    _check_principals(getattr(message, "principals", ()), state, f"{field}.principals")
    _check_scope_types(message, state, field)
    conditions(message.conditions, f"{field}.conditions")


def conditions(message: Any, field: str) -> None:
    start, end = message.not_before_time.seconds, message.not_after_time.seconds
    if end and end <= start:
        where = f"{field}.not_after_time"
        raise InvalidField(f"{where} must be behind not_before_time: there is no time between", field=where)
    for part in ("not_before_time", "not_after_time"):
        if getattr(message, part).nanos:
            raise InvalidField(f"{field}.{part} must be a whole second", field=f"{field}.{part}")
    if message.max_token_age.nanos:
        raise InvalidField(f"{field}.max_token_age must be a whole second", field=f"{field}.max_token_age")
    networks(message.source_cidrs, f"{field}.source_cidrs")


def networks(given: Iterable[str], field: str) -> None:
    for index, text in enumerate(given):
        try:
            if "/" not in text or "%" in text:
                raise ValueError
            ipaddress.ip_network(text, strict=True)
        except ValueError:
            where = f"{field}[{index}]"
            raise InvalidField(
                f"{where}: {text} is no network, as 203.0.113.0/24, with no bits behind the prefix", field=where
            ) from None


def _is_all(group: Any, account: str) -> bool:
    """Whether a resource group is everything in the account, nothing left out: all domains."""
    left_out = group.excluded or group.excluded_domain_groups
    return group.everything and (group.scope or account) == account and not left_out


def _check_scope_types_of_users(message: Any, state: AccountState, field: str) -> None:
    """That what is changed still goes with the policies that name it. `state` has it in place already."""
    for name in state.referrers(message.name):
        user = state.get(name)
        for policy in user.policies if kind_of(name) is API_TOKEN else [user]:
            try:
                _check_scope_types(policy, state, "policy")
            except ScopeTypeMismatch as mismatch:
                raise ScopeTypeMismatch(f"{field} does not go with {name}: {mismatch}", field=field) from None


def _check_scope_types(message: Any, state: AccountState, field: str) -> None:
    only_all = [
        (index, name)
        for index, name in enumerate(message.permission_groups)
        if state.get(name).scope_type == ScopeType.SCOPE_TYPE_ACCOUNT
    ]
    for number, name in enumerate(message.resource_groups) if only_all else ():
        if not _is_all(state.get(name), state.account):
            index, role = only_all[0]
            where = f"{field}.resource_groups[{number}]"
            raise ScopeTypeMismatch(
                f"{where}: {role} ({field}.permission_groups[{index}]) applies to everything in an account, all "
                f"domains, and {name} is less",
                field=where,
            )


def group(message: Any, state: AccountState, permissions: Permissions, field: str) -> None:
    _check_principals(message.members, state, f"{field}.members")
    for index, member in enumerate(message.members):
        if circle := _circle(state, [message.name, member]):
            where = f"{field}.members[{index}]"
            raise GroupCycle(f"{where}: groups would hold themselves: {' -> '.join(circle)}", field=where)


def _circle(state: AccountState, way: list[str]) -> list[str]:
    """The way from the first group through the last name back to itself; empty if there is none."""
    first, start = way
    came_from: dict[str, str] = {start: first}
    waiting = [start]
    while waiting:
        name = waiting.pop()
        if name == first:
            back = [name]
            while (name := came_from[name]) != first:
                back.append(name)
            return [first, *reversed(back)]
        found = state.get(name) if "/groups/" in name else None
        for member in found.members if found is not None else ():
            if member not in came_from:
                came_from[member] = name
                waiting.append(member)
    return []


def _check_principals(names: Iterable[str], state: AccountState, field: str) -> None:
    """Each is a member, service account or group of the account, or a principal of one of the first two."""
    _check_once(names, field)
    belonging = state.belonging()
    for index, name in enumerate(names):
        where = f"{field}[{index}]"
        if name in belonging:
            continue
        if not name.startswith(state.account + "/") and "/principals/" not in name:
            raise OutsideAccount(f"{where}: {name} is not of {state.account}", field=where)
        if state.get(name) is None or kind_of(name) not in (MEMBER, SERVICE_ACCOUNT, GROUP):
            raise RefersToNothing(
                f"{where}: {name} is no member, service account or group of {state.account}, nor the principal of one",
                field=where,
            )


def _check_references(names: Iterable[str], state: AccountState, field: str, kinds: tuple[Kind, ...]) -> None:
    _check_once(names, field)
    for index, name in enumerate(names):
        where = f"{field}[{index}]"
        if not name.startswith(state.account + "/"):
            raise OutsideAccount(f"{where}: {name} is not of {state.account}", field=where)
        if not any(name.startswith(f"{state.account}/{kind.collection}/") for kind in kinds):
            raise InvalidField(f"{where}: {name} is no {kinds[0].noun}", field=where)
        if state.get(name) is None:
            raise RefersToNothing(f"{where}: there is no {kinds[0].noun} {name}", field=where)


def _check_once(names: Iterable[str], field: str) -> None:
    seen: dict[str, int] = {}
    for index, name in enumerate(names):
        if name in seen:
            where = f"{field}[{index}]"
            raise InvalidField(f"{where}: {name} stands at [{seen[name]}] already", field=where)
        seen[name] = index


_CHECKS: Mapping[Kind, Check] = {
    PERMISSION_GROUP: permission_group,
    RESOURCE_GROUP: resource_group,
    DOMAIN_GROUP: domain_group,
    POLICY: policy,
    GROUP: group,
}
