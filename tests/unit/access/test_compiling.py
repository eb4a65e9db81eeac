"""What an account decides by is the same, made from what it was before or anew."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

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
KINDS = (
    PERMISSION_GROUP,
    RESOURCE_GROUP,
    DOMAIN_GROUP,
    GROUP,
    POLICY,
    MEMBER,
    SERVICE_ACCOUNT,
    API_TOKEN,
    CLIENT_SECRET,
)


def names(kind: Kind) -> st.SearchStrategy[str]:
    parents = names(SERVICE_ACCOUNT) if kind is CLIENT_SECRET else st.just(ACCOUNT)
    return st.builds(lambda parent, number: kind.name(parent, str(number)), parents, st.integers(1, 3))


def some(strategy: st.SearchStrategy[str]) -> st.SearchStrategy[list[str]]:
    return st.lists(strategy, max_size=3)


principals = st.integers(1, 3).map(lambda number: f"{ACCOUNT}/principals/{number}")
who = some(st.one_of(names(GROUP), names(MEMBER), names(SERVICE_ACCOUNT), principals))
fields: dict[Kind, st.SearchStrategy[dict[str, Any]]] = {
    PERMISSION_GROUP: st.fixed_dictionaries({"permissions": some(st.sampled_from(("*", "dns.*")))}),
    RESOURCE_GROUP: st.fixed_dictionaries({"everything": st.booleans(), "domain_groups": some(names(DOMAIN_GROUP))}),
    DOMAIN_GROUP: st.fixed_dictionaries({"zones": some(st.just(f"{ACCOUNT}/zones/z"))}),
    GROUP: st.fixed_dictionaries({"members": who}),
    POLICY: st.fixed_dictionaries({"permission_groups": some(names(PERMISSION_GROUP)), "principals": who}),
    MEMBER: st.fixed_dictionaries({"principal": principals, "state": st.sampled_from((1, 2))}),
    SERVICE_ACCOUNT: st.fixed_dictionaries({"principal": principals, "disabled": st.booleans()}),
    API_TOKEN: st.fixed_dictionaries({"principal": principals}),
    CLIENT_SECRET: st.just({}),
}
puts = st.sampled_from(KINDS).flatmap(
    lambda kind: st.tuples(names(kind), fields[kind]).map(
        lambda found: Item(found[0], kind, kind.message(name=found[0], **found[1]))
    )
)
removals = st.sampled_from(KINDS).flatmap(names)
steps = st.lists(st.tuples(st.lists(puts, max_size=3), st.lists(removals, max_size=2), st.booleans()), max_size=12)


@settings(max_examples=150, deadline=None)
@given(steps)
def test_changes_make_what_making_it_anew_makes(given_steps: list[tuple[list[Item], list[str], bool]]) -> None:
    state = AccountState(ACCOUNT, {}, BUILT_IN)
    account_policies(state)
    for put, removed, asked in given_steps:
        put = list({item.name: item for item in put}.values())
        state = state.with_changes(put, [name for name in removed if name not in {item.name for item in put}])
        if asked:  # else it is made later, of several changes
            assert account_policies(state) == account_policies(anew(state))
    assert account_policies(state) == account_policies(anew(state))


def anew(state: AccountState) -> AccountState:
    return AccountState(ACCOUNT, {item.name: item for item in state.kept()}, BUILT_IN)


def test_what_did_not_change_is_the_same_object() -> None:
    items = {f"{ACCOUNT}/policies/{number}": _policy(number) for number in range(3)}
    state = AccountState(ACCOUNT, items, BUILT_IN)
    before = account_policies(state)
    after = account_policies(state.with_changes([_policy(1, "x")], ()))
    assert after.policies[f"{ACCOUNT}/policies/2"] is before.policies[f"{ACCOUNT}/policies/2"]
    assert after.groups is before.groups


def _policy(number: int, *permission_groups: str) -> Item:
    name = f"{ACCOUNT}/policies/{number}"
    return Item(name, POLICY, POLICY.message(name=name, permission_groups=permission_groups))
