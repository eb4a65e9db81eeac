"""What an account decides by, as `platform/access` wants it: plain values, made of what is kept."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from portico.access.v1.policies_pb2 import Access
from portico_server.access.kinds import (
    API_TOKEN,
    CLIENT_SECRET,
    DOMAIN_GROUP,
    GROUP,
    PERMISSION_GROUP,
    POLICY,
    RESOURCE_GROUP,
    id_of,
)
from portico_server.access.state import AccountState
from portico_server.platform.access import model
from portico_server.platform.access.credentials import client_secret_id

DENY = Access.ACCESS_DENY


def account_policies(state: AccountState) -> model.AccountPolicies:
    """Members and service accounts stand there as their principals; who has yet to accept, or is disabled, does not."""
    acting = state.principals()
    return model.AccountPolicies(
        state.account,
        {m.name: model.PermissionGroup(m.name, tuple(m.permissions)) for m in state.all(PERMISSION_GROUP)},
        {m.name: resource_group(m) for m in state.all(RESOURCE_GROUP)},
        {m.name: model.DomainGroup(m.name, tuple(m.zones)) for m in state.all(DOMAIN_GROUP)},
        {m.name: model.Group(m.name, _named(m.members, acting)) for m in state.all(GROUP)},
        {m.name: policy(m, _named(m.principals, acting)) for m in state.all(POLICY)},
        {m.name: api_token(m) for m in state.all(API_TOKEN)},
        frozenset(acting.values()),
        frozenset(
            client_secret_id(id_of(m.name))
            for m in state.all(CLIENT_SECRET)
            if m.name.rsplit("/", 2)[0] in acting  # whose service account is not disabled
        ),
    )


def _named(names: Iterable[str], acting: dict[str, str]) -> tuple[str, ...]:
    """Groups, and the principals of those who may act."""
    return tuple(dict.fromkeys(name if "/groups/" in name else acting[name] for name in names if _acts(name, acting)))


def _acts(name: str, acting: dict[str, str]) -> bool:
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
