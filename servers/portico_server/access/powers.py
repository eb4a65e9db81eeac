"""Who may do everything in an account, and whether somebody would give away more than is his own.

Judged by what policies say, never by who asks them now: conditions count as if an allow did not hold, and a deny did.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from portico_server.access.permissions import overlaps
from portico_server.platform.access.credentials import API_TOKEN_ID_PREFIX
from portico_server.platform.access.model import AccountPolicies, Conditions, Policy, ResourceGroup
from portico_server.platform.access.permissions import covers
from portico_server.platform.access.regions import named_by
from portico_server.platform.authorization import below

_ALWAYS = Conditions()
_OF_ACCESS = (
    "permissionGroups",
    "resourceGroups",
    "domainGroups",
    "policies",
    "groups",
    "members",
    "serviceAccounts",
    "apiTokens",
    "accessKeys",
    "policySet",
)


def _of_none(account: str) -> bool:
    return False


class Caller(str):
    """A principal's name; and, if it came by an API token, that one's id: then it has no more powers than the token.
    `is_operator_of`: whether the platform's operator has given it everything in an account."""

    __slots__ = ("is_operator_of", "token_id")
    token_id: str
    is_operator_of: Callable[[str], bool]

    def __new__(cls, name: str, credential_id: str = "", is_operator_of: Callable[[str], bool] = _of_none) -> Caller:
        made = super().__new__(cls, name)
        made.token_id = credential_id if credential_id.startswith(API_TOKEN_ID_PREFIX) else ""
        made.is_operator_of = is_operator_of
        return made


def token_of(caller: str) -> str:
    """The id of the API token that the caller came by; empty if he came by none."""
    return caller.token_id if isinstance(caller, Caller) else ""


def is_of_everything(token_id: str, principal: str, policies: AccountPolicies) -> bool:
    """Whether that API token of the principal may do everything in the account, always."""
    own = _policies_of(token_id, principal, policies)
    return not any(policy.deny for policy in own) and any(
        policy.conditions == _ALWAYS
        and "*" in permissions_of(policy, policies)
        and any(_is_everything(group, policies) for group in _groups_of(policy, policies))
        for policy in own
    )


def _policies_of(token_id: str, principal: str, policies: AccountPolicies) -> Sequence[Policy]:
    found = (token for token in policies.tokens.values() if token.token_id == token_id)
    return [policy for token in found if token.principal == principal for policy in token.policies]


def super_administrators(policies: AccountPolicies) -> set[str]:
    """The principals who may do everything in the account, always: by a policy that allows `*` on all of it without a
    condition or an exclusion, and nothing denies them what belongs to access."""
    found: set[str] = set()
    all_permissions = {group.name for group in policies.permission_groups.values() if "*" in group.permissions}
    all_resources = {group.name for group in policies.resource_groups.values() if _is_everything(group, policies)}
    for policy in policies.policies.values():
        if (
            not policy.deny
            and not all_permissions.isdisjoint(policy.permission_groups)
            and not all_resources.isdisjoint(policy.resource_groups)
            and policy.conditions == _ALWAYS
        ):
            found |= set(meant_by(policy.principals, policies))
    found &= policies.principals
    if found:
        for policy in policies.policies.values():
            if policy.deny and _touches_access(policy, policies):
                found -= set(meant_by(policy.principals, policies))
    return found


def meant_by(names: Iterable[str], policies: AccountPolicies) -> Iterator[str]:
    """The principals among these names, and those in the groups among them."""
    seen: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        group = policies.groups.get(name)
        if group is None:
            yield name
        else:
            waiting += group.members


def permissions_of(policy: Policy, policies: AccountPolicies) -> list[str]:
    groups = (policies.permission_groups.get(name) for name in policy.permission_groups)
    return [permission for group in groups if group is not None for permission in group.permissions]


def entries_of(group: ResourceGroup, policies: AccountPolicies) -> Sequence[str]:
    """The names at or below which lies what the group means: nothing outside of its scope."""
    return named_by(policies.account, group, policies.domain_groups)[0]


def exclusions_of(group: ResourceGroup, policies: AccountPolicies) -> Sequence[str]:
    return named_by(policies.account, group, policies.domain_groups)[1]


def _groups_of(policy: Policy, policies: AccountPolicies) -> list[ResourceGroup]:
    groups = (policies.resource_groups.get(name) for name in policy.resource_groups)
    return [group for group in groups if group is not None]


def _is_everything(group: ResourceGroup, policies: AccountPolicies) -> bool:
    excludes = group.excluded or group.excluded_domain_groups
    return group.everything and group.scope == policies.account and not excludes


def _touches_access(policy: Policy, policies: AccountPolicies) -> bool:
    if not any(overlaps(permission, "access.*") for permission in permissions_of(policy, policies)):
        return False
    return any(
        _holds_access(entry, policies.account)
        for group in _groups_of(policy, policies)
        for entry in entries_of(group, policies)
    )


def _holds_access(entry: str, account: str) -> bool:
    """Whether anything of the access product lies at or below the name."""
    return entry == account or entry.removeprefix(account + "/").partition("/")[0] in _OF_ACCESS


def lacks(caller: str, granted: Policy, after: AccountPolicies, before: AccountPolicies) -> str:
    """What a policy that allows, as it would be `after`, gives that the caller does not hold `before`, in words; empty
    if nothing. Where it cannot be told, something."""
    own = [
        policy
        for policy in before.policies.values()
        if caller in before.principals and caller in set(meant_by(policy.principals, before))
    ]
    token_id = token_of(caller)
    all_of = [own, _policies_of(token_id, caller, before)] if token_id else [own]
    for permission in permissions_of(granted, after):
        for group in _groups_of(granted, after):
            for entry in entries_of(group, after):
                without = exclusions_of(group, after)
                if not all(_holds(policies, before, permission, entry, without) for policies in all_of):
                    return f"{permission} on {entry}"
    return ""


def _holds(
    own: Sequence[Policy], policies: AccountPolicies, permission: str, entry: str, without: Sequence[str]
) -> bool:
    """Whether these policies always allow all of the permission on all at or below the entry, but for what is at or
    below a name of `without`."""
    allowed = False
    for policy in own:
        held = permissions_of(policy, policies)
        for group in _groups_of(policy, policies):
            entries, excluded = entries_of(group, policies), exclusions_of(group, policies)
            if policy.deny:
                if any(overlaps(each, permission) for each in held) and any(
                    below(entry, each) or _is_within(each, entry, without) for each in entries
                ):
                    return False
            elif policy.conditions == _ALWAYS and any(covers(each, permission) for each in held):
                allowed = allowed or (
                    any(below(entry, each) for each in entries)
                    and not any(below(entry, each) or _is_within(each, entry, without) for each in excluded)
                )
    return allowed


def _is_within(name: str, entry: str, without: Sequence[str]) -> bool:
    """Whether the name lies below the entry, and not below what is left out of it."""
    return below(name, entry) and not any(below(name, each) for each in without)
