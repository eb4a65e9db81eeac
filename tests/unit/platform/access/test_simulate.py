"""A change is compared with what is, before it is made."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from copy import deepcopy
from dataclasses import replace
from typing import NamedTuple

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portico_server.platform.access.circumstances import Circumstances
from portico_server.platform.access.model import AccountPolicies
from portico_server.platform.access.simulate import Comparison, Difference
from portico_server.platform.access.snapshot import Snapshot
from portico_server.platform.authorization import below
from tests.unit.platform.access.build import ADA, BOB, HOW, OTHER, READ, ZONE, A, Account
from tests.unit.platform.access.worlds import KNOWN, PRINCIPALS, UNIVERSE, accounts, circumstances


class Told(NamedTuple):
    """All that a comparison told, and whether that is all."""

    differences: tuple[Difference, ...]
    complete: bool


def simulate(
    before: Snapshot,
    after: Snapshot,
    account: str,
    how: Circumstances,
    principals: Iterable[str] | None = None,
    resources: Sequence[str] = (),
    **bounds: int,
) -> Told:
    comparison = Comparison(before, after, account, how, principals, resources, **bounds)
    return Told(tuple(found for part in comparison for found in part), comparison.complete)


def test_who_gains_and_who_loses_is_told_and_where() -> None:
    account = Account()
    policy = account.allow(account.group(ADA, BOB), READ, ZONE)
    account.allow(BOB, READ, f"{ZONE}/records/www")
    before = account.snapshot()
    elsewhere = replace(account.policies.policies[policy], resource_groups=(account.resources(OTHER),))
    after = account.snapshot().with_element(A, policy, elsewhere)
    assert simulate(before, after, A, HOW) == Told(
        (
            Difference(ADA, READ, ZONE, gained=False),
            Difference(ADA, READ, OTHER, gained=True),
            Difference(BOB, READ, ZONE, gained=False, unchanged=(f"{ZONE}/records/www",)),
            Difference(BOB, READ, OTHER, gained=True),
        ),
        complete=True,
    )
    assert {one.principal for one in simulate(before, after, A, HOW, [BOB]).differences} == {BOB}
    assert simulate(before, before, A, HOW) == Told((), complete=True)


def test_who_would_be_a_member_is_looked_at() -> None:
    account = Account(members=(BOB,))
    account.allow(ADA, READ, A)
    before = account.snapshot()
    after = before.with_principals(A, added=[ADA])
    gained = simulate(before, after, A, HOW)
    assert gained.differences == (Difference(ADA, READ, A, gained=True),)
    assert simulate(after, before, A, HOW).differences == (Difference(ADA, READ, A, gained=False),)
    assert simulate(before.without_account(A), after, A, HOW).differences == gained.differences


def test_an_api_token_gains_and_loses_with_its_issuer_and_never_more_than_it_asks_for() -> None:
    account = Account()
    account.token(ADA, READ, ZONE)
    name = f"{A}/apiTokens/0"
    before = deepcopy(account).snapshot()
    account.allow(ADA, READ, A)
    after = account.snapshot()
    gained = (Difference(ADA, READ, A, gained=True), Difference(ADA, READ, ZONE, gained=True, token=name))
    assert simulate(before, after, A, HOW).differences == gained
    without = after.with_element(A, name, None)
    assert simulate(after, without, A, HOW).differences == (Difference(ADA, READ, ZONE, gained=False, token=name),)


def test_asked_about_some_resources_it_tells_of_each_by_itself() -> None:
    account = Account()
    account.allow(ADA, READ, ZONE)
    before, after = Account().snapshot(), account.snapshot()
    record = f"{ZONE}/records/www"
    told = simulate(before, after, A, HOW, resources=[record, OTHER, ZONE])
    assert [one.resource for one in told.differences] == [record, ZONE]


def test_it_ends_at_its_bounds_and_says_so() -> None:
    account = Account()
    for number in range(20):
        account.allow(ADA, READ, f"{A}/zones/z{number}")
    before, after = Account().snapshot(), account.snapshot()
    some = simulate(before, after, A, HOW, most=5)
    assert (len(some.differences), some.complete) == (5, False)
    assert simulate(before, after, A, HOW, most=20).complete
    assert not simulate(before, after, A, HOW, most_looks=3).complete


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(accounts(A), accounts(A), circumstances, st.sampled_from(PRINCIPALS))
def test_it_tells_every_difference_and_nothing_else(
    old: AccountPolicies, new: AccountPolicies, how: Circumstances, principal: str
) -> None:
    how = replace(how, token_id="")
    before, after = Snapshot.compile([old], KNOWN), Snapshot.compile([new], KNOWN)
    simulation = simulate(before, after, A, how, [principal])
    assert simulation.complete
    own = [one for one in simulation.differences if not one.token]
    for permission in KNOWN:
        for name in UNIVERSE:
            decided = [one.allows(principal, permission, name, how) for one in (before, after)]
            about = [one for one in own if one.permission == permission and below(name, one.resource)]
            nearest = max(about, key=lambda one: len(one.resource), default=None)
            if nearest is None or any(below(name, kept) for kept in nearest.unchanged):
                assert decided[0] == decided[1]
            else:
                assert decided == [not nearest.gained, nearest.gained]
