"""Policies of one account, written briefly."""

from __future__ import annotations

from dataclasses import replace

from portico_server.platform.access.circumstances import Circumstances
from portico_server.platform.access.model import (
    AccountPolicies,
    ApiToken,
    Conditions,
    DomainGroup,
    Group,
    PermissionGroup,
    Policy,
    ResourceGroup,
)
from portico_server.platform.access.snapshot import Snapshot

A = "accounts/a"
ADA = f"{A}/principals/ada"
BOB = f"{A}/principals/bob"
ZONE = f"{A}/zones/example.com"
OTHER = f"{A}/zones/example.org"
READ, EDIT, DELETE = "dns.record.read", "dns.record.update", "dns.record.delete"
KNOWN = (READ, EDIT, DELETE, "dns.zone.read", "objects.object.read")
NOW = 1_000_000
HOW = Circumstances(now=NOW, address="192.0.2.7")


class Account:
    """Gathers what an account has; `snapshot` compiles it."""

    def __init__(self, name: str = A, members: tuple[str, ...] = (ADA, BOB)) -> None:
        self.policies = AccountPolicies(name, principals=frozenset(members))

    def resources(self, scope: str, *objects: str, **more: tuple[str, ...]) -> str:
        """A resource group; without objects and domain groups: of everything. Answers its name."""
        groups = self.policies.resource_groups
        name = f"{self.policies.account}/resourceGroups/{len(groups)}"
        everything = not objects and "domain_groups" not in more
        groups[name] = ResourceGroup(name, scope, everything, objects, **more)
        return name

    def permissions(self, *permissions: str) -> str:
        groups = self.policies.permission_groups
        name = f"{self.policies.account}/permissionGroups/{len(groups)}"
        groups[name] = PermissionGroup(name, permissions)
        return name

    def domains(self, *zones: str) -> str:
        groups = self.policies.domain_groups
        name = f"{self.policies.account}/domainGroups/{len(groups)}"
        groups[name] = DomainGroup(name, zones)
        return name

    def group(self, *members: str) -> str:
        groups = self.policies.groups
        name = f"{self.policies.account}/groups/{len(groups)}"
        groups[name] = Group(name, members)
        return name

    def policy(
        self, principal: str, permission: str, resources: str, *, deny: bool = False, **conditions: object
    ) -> str:
        """`resources`: the name of a resource group, or a resource, with all below it. Answers the policy's name."""
        name = f"{self.policies.account}/policies/{len(self.policies.policies)}"
        self.policies.policies[name] = self._policy(name, (principal,), permission, resources, deny, **conditions)
        return name

    def allow(self, principal: str, permission: str, resources: str, **conditions: object) -> str:
        return self.policy(principal, permission, resources, **conditions)

    def deny(self, principal: str, permission: str, resources: str, **conditions: object) -> str:
        return self.policy(principal, permission, resources, deny=True, **conditions)

    def token(self, principal: str, permission: str, resources: str, **bounds: object) -> str:
        """An API token with one policy. Answers its id."""
        name = f"{self.policies.account}/apiTokens/{len(self.policies.tokens)}"
        policy = self._policy(f"{name}/policies/0", (), permission, resources, False)
        token = ApiToken(name, f"api.{name}", principal, (policy,))
        self.policies.tokens[name] = replace(token, **bounds)  # type: ignore[arg-type]
        return token.token_id

    def snapshot(self, *others: Account) -> Snapshot:
        return Snapshot.compile([self.policies, *(other.policies for other in others)], KNOWN)

    def _policy(
        self, name: str, principals: tuple[str, ...], permission: str, resources: str, deny: bool, **conditions: object
    ) -> Policy:
        if "/resourceGroups/" not in resources:
            resources = self.resources(resources)
        given = Conditions(**conditions)  # type: ignore[arg-type]
        return Policy(name, (self.permissions(permission),), (resources,), principals, deny, given)
