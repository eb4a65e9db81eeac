"""How much one policy may name. Whoever decides calls makes it ready in one go, while others wait: some 5 us a name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from portico_server.access.errors import PolicyTooLarge
from portico_server.platform.access.model import AccountPolicies, Policy, ResourceGroup

MOST_NAMES = 10_000
"""Of resources, those left out and the zones of domain groups included; and as many permissions."""


def check_sizes(policies: AccountPolicies, changed: Iterable[str]) -> None:
    """Looks at the policies, of API tokens too, that these names are or on which they bear. Raises PolicyTooLarge."""
    names = set(changed)
    for group in policies.resource_groups.values():
        if not names.isdisjoint((*group.domain_groups, *group.excluded_domain_groups)):
            names.add(group.name)
    for policy in _all(policies):
        own = policy.name.partition("#")[0]  # of an API token's policy: the token
        if own in names or not names.isdisjoint((*policy.resource_groups, *policy.permission_groups)):
            _check(policy, policies)


def _all(policies: AccountPolicies) -> Iterator[Policy]:
    yield from policies.policies.values()
    for token in policies.tokens.values():
        yield from token.policies


def _check(policy: Policy, policies: AccountPolicies) -> None:
    groups = [policies.resource_groups[name] for name in policy.resource_groups if name in policies.resource_groups]
    resources = sum(_names_in(group, policies) for group in groups)
    held = (policies.permission_groups.get(name) for name in policy.permission_groups)
    permissions = sum(len(group.permissions) for group in held if group is not None)
    for count, what, where in (
        (resources, "resources", "resource groups"),
        (permissions, "permissions", "permission groups"),
    ):
        if count > MOST_NAMES:
            raise PolicyTooLarge(
                f"{policy.name} would name {count:,} {what} by its {where}; {MOST_NAMES:,} are allowed: name what they "
                "stand below, or make several policies",
                resource=policy.name,
            )


def _names_in(group: ResourceGroup, policies: AccountPolicies) -> int:
    zones = (policies.domain_groups.get(name) for name in (*group.domain_groups, *group.excluded_domain_groups))
    return len(group.objects) + len(group.excluded) + sum(len(each.zones) for each in zones if each is not None)
