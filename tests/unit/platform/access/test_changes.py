"""A change compiles again what it touches, and leaves everything else as it is; what is kept is bounded."""

from __future__ import annotations

from dataclasses import replace

import pytest

from portico_server.platform.access.account import CompiledAccount
from portico_server.platform.access.budget import Budget
from portico_server.platform.access.model import Policy
from portico_server.platform.access.snapshot import Snapshot
from portico_server.platform.access.tables import Table
from tests.unit.platform.access.build import ADA, BOB, HOW, KNOWN, OTHER, READ, ZONE, A, Account


def compiled(snapshot: Snapshot, name: str = A) -> CompiledAccount:
    account = snapshot.account_of(name)
    assert account is not None
    return account


def kept(snapshot: Snapshot, principal: str) -> Table | None:
    """What is compiled already of who reads."""
    account = compiled(snapshot)
    role = account.role_of.get(principal)
    return None if role is None else account.tables.get(role, {}).get(READ)


def two_principals() -> tuple[Account, Snapshot]:
    """Each with a policy of its own; both have been asked for."""
    account = Account()
    account.allow(ADA, READ, account.resources(A, domain_groups=(account.domains(ZONE),)))
    account.allow(BOB, READ, account.resources(A, domain_groups=(account.domains(OTHER),)))
    snapshot = account.snapshot()
    assert snapshot.allows(ADA, READ, ZONE, HOW)
    assert snapshot.allows(BOB, READ, OTHER, HOW)
    return account, snapshot


@pytest.mark.parametrize("kind", ["permission_groups", "resource_groups", "domain_groups", "policies"])
def test_a_change_leaves_others_compiled(kind: str) -> None:
    account, snapshot = two_principals()
    name = next(iter(getattr(account.policies, kind)))
    changed = snapshot.with_element(A, name, None)
    assert kept(changed, ADA) is None
    assert kept(changed, BOB) is kept(snapshot, BOB) is not None
    assert not changed.allows(ADA, READ, ZONE, HOW)
    assert changed.allows(BOB, READ, OTHER, HOW)
    assert snapshot.allows(ADA, READ, ZONE, HOW), "the snapshot of before stays as it is"


def test_a_change_of_an_account_leaves_other_accounts_as_they_are() -> None:
    account, other = Account(), Account("accounts/b")
    snapshot = account.snapshot(other)
    changed = snapshot.with_account(Account().policies).with_principals(A, removed=[ADA])
    assert compiled(changed, "accounts/b") is compiled(snapshot, "accounts/b")


def test_adding_a_zone_to_a_domain_group_changes_everyones_access_at_once() -> None:
    account = Account()
    production = account.domains()
    everybody = account.group(ADA, BOB)
    account.allow(everybody, READ, A)
    account.deny(BOB, READ, account.resources(A, domain_groups=(production,)))
    snapshot = account.snapshot()
    assert snapshot.allows(BOB, READ, ZONE, HOW)
    group = replace(account.policies.domain_groups[production], zones=(ZONE,))
    changed = snapshot.with_element(A, production, group)
    assert not changed.allows(BOB, READ, ZONE, HOW)
    assert changed.allows(ADA, READ, ZONE, HOW)


def test_a_policy_that_is_changed_counts_as_it_is_now() -> None:
    account, snapshot = two_principals()
    name = next(iter(account.policies.policies))
    denying = snapshot.with_element(A, name, replace(account.policies.policies[name], deny=True))
    assert not denying.allows(ADA, READ, ZONE, HOW)
    assert denying.with_element(A, name, account.policies.policies[name]).allows(ADA, READ, ZONE, HOW)


def test_a_token_that_is_changed_counts_as_it_is_now() -> None:
    account = Account()
    account.allow(ADA, READ, A)
    how = replace(HOW, token_id=account.token(ADA, READ, ZONE))
    snapshot = account.snapshot()
    assert snapshot.allows(ADA, READ, ZONE, how)
    token = account.policies.tokens[f"{A}/apiTokens/0"]
    changed = snapshot.with_element(A, token.name, replace(token, policies=()))
    assert not changed.allows(ADA, READ, ZONE, how)
    assert changed.with_element(A, token.name, token).allows(ADA, READ, ZONE, how)


def test_a_domain_group_that_is_excluded_may_change_come_and_go() -> None:
    account = Account()
    production = account.domains(ZONE)
    account.allow(ADA, READ, account.resources(A, excluded_domain_groups=(production,)))
    snapshot = account.snapshot()
    group = account.policies.domain_groups[production]
    for zones, allowed in (((), True), ((OTHER,), True), ((ZONE,), False), ((), True)):
        snapshot = snapshot.with_element(A, production, replace(group, zones=zones))
        assert snapshot.allows(ADA, READ, ZONE, HOW) is allowed
    snapshot = snapshot.with_element(A, production, None)
    assert not snapshot.allows(ADA, READ, ZONE, HOW)
    assert not snapshot.allows(ADA, READ, OTHER, HOW)
    assert snapshot.with_element(A, production, group).allows(ADA, READ, OTHER, HOW)


def test_what_did_not_exist_counts_when_it_comes() -> None:
    account, snapshot = two_principals()
    name = next(iter(account.policies.domain_groups))
    without = snapshot.with_element(A, name, None)
    assert not without.allows(ADA, READ, ZONE, HOW)
    again = without.with_element(A, name, account.policies.domain_groups[name])
    assert again.allows(ADA, READ, ZONE, HOW)


def test_who_joins_a_group_that_holds_groups_holds_what_these_hold() -> None:
    account = Account()
    inner = account.group(BOB)
    account.allow(account.group(inner), READ, A)
    snapshot = account.snapshot()
    assert not snapshot.allows(ADA, READ, ZONE, HOW)
    joined = snapshot.with_element(A, inner, replace(account.policies.groups[inner], members=(BOB, ADA)))
    assert joined.allows(ADA, READ, ZONE, HOW)
    assert not joined.with_element(A, inner, None).allows(ADA, READ, ZONE, HOW)


def test_a_change_for_a_crowd_counts_for_all_of_it() -> None:
    crowd = tuple(f"{A}/principals/p{number}" for number in range(3000))
    account = Account(members=crowd)
    group = account.group(*crowd)
    policy = account.allow(group, READ, A)
    snapshot = account.snapshot()
    assert all(snapshot.allows(one, READ, ZONE, HOW) for one in crowd)
    changed = snapshot.with_element(A, policy, None)
    assert not any(changed.allows(one, READ, ZONE, HOW) for one in crowd)


def test_those_who_may_do_the_same_share_what_is_compiled_though_each_has_a_policy_of_his_own() -> None:
    crowd = tuple(f"{A}/principals/p{number}" for number in range(100))
    account = Account(members=crowd)
    permissions, resources = (account.permissions(READ),), (account.resources(A),)
    for number, one in enumerate(crowd):
        name = f"{A}/policies/{number}"
        account.policies.policies[name] = Policy(name, permissions, resources, (one,))
    snapshot = account.snapshot()
    assert all(snapshot.allows(one, READ, ZONE, HOW) for one in crowd)
    assert len({id(kept(snapshot, one)) for one in crowd}) == 1


def test_what_is_kept_is_bounded_and_who_forgot_decides_as_before() -> None:
    budget = Budget(most=200)
    account = Account(members=tuple(f"{A}/principals/p{number}" for number in range(300)))
    for number, one in enumerate(sorted(account.policies.principals)):
        account.allow(one, READ, f"{A}/zones/z{number}")
    snapshot = Snapshot.compile([account.policies], KNOWN, budget)
    for _ in range(2):
        for number, one in enumerate(sorted(account.policies.principals)):
            assert snapshot.allows(one, READ, f"{A}/zones/z{number}", HOW)
            assert not snapshot.allows(one, READ, f"{A}/zones/z{number + 1}", HOW)
            assert budget.kept <= 200
            assert len(compiled(snapshot).role_of) <= 200


@pytest.mark.parametrize(
    "name",
    [
        "",
        A,
        f"{A}/",
        f"{A}/zones/x",
        f"{A}x/policies/p",
        "accounts/b/policies/p",
        "policies/p",
        f"{A}/policiesx/p",
        f"{A}/policies",
        f"{A}/policies/",
    ],
)
def test_a_name_of_something_else_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="policies"):
        Account().snapshot().with_element(A, name, None)


def test_an_element_of_another_kind_than_its_name_says_is_refused() -> None:
    account, snapshot = two_principals()
    group = next(iter(account.policies.domain_groups.values()))
    for name in (f"{A}/policies/0", f"{A}/domainGroups/other"):
        with pytest.raises(ValueError, match="domainGroups/0"):
            snapshot.with_element(A, name, group)
