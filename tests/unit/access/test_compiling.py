"""What an account decides by is the same, made from what it was before or anew."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from portico_server.access.compiling import account_policies
from portico_server.access.kinds import (
    API_TOKEN,
    CLIENT_SECRET,
    DOMAIN_GROUP,
    GROUP,
    MEMBER,
    PERMISSION_GROUP,
    POLICY,
    RESOURCE_GROUP,
    SERVICE_ACCOUNT,
    Kind,
)
from portico_server.access.state import AccountState, Item

ACCOUNT = "accounts/a"
BUILT_IN = {
    message.name: message
    for message in (PERMISSION_GROUP.message(name=f"{ACCOUNT}/permissionGroups/1", permissions=["*"]),)
}
POLICY_SET = (PERMISSION_GROUP, RESOURCE_GROUP, DOMAIN_GROUP, GROUP, POLICY)
KINDS = (*POLICY_SET, MEMBER, SERVICE_ACCOUNT, API_TOKEN, CLIENT_SECRET)
SEEDS, STEPS = 40, 25


class Changing:
    """Random changes of few names, so that everything meets everything."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)

    def step(self) -> tuple[list[Item], list[str], bool]:
        """What is put, what is removed, and whether somebody asks what the account decides by then."""
        put = {item.name: item for item in (self._item() for _ in range(self._random.randrange(3)))}
        removed = [self._name(self._random.choice(KINDS)) for _ in range(self._random.randrange(3))]
        return list(put.values()), [name for name in removed if name not in put], self._random.random() < 0.7

    def _item(self) -> Item:
        kind = self._random.choice(KINDS)
        name = self._name(kind)
        return Item(name, kind, kind.message(name=name, **self._fields(kind)))

    def _name(self, kind: Kind) -> str:
        parent = self._name(SERVICE_ACCOUNT) if kind is CLIENT_SECRET else ACCOUNT
        return kind.name(parent, str(self._random.randrange(1, 4)))

    def _fields(self, kind: Kind) -> dict[str, Any]:
        fields: dict[Kind, dict[str, Any]] = {
            PERMISSION_GROUP: {"permissions": self._some("*", "dns.*")},
            RESOURCE_GROUP: {
                "everything": self._random.random() < 0.5,
                "domain_groups": self._some(self._name(DOMAIN_GROUP)),
            },
            DOMAIN_GROUP: {"zones": self._some(f"{ACCOUNT}/zones/z")},
            GROUP: {"members": self._who()},
            POLICY: {"permission_groups": self._some(self._name(PERMISSION_GROUP)), "principals": self._who()},
            MEMBER: {"principal": self._principal(), "state": self._random.choice((1, 2))},
            SERVICE_ACCOUNT: {"principal": self._principal(), "disabled": self._random.random() < 0.5},
            API_TOKEN: {"principal": self._principal()},
        }
        return fields.get(kind, {})

    def _who(self) -> list[str]:
        return self._some(*(self._name(kind) for kind in (GROUP, MEMBER, SERVICE_ACCOUNT)), self._principal())

    def _principal(self) -> str:
        return f"{ACCOUNT}/principals/{self._random.randrange(1, 4)}"

    def _some(self, *values: str) -> list[str]:
        return self._random.sample(values, self._random.randrange(len(values) + 1))


@pytest.mark.parametrize("seed", range(SEEDS))
def test_changes_make_what_making_it_anew_makes(seed: int) -> None:
    state, changing = AccountState(ACCOUNT, {}, BUILT_IN), Changing(seed)
    account_policies(state)
    for _ in range(STEPS):
        put, removed, asked = changing.step()
        state = state.with_changes(put, removed)
        if asked:  # else it is made later, of several changes
            assert account_policies(state) == account_policies(anew(state))
    assert account_policies(state) == account_policies(anew(state))


def anew(state: AccountState) -> AccountState:
    return AccountState(ACCOUNT, {item.name: item for item in state.kept()}, BUILT_IN)


def test_what_did_not_change_is_the_same_object() -> None:
    items = {item.name: item for item in map(_policy, range(3))}
    state = AccountState(ACCOUNT, items, BUILT_IN)
    before = account_policies(state)
    after = account_policies(state.with_changes([_policy(1, "x")], ()))
    assert after.policies[f"{ACCOUNT}/policies/2"] is before.policies[f"{ACCOUNT}/policies/2"]
    assert after.groups is before.groups


def _policy(number: int, *permission_groups: str) -> Item:
    name = f"{ACCOUNT}/policies/{number}"
    return Item(name, POLICY, POLICY.message(name=name, permission_groups=permission_groups))
