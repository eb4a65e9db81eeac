"""What an account decides by, as `platform/access` wants it: plain values, made of what is kept."""

from __future__ import annotations

import base64
from collections.abc import Callable, Generator, Iterable, Mapping
from dataclasses import replace
from typing import Any

from portico.access.v1.policies_pb2 import Access
from portico_server.access.kinds import (
    ACCESS_KEY,
    API_TOKEN,
    CLIENT_SECRET,
    DOMAIN_GROUP,
    GROUP,
    PERMISSION_GROUP,
    POLICY,
    RESOURCE_GROUP,
    Kind,
    id_of,
    kind_of,
)
from portico_server.access.state import ACTORS, AccountState, Compiled, Item
from portico_server.platform.access import model
from portico_server.platform.access.credentials import client_secret_id
from portico_server.platform.turns import Turns

DENY = Access.ACCESS_DENY


def account_policies(state: AccountState) -> model.AccountPolicies:
    """Members and service accounts stand there as their principals; who has yet to accept, or is disabled, does not.

    Made once a state; of a state that was changed, from what the one before had: what is the same is the same object.
    """
    if state.compiled is None:
        _keep(state, _run(_steps(state)))
    assert state.compiled is not None
    return state.compiled.policies


async def prepare(state: AccountState) -> model.AccountPolicies:
    """The same, letting others have their turn: the first time thousands are made, some 10 us each."""
    if state.compiled is None:
        steps, turns = _steps(state), Turns()
        while True:
            try:
                next(steps)
            except StopIteration as done:
                _keep(state, done.value)
                break
            await turns.offer()
    return account_policies(state)


_Steps = Generator[None, None, Compiled]
"""Makes a Compiled; at each yield others may have their turn."""


def _steps(state: AccountState) -> _Steps:
    return _whole(state) if state.basis is None else _changed(state, *state.basis)


def _run(steps: _Steps) -> Compiled:
    while True:
        try:
            next(steps)
        except StopIteration as done:
            compiled: Compiled = done.value
            return compiled


def _keep(state: AccountState, compiled: Compiled) -> None:
    if state.compiled is None:  # else somebody else has made it meanwhile
        state.compiled, state.basis = compiled, None


_Made = Callable[[Any, Mapping[str, str]], Any]

_ELEMENTS: Mapping[Kind, tuple[str, _Made]] = {
    PERMISSION_GROUP: ("permission_groups", lambda m, acting: model.PermissionGroup(m.name, tuple(m.permissions))),
    RESOURCE_GROUP: ("resource_groups", lambda m, acting: resource_group(m)),
    DOMAIN_GROUP: ("domain_groups", lambda m, acting: model.DomainGroup(m.name, tuple(m.zones))),
    GROUP: ("groups", lambda m, acting: model.Group(m.name, _named(m.members, acting))),
    POLICY: ("policies", lambda m, acting: policy(m, _named(m.principals, acting))),
    API_TOKEN: ("tokens", lambda m, acting: api_token(m)),
}
"""By kind: the field of AccountPolicies, and what makes an element, given who acts."""


def _whole(state: AccountState) -> _Steps:
    acting = state.principals()
    fields: dict[str, Any] = {}
    for kind, (field, made) in _ELEMENTS.items():
        fields[field] = {}
        for message in state.all(kind):
            fields[field][message.name] = made(message, acting)
            yield
    fields["access_keys"] = {item.name: access_key(item) for item in state.kept() if item.kind is ACCESS_KEY}
    fields |= _sets(state, acting)
    return Compiled(model.AccountPolicies(state.account, **fields), acting)


def _sets(state: AccountState, acting: Mapping[str, str]) -> dict[str, frozenset[str]]:
    """Who belongs to the account, and the secrets of service accounts that are not disabled."""
    secrets = (m.name for m in state.all(CLIENT_SECRET) if m.name.rsplit("/", 2)[0] in acting)
    return {
        "principals": frozenset(acting.values()),
        "client_secrets": frozenset(client_secret_id(id_of(name)) for name in secrets),
    }


def _changed(state: AccountState, before: Compiled, names: frozenset[str]) -> _Steps:
    """What the state decides by, given what one of before did from which it differs in these names alone."""
    acting, touched = before.acting, set(names)
    if any(kind_of(name) in ACTORS for name in names):
        acting = state.principals()
        others = before.acting.items() ^ acting.items()
        touched |= state.naming({name for name, _ in others})
    fields: dict[str, Any] = {}
    if any(kind_of(name) is ACCESS_KEY for name in names):
        fields["access_keys"] = _changed_keys(state, before.policies.access_keys, names)
    for name in touched:
        yield
        if (kind := kind_of(name)) not in _ELEMENTS:
            continue
        field, made = _ELEMENTS[kind]
        if field not in fields:
            fields[field] = dict(getattr(before.policies, field))
        message = state.get(name)
        if message is None:
            fields[field].pop(name, None)
        else:
            fields[field][name] = made(message, acting)
    if any(kind_of(name) in (*ACTORS, CLIENT_SECRET) for name in names):
        fields |= _sets(state, acting)
    return Compiled(replace(before.policies, **fields), acting)


def _changed_keys(
    state: AccountState, before: Mapping[str, model.AccessKey], names: frozenset[str]
) -> dict[str, model.AccessKey]:
    found = dict(before)
    for name in names:
        item = state.item(name)
        if item is None:
            found.pop(name, None)
        elif item.kind is ACCESS_KEY:
            found[name] = access_key(item)
    return found


def _named(names: Iterable[str], acting: Mapping[str, str]) -> tuple[str, ...]:
    """Groups, and the principals of those who may act."""
    return tuple(dict.fromkeys(name if "/groups/" in name else acting[name] for name in names if _acts(name, acting)))


def _acts(name: str, acting: Mapping[str, str]) -> bool:
    return "/groups/" in name or name in acting


def resource_group(message: Any) -> model.ResourceGroup:
    return model.ResourceGroup(
        message.name,
        message.scope,
        message.everything,
        tuple(message.objects),
        tuple(message.domain_groups),
        tuple(message.excluded),
        tuple(message.excluded_domain_groups),
    )


def policy(message: Any, principals: tuple[str, ...] = (), name: str = "") -> model.Policy:
    """Of a Policy or an ApiTokenPolicy, which has no name of its own."""
    return model.Policy(
        name or message.name,
        tuple(message.permission_groups),
        tuple(message.resource_groups),
        principals,
        message.access == DENY,
        conditions(message.conditions),
    )


def conditions(message: Any) -> model.Conditions:
    return model.Conditions(
        message.not_before_time.seconds,
        message.not_after_time.seconds,
        tuple(message.source_cidrs),
        message.certificate_required,
        message.max_token_age.seconds,
    )


def api_token(message: Any) -> model.ApiToken:
    """Nothing of one changes but its secret, so it was made when the message last changed."""
    policies = tuple(
        policy(each, name=f"{message.name}#policies[{index}]") for index, each in enumerate(message.policies)
    )
    return model.ApiToken(
        message.name,
        message.token_id,
        message.principal,
        policies,
        message.not_before_time.seconds,
        message.expire_time.seconds,
        tuple(message.source_cidrs),
        message.update_time.seconds,
    )


def access_key(item: Item) -> model.AccessKey:
    """With its secret as it is kept."""
    message = item.message
    sealed = base64.b64encode(item.sealed).decode()
    return model.AccessKey(item.name, message.principal, sealed, message.create_time.seconds)
