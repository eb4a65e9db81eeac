"""Random policies over the names of what a product keeps, and what they allow by the reference evaluator: so that lists
can be held to it, whatever the product."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from portico_server.platform.access.circumstances import Circumstances
from portico_server.platform.access.model import (
    AccountPolicies,
    Conditions,
    DomainGroup,
    Group,
    PermissionGroup,
    Policy,
    ResourceGroup,
)
from portico_server.platform.access.snapshot import Snapshot
from portico_server.platform.authorization import Filter
from tests.unit.platform.access import reference

NOW = Circumstances(now=1_000)
_OVER = Conditions(not_after=1)
_MORE = 0.4

Page = Callable[[int, str], Awaitable[tuple[list[str], str]]]
"""One page of a list: the names, and the token of the next; given its size and token."""


@dataclass(frozen=True)
class World:
    """Policies of one account, and who asks."""

    policies: AccountPolicies
    principal: str

    def filter(self, permission: str, parent: str) -> Filter:
        """What the gateway hands to the product."""
        return Snapshot.compile([self.policies], [permission]).filter(self.principal, permission, parent, NOW)

    def allowed(self, permission: str, names: Sequence[str]) -> list[str]:
        """Those of the names that are allowed one by one."""
        world = {self.policies.account: self.policies}
        return [name for name in names if reference.allows(world, self.principal, permission, name, NOW)]


def random_world(chance: random.Random, account: str, names: Sequence[str], permission: str) -> World:
    """Few policies, each of few resource groups: allows and denies, exclusions, domain groups, groups in groups,
    conditions; of these names, of what stands above and below them, and of some that are not there."""
    product, noun, _ = permission.split(".")
    around = [*names, account, *(name.rpartition("/")[0] for name in names), *(f"{name}x" for name in names)]
    principal = f"{account}/principals/asks"

    def some(most: int) -> tuple[str, ...]:
        return tuple(chance.sample(around, min(len(around), chance.randint(1, most))))

    def rarely(value: tuple[str, ...]) -> tuple[str, ...]:
        return value if chance.random() < _MORE else ()

    permissions = [(permission,), (f"{product}.{noun}.*",), ("*",), ("none.such.permission",)]
    resources = {}
    for number in range(4):
        everything = chance.random() < _MORE
        resources[f"r{number}"] = ResourceGroup(
            f"r{number}",
            account,
            everything,
            () if everything else some(4),
            () if everything else rarely(("d0",)),
            rarely(some(3)),
            rarely(("d1",)),
        )
    policies = {}
    for number in range(chance.randint(1, 5)):
        policies[f"p{number}"] = Policy(
            f"p{number}",
            (f"g{chance.choice((0, 0, 1, 1, 2, 3))}",),
            tuple(chance.sample(sorted(resources), chance.randint(1, 2))),
            (chance.choice((principal, "outer")),),
            chance.random() < _MORE,
            chance.choice((Conditions(), Conditions(), _OVER)),
        )
    return World(
        AccountPolicies(
            account,
            {f"g{number}": PermissionGroup(f"g{number}", given) for number, given in enumerate(permissions)},
            resources,
            {f"d{number}": DomainGroup(f"d{number}", some(4)) for number in range(2)},
            {"outer": Group("outer", ("inner",)), "inner": Group("inner", (principal,))},
            policies,
            principals=frozenset({principal}),
        ),
        principal,
    )


async def check_list(page: Page, expected: Sequence[str], size: int) -> None:
    """Raises AssertionError unless all pages together show exactly these names in this order, and none but the last
    has fewer than `size`."""
    shown: list[str] = []
    token = ""
    while True:
        names, token = await page(size, token)
        shown += names
        if not token:
            break
        assert len(names) == size, f"a page of {len(names)} that is not the last"
    assert shown == list(expected)


def paged(answer: Any, field: str) -> tuple[list[str], str]:
    """Of a list's response."""
    return [item.name for item in getattr(answer, field)], answer.next_page_token
