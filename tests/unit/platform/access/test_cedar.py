"""Cedar decides as we do where the models meet: permit and forbid, groups, what stands below what; no exclusions.

Conditions are left out, because a condition that errs has another meaning there: Cedar skips the policy.
"""

from __future__ import annotations

from collections.abc import Iterator

import cedarpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portico_server.platform.access.circumstances import Circumstances
from portico_server.platform.access.model import (
    AccountPolicies,
    Group,
    PermissionGroup,
    Policy,
    ResourceGroup,
)
from portico_server.platform.access.snapshot import Snapshot

A = "accounts/a"
MEMBERS = tuple(f"{A}/principals/p{number}" for number in range(3))
GROUPS = tuple(f"{A}/groups/g{number}" for number in range(3))
PERMISSIONS = ("dns.record.read", "dns.record.delete", "dns.zone.read", "objects.object.read")
PATTERNS = (*PERMISSIONS, "dns.record.*", "dns.*", "objects.*", "*")
RESOURCES = (
    A,
    f"{A}/zones/x",
    f"{A}/zones/xy",
    f"{A}/zones/x/records/r",
    f"{A}/zones/y",
    f"{A}/zones/y/records/r",
    f"{A}/zones/y/records/r/parts/p",
    f"{A}/buckets/x",
)


def uid(kind: str, name: str) -> dict[str, str]:
    return {"type": kind, "id": name}


def entity(kind: str, name: str, parents: list[dict[str, str]]) -> dict[str, object]:
    return {"uid": uid(kind, name), "attrs": {}, "parents": parents}


def entities(groups: dict[str, Group]) -> Iterator[dict[str, object]]:
    """Principals in groups, resources below resources, permissions below their wildcards."""
    for kind, names in (("P", MEMBERS), ("P", GROUPS)):
        for name in names:
            yield entity(kind, name, [uid("P", group.name) for group in groups.values() if name in group.members])
    for name in RESOURCES:
        above = name.rpartition("/")[0].rpartition("/")[0]
        yield entity("R", name, [uid("R", above)] if above in RESOURCES else [])
    for permission in PERMISSIONS:
        product, noun, _ = permission.split(".")
        yield entity("Action", permission, [uid("Action", f"{product}.{noun}.*")])
        yield entity("Action", f"{product}.{noun}.*", [uid("Action", f"{product}.*")])
        yield entity("Action", f"{product}.*", [uid("Action", "*")])


def statements(model: AccountPolicies) -> Iterator[str]:
    for policy in model.policies.values():
        effect = "forbid" if policy.deny else "permit"
        for principal in policy.principals:
            for permissions in policy.permission_groups:
                for pattern in model.permission_groups[permissions].permissions:
                    for entry in model.resource_groups[policy.resource_groups[0]].objects:
                        yield (
                            f'{effect}(principal in P::"{principal}", action in Action::"{pattern}",'
                            f' resource in R::"{entry}");'
                        )


def some(values: tuple[str, ...], most: int) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(st.sampled_from(values), min_size=1, max_size=most, unique=True).map(tuple)


@st.composite
def accounts(draw: st.DrawFn) -> AccountPolicies:
    model = AccountPolicies(A, principals=frozenset(MEMBERS))
    for number, name in enumerate(GROUPS):
        model.groups[name] = Group(name, draw(some((*MEMBERS, *GROUPS[:number]), 3)))
    for number in range(draw(st.integers(0, 6))):
        permissions, resources = f"{A}/permissionGroups/{number}", f"{A}/resourceGroups/{number}"
        model.permission_groups[permissions] = PermissionGroup(permissions, draw(some(PATTERNS, 2)))
        model.resource_groups[resources] = ResourceGroup(resources, A, objects=draw(some(RESOURCES, 2)))
        name, deny = f"{A}/policies/{number}", draw(st.sampled_from((False, False, True)))
        model.policies[name] = Policy(name, (permissions,), (resources,), draw(some((*MEMBERS, *GROUPS), 2)), deny=deny)
    return model


def check(model: AccountPolicies) -> None:
    snapshot = Snapshot.compile([model], PERMISSIONS)
    questions = [(p, one, resource) for p in MEMBERS for one in PERMISSIONS for resource in RESOURCES]
    requests = [
        {"principal": f'P::"{p}"', "action": f'Action::"{one}"', "resource": f'R::"{resource}"', "context": {}}
        for p, one, resource in questions
    ]
    answers = cedarpy.is_authorized_batch(requests, "\n".join(statements(model)), list(entities(model.groups)))
    for (principal, permission, resource), answer in zip(questions, answers, strict=True):
        assert not answer.diagnostics.errors
        allowed = snapshot.allows(principal, permission, resource, Circumstances())
        assert allowed == answer.allowed, (principal, permission, resource)


@settings(max_examples=25, deadline=None)
@given(accounts())
def test_cedar_decides_as_we_do(model: AccountPolicies) -> None:
    check(model)


@pytest.mark.long
@settings(max_examples=3000, deadline=None)
@given(accounts())
def test_cedar_decides_many_questions_as_we_do(model: AccountPolicies) -> None:
    check(model)
