"""Policies to decide by, and the questions: the same for the snapshot, for Cedar, and for a scan."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import cedarpy

from portico_server.platform.access.circumstances import Circumstances
from portico_server.platform.access.model import AccountPolicies, PermissionGroup, Policy, ResourceGroup
from portico_server.platform.access.snapshot import Snapshot
from portico_server.platform.authorization import below

ACCOUNT = "accounts/a"
PERMISSIONS = tuple(f"dns.record.{verb}" for verb in ("create", "read", "update", "delete", "list"))
ROLES = (("*",), ("dns.*",), ("dns.record.read", "dns.record.list"), ("dns.record.update",))
DENIED_SHARE = 0.1
SEED = 12
CIRCUMSTANCES = Circumstances(now=1_000_000, address="192.0.2.1", certificate=True, token_id="a-session")

Question = tuple[str, str, str]
"""Principal, permission, resource."""
Decide = Callable[[str, str, str], bool]


@dataclass(frozen=True, slots=True)
class World:
    model: AccountPolicies
    questions: list[Question]


def world(policies: int, principals: int, questions: int) -> World:
    """So many policies, each of one principal on one zone of as many as there are policies; the questions are of a
    record of a zone, half of them of one that is the principal's."""
    chance = random.Random(SEED)
    names = [f"{ACCOUNT}/principals/p{number}" for number in range(principals)]
    model = AccountPolicies(ACCOUNT, principals=frozenset(names))
    for number, permissions in enumerate(ROLES):
        name = f"{ACCOUNT}/permissionGroups/{number}"
        model.permission_groups[name] = PermissionGroup(name, permissions)
    for number in range(policies):
        group, name = f"{ACCOUNT}/resourceGroups/{number}", f"{ACCOUNT}/policies/{number}"
        model.resource_groups[group] = ResourceGroup(group, ACCOUNT, objects=(zone(number),))
        held = chance.choice(list(model.permission_groups))
        deny = chance.random() < DENIED_SHARE
        model.policies[name] = Policy(name, (held,), (group,), (names[number % principals],), deny=deny)
    asked = []
    for _ in range(questions):
        number = chance.randrange(policies)
        holder = names[number % principals] if chance.random() < 0.5 else chance.choice(names)
        asked.append((holder, chance.choice(PERMISSIONS), f"{zone(number)}/records/www"))
    return World(model, asked)


def zone(number: int) -> str:
    return f"{ACCOUNT}/zones/z{number}.example"


def by_snapshot(snapshot: Snapshot) -> Decide:
    return lambda principal, permission, resource: snapshot.allows(principal, permission, resource, CIRCUMSTANCES)


def by_scan(model: AccountPolicies) -> Decide:
    """Looks at every policy."""

    def decide(principal: str, permission: str, resource: str) -> bool:
        product, noun, _ = permission.split(".")
        wanted = {permission, f"{product}.{noun}.*", f"{product}.*", "*"}
        allowed = False
        for policy in model.policies.values():
            if principal not in policy.principals:
                continue
            if wanted.isdisjoint(model.permission_groups[policy.permission_groups[0]].permissions):
                continue
            if any(below(resource, entry) for entry in model.resource_groups[policy.resource_groups[0]].objects):
                if policy.deny:
                    return False
                allowed = True
        return allowed

    return decide


def by_cedar(given: World) -> Decide:
    """Policies and entities parsed once."""
    policies = cedarpy.PolicySet.from_str("\n".join(_statements(given.model)))
    entities = cedarpy.Entities.from_json_str(json.dumps(list(_entities(given))))

    def decide(principal: str, permission: str, resource: str) -> bool:
        asked: dict[str, Any] = {
            "principal": {"type": "P", "id": principal},
            "action": {"type": "Action", "id": permission},
            "resource": {"type": "R", "id": resource},
            "context": {},
        }
        return bool(cedarpy.is_authorized(asked, policies, entities).allowed)

    return decide


def _statements(model: AccountPolicies) -> Iterator[str]:
    for policy in model.policies.values():
        effect = "forbid" if policy.deny else "permit"
        for pattern in model.permission_groups[policy.permission_groups[0]].permissions:
            for entry in model.resource_groups[policy.resource_groups[0]].objects:
                yield (
                    f'{effect}(principal == P::"{policy.principals[0]}", action in Action::"{pattern}",'
                    f' resource in R::"{entry}");'
                )


def _entities(given: World) -> Iterator[dict[str, object]]:
    for permission in PERMISSIONS:
        yield _entity("Action", permission, "dns.record.*")
    yield _entity("Action", "dns.record.*", "dns.*")
    yield _entity("Action", "dns.*", "*")
    for resource in {resource for _, _, resource in given.questions}:
        yield _entity("R", resource, resource.removesuffix("/records/www"))


def _entity(kind: str, name: str, above: str) -> dict[str, object]:
    return {"uid": {"type": kind, "id": name}, "attrs": {}, "parents": [{"type": kind, "id": above}]}
