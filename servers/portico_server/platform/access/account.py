"""The policies of one account, compiled as they are asked for: who holds which rules, and what these decide.

    principal  ->  role: the rules of all policies that name the principal, by itself or by a group
    role, permission  ->  table: the grants of those rules whose permission groups hold the permission

Rules are policies without their names and principals, so that those who may do the same have one role, and one table,
though each has a policy of his own. What changed is compiled again, and nothing else: see `changed`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from portico_server.platform.access.budget import Budget
from portico_server.platform.access.conditions import Condition
from portico_server.platform.access.indices import Index
from portico_server.platform.access.model import AccountPolicies, Conditions, Policy
from portico_server.platform.access.permissions import patterns_of
from portico_server.platform.access.regions import Region, region_of
from portico_server.platform.access.tables import NOTHING, Grant, Table


class GrantKey(NamedTuple):
    """What matters of a policy but whom it names and which permissions. `conditions`: None where there are none."""

    deny: bool
    resource_groups: tuple[str, ...]
    conditions: Conditions | None


class RuleKey:
    """All that matters of a policy but whom it names. The same object for the same content, so that sets of thousands
    of them are quickly made and compared."""

    __slots__ = ("grant", "permission_groups")

    def __init__(self, grant: GrantKey, permission_groups: tuple[str, ...]) -> None:
        self.grant = grant
        self.permission_groups = permission_groups


_Rule = tuple[frozenset[str], Grant]
_Held = tuple[frozenset[str], frozenset[Grant]]  # permissions, and all that the role grants by these

_COST_OF_A_ROLE = 5  # in keys
_NO_CONDITIONS = Conditions()


class Role:
    """What some principals hold; the same object for all who hold the same."""

    __slots__ = ("rules",)

    def __init__(self, rules: frozenset[RuleKey]) -> None:
        self.rules = rules


class Roles:
    """The roles that were ever needed, and who must be compiled again when something changes. Only grows, so that an
    account and what it is changed to can share one."""

    def __init__(self) -> None:
        self.rules: dict[tuple[GrantKey, tuple[str, ...]], RuleKey] = {}
        self.of_rules: dict[frozenset[RuleKey], Role] = {}
        self.holding: dict[RuleKey, set[Role]] = {}
        self.resting: dict[str, set[RuleKey]] = {}
        """Which rules rest on a permission, resource or domain group, by its name."""

    def rule(self, policy: Policy) -> RuleKey:
        conditions = None if policy.conditions == _NO_CONDITIONS else policy.conditions
        grant = GrantKey(policy.deny, policy.resource_groups, conditions)
        content = grant, policy.permission_groups
        key = self.rules.get(content)
        if key is None:
            key = self.rules[content] = RuleKey(*content)
        return key

    def add(self, rules: frozenset[RuleKey]) -> Role:
        role = self.of_rules[rules] = Role(rules)
        for key in rules:
            self.holding.setdefault(key, set()).add(role)
        return role


class CompiledAccount:
    """One account's policies. What it says never changes; what it keeps compiled grows, within the budget.

    `role_of` and `tables` are what is compiled already: a decision looks there first, and asks `table` for what is
    missing.
    """

    def __init__(
        self, model: AccountPolicies, known_permissions: frozenset[str], budget: Budget, index: Index | None = None
    ) -> None:
        self.name = model.account
        self.model = model
        self.index = Index.of(model) if index is None else index
        self.known_permissions = known_permissions
        self.budget = budget
        self.forget()
        budget.join(self)

    def forget(self) -> None:
        """Drops all that is compiled. Made anew and not cleared: other states of this account may share it."""
        self.roles = Roles()
        self.role_of: dict[str, Role] = {}
        """By the name of a principal."""
        self.token_roles: dict[str, Role] = {}
        """By the name of an API token."""
        self.tables: dict[Role, dict[str, Table]] = {}
        self.held: dict[Role, tuple[_Held, ...]] = {}
        self.keys: dict[str, RuleKey] = {}
        """By the name of a policy."""
        self.rules: dict[RuleKey, _Rule] = {}
        self.grants: dict[GrantKey, Grant] = {}
        self.shared: dict[frozenset[Grant], Table] = {}

    def table(self, principal: str, permission: str) -> Table:
        """What the principal decides by. Strangers are not kept: their names would fill the memory."""
        role = self.role_of.get(principal)
        if role is None:
            if principal not in self.model.principals:
                return NOTHING
            role = self.role_of[principal] = self._role([self._key(name) for name in self.index.policies_of(principal)])
        return self._table(role, permission)

    def token_table(self, token: str, permission: str) -> Table:
        """What the API token of that name decides by, besides its principal."""
        role = self.token_roles.get(token)
        if role is None:
            role = self.token_roles[token] = self._role(map(self.roles.rule, self.model.tokens[token].policies))
        return self._table(role, permission)

    def policies_of(self, principal: str) -> list[Policy]:
        """The policies that name the principal, by itself or by a group."""
        return [self.model.policies[name] for name in self.index.policies_of(principal)]

    def _key(self, policy: str) -> RuleKey:
        key = self.keys.get(policy)
        if key is None:
            key = self.keys[policy] = self.roles.rule(self.model.policies[policy])
        return key

    def _role(self, keys: Iterable[RuleKey]) -> Role:
        rules = frozenset(keys)
        role = self.roles.of_rules.get(rules)
        if role is None:
            self.budget.spend(self.name, _COST_OF_A_ROLE + len(rules))
            role = self.roles.add(rules)
        return role

    def _table(self, role: Role, permission: str) -> Table:
        tables = self.tables.get(role)
        if tables is None:
            tables = self.tables[role] = {}
        table = tables.get(permission)
        if table is None:
            table = self._compile(role, patterns_of(permission))
            if permission in self.known_permissions:
                tables[permission] = table
                self.budget.spend(self.name, 1)
        return table

    def _compile(self, role: Role, patterns: frozenset[str]) -> Table:
        held = self.held.get(role)
        if held is None:
            held = self.held[role] = tuple(self._held(role))
        sets = [grants for permissions, grants in held if not patterns.isdisjoint(permissions)]
        grants = sets[0] if len(sets) == 1 else frozenset[Grant]().union(*sets)
        table = self.shared.get(grants)
        if table is None:
            table = Table(grants)
            self.budget.spend(self.name, len(table))
            self.shared[grants] = table
        return table

    def _held(self, role: Role) -> Iterator[_Held]:
        by_permissions: dict[frozenset[str], set[Grant]] = {}
        for key in role.rules:
            permissions, grant = self._rule(key)
            by_permissions.setdefault(permissions, set()).add(grant)
        for permissions, grants in by_permissions.items():
            yield permissions, frozenset(grants)

    def _rule(self, key: RuleKey) -> _Rule:
        rule = self.rules.get(key)
        if rule is None:
            for name in self._rests_on(key):
                self.roles.resting.setdefault(name, set()).add(key)
            groups = self.model.permission_groups
            held = (groups[name].permissions for name in key.permission_groups if name in groups)
            permissions = frozenset(pattern for patterns in held for pattern in patterns)
            rule = self.rules[key] = permissions, self._grant(key.grant)
        return rule

    def _grant(self, key: GrantKey) -> Grant:
        grant = self.grants.get(key)
        if grant is None:
            regions = tuple(self._regions(key))
            grant = self.grants[key] = Grant(
                key.deny, regions, None if key.conditions is None else Condition(key.conditions)
            )
        return grant

    def _regions(self, key: GrantKey) -> Iterator[Region]:
        for name in key.resource_groups:
            group = self.model.resource_groups.get(name)
            if group is not None:
                yield region_of(self.name, group, self.model.domain_groups, deny=key.deny)

    def _rests_on(self, key: RuleKey) -> Iterator[str]:
        """What the rule is made of, also where that does not exist yet."""
        yield from key.permission_groups
        for name in key.grant.resource_groups:
            yield name
            group = self.model.resource_groups.get(name)
            if group is not None:
                yield from group.domain_groups
                yield from group.excluded_domain_groups
