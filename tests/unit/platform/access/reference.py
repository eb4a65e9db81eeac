"""Who may do what, straight from the model and as slowly as you like: what the compiled decision is compared with."""

from __future__ import annotations

from collections.abc import Mapping

from portico_server.platform.access.circumstances import Circumstances
from portico_server.platform.access.conditions import Condition
from portico_server.platform.access.credentials import API_TOKEN_ID_PREFIX
from portico_server.platform.access.model import AccountPolicies, Conditions, Policy, ResourceGroup
from portico_server.platform.authorization import below


def allows(
    accounts: Mapping[str, AccountPolicies], principal: str, permission: str, resource: str, how: Circumstances
) -> bool:
    account = accounts.get("/".join(resource.split("/")[:2]))
    if account is None or principal not in account.principals:
        return False
    token_id = how.token_id
    tokens = [
        one for other in accounts.values() for one in other.tokens.values() if token_id and one.token_id == token_id
    ]
    if tokens or token_id.startswith(API_TOKEN_ID_PREFIX):
        if len(tokens) != 1 or tokens[0].principal != principal or tokens[0].name not in account.tokens:
            return False
        token = tokens[0]
        bounds = Conditions(token.not_before, token.expires_at, token.source_cidrs)
        if Condition(bounds).holds(how) is not True or not decides(account, token.policies, permission, resource, how):
            return False
    mine = [
        policy for policy in account.policies.values() if any(is_in(account, principal, x) for x in policy.principals)
    ]
    return decides(account, mine, permission, resource, how)


def is_in(account: AccountPolicies, principal: str, name: str) -> bool:
    group = account.groups.get(name)
    return principal == name or (group is not None and any(is_in(account, principal, x) for x in group.members))


def decides(account: AccountPolicies, policies, permission: str, resource: str, how: Circumstances) -> bool:  # type: ignore[no-untyped-def]
    return any(counts(account, x, permission, resource, how) for x in policies if not x.deny) and not any(
        counts(account, x, permission, resource, how) for x in policies if x.deny
    )


def counts(account: AccountPolicies, policy: Policy, permission: str, resource: str, how: Circumstances) -> bool:
    product, noun, _ = permission.split(".")
    patterns = {permission, f"{product}.{noun}.*", f"{product}.*", "*"}
    groups = [account.permission_groups[name] for name in policy.permission_groups if name in account.permission_groups]
    if not any(one in patterns for group in groups for one in group.permissions):
        return False
    regions = [account.resource_groups[name] for name in policy.resource_groups if name in account.resource_groups]
    if not any(covers(account, group, resource, policy.deny) for group in regions):
        return False
    holds = Condition(policy.conditions).holds(how)
    return policy.deny if holds is None else holds


def covers(account: AccountPolicies, group: ResourceGroup, resource: str, deny: bool) -> bool:
    zones = account.domain_groups
    if not deny and any(name not in zones for name in group.excluded_domain_groups):
        return False
    named = [*group.objects, *(zone for name in group.domain_groups if name in zones for zone in zones[name].zones)]
    excluded = [x for name in group.excluded_domain_groups if name in zones for x in zones[name].zones]
    return (
        below(resource, account.account)
        and below(resource, group.scope)
        and (group.everything or any(below(resource, entry) for entry in named))
        and not any(below(resource, entry) for entry in (*group.excluded, *excluded))
    )
