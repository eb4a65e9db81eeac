"""Who is named where: from principals and groups to the policies that name them, and to the groups they are in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from portico_server.platform.access.model import AccountPolicies

Names = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Index:
    """Of one account. Both by the name of a principal or a group; it need not be one that exists."""

    policies: Names
    groups: Names

    @staticmethod
    def of(model: AccountPolicies) -> Index:
        return Index(
            _inverted((policy.name, policy.principals) for policy in model.policies.values()),
            _inverted((group.name, group.members) for group in model.groups.values()),
        )

    def itself_and_groups(self, name: str) -> dict[str, None]:
        """The name, and the groups that it is in, by whatever way; the nearest first."""
        found = {name: None}
        waiting = [name]
        for one in waiting:
            for group in self.groups.get(one, ()):
                if group not in found:
                    found[group] = None
                    waiting.append(group)
        return found

    def policies_of(self, name: str) -> dict[str, None]:
        """The names of the policies that name the principal or a group that it is in."""
        if name not in self.groups:  # most: no walk
            return dict.fromkeys(self.policies.get(name, ()))
        held = (self.policies.get(one, ()) for one in self.itself_and_groups(name))
        return dict.fromkeys(policy for policies in held for policy in policies)

    def with_policy(self, name: str, before: tuple[str, ...], after: tuple[str, ...]) -> Index:
        """When the policy names `after` in place of `before`."""
        return self if before == after else Index(_moved(self.policies, name, before, after), self.groups)

    def with_group(self, name: str, before: tuple[str, ...], after: tuple[str, ...]) -> Index:
        """When the group holds `after` in place of `before`."""
        return self if before == after else Index(self.policies, _moved(self.groups, name, before, after))


def _inverted(pairs: Iterable[tuple[str, tuple[str, ...]]]) -> Names:
    found: dict[str, list[str]] = {}
    for name, held in pairs:
        for one in dict.fromkeys(held):
            found.setdefault(one, []).append(name)
    same: dict[tuple[str, ...], tuple[str, ...]] = {}
    inverted = ((one, tuple(names)) for one, names in found.items())
    return {one: same.setdefault(names, names) for one, names in inverted}


def _moved(index: Names, name: str, before: Iterable[str], after: Iterable[str]) -> Names:
    """The index when `name` holds `after` in place of `before`."""
    moved = dict(index)
    old, new = set(before), set(after)
    for one in old - new:
        left = tuple(held for held in moved[one] if held != name)
        if left:
            moved[one] = left
        else:
            del moved[one]
    for one in new - old:
        moved[one] = (*moved.get(one, ()), name)
    return moved
