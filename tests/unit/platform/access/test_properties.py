"""The compiled decision is that of a short evaluator, for random policies and questions, and after random changes."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portico_server.platform.access.budget import Budget
from portico_server.platform.access.changes import Element
from portico_server.platform.access.circumstances import Circumstances
from portico_server.platform.access.explain import Reason, explanation
from portico_server.platform.access.model import AccountPolicies
from portico_server.platform.access.snapshot import Snapshot
from portico_server.platform.authorization import below
from tests.unit.platform.access import reference
from tests.unit.platform.access.worlds import (
    ACCOUNTS,
    KNOWN,
    PERMISSIONS,
    PRINCIPALS,
    UNIVERSE,
    changes,
    circumstances,
    worlds,
)

World = dict[str, AccountPolicies]
Question = tuple[str, str, Circumstances]
Change = tuple[str, str, Element, bool]

questions = st.tuples(st.sampled_from(PRINCIPALS), st.sampled_from(PERMISSIONS), circumstances)
PARENTS = ("accounts/a", "accounts/a/zones", "accounts/a/zones/x", "accounts/b", "accounts/b/buckets/x/objects/k/")


def examples(count: int) -> settings:
    return settings(max_examples=count, deadline=None, suppress_health_check=list(HealthCheck))


def check(snapshot: Snapshot, world: World, question: Question) -> None:
    principal, permission, how = question
    expected = {name: reference.allows(world, principal, permission, name, how) for name in UNIVERSE}
    for name, allowed in expected.items():
        assert snapshot.allows(principal, permission, name, how) == allowed
        explained = explanation(snapshot, principal, permission, name, how)
        assert explained.allowed == allowed, explained
        assert (explained.match is None) != (allowed or explained.reason == Reason.DENIED)
    for parent in PARENTS:
        shown = snapshot.filter(principal, permission, parent, how)
        anything = bool(shown.everything or shown.allow or shown.parts)
        assert snapshot.shows_anything(principal, permission, parent, how) == anything
        for name in UNIVERSE:
            if below(name, parent):
                assert shown.shows(name) == expected[name], (parent, name, shown)


def check_world(world: World, asked: list[Question]) -> None:
    snapshot = Snapshot.compile(world.values(), KNOWN)
    for question in asked:
        check(snapshot, world, question)
        principal, _, how = question
        held = snapshot.permissions_of(principal, ACCOUNTS[0], how)
        assert held == {one for one in KNOWN if reference.allows(world, principal, one, ACCOUNTS[0], how)}


def check_changes(world: World, steps: list[tuple[Change, Question]], most_kept: int) -> None:
    snapshot = Snapshot.compile(world.values(), KNOWN, Budget(most_kept))
    states = []
    for (account, kind, element, removed), question in steps:
        for one in PRINCIPALS:  # compiled before the change, so that what it keeps is tried
            snapshot.allows(one, question[1], account, question[2])
        states.append((snapshot, world, question))
        elements = {**getattr(world[account], kind), element.name: element}
        if removed:
            del elements[element.name]
        world = {**world, account: replace(world[account], **{kind: elements})}
        snapshot = snapshot.with_element(account, element.name, None if removed else element)
        check(snapshot, world, question)
    for state in states:  # those of before decide as they did
        check(*state)


many_steps = st.lists(st.tuples(changes, questions), min_size=1, max_size=8)
budgets = st.sampled_from((10, 100, 400_000))


@examples(24)
@given(worlds, st.lists(questions, min_size=1, max_size=4))
def test_decisions_filters_and_explanations_are_those_of_the_short_evaluator(
    world: World, asked: list[Question]
) -> None:
    check_world(world, asked)


@examples(10)
@given(worlds, many_steps, budgets)
def test_after_changes_it_decides_as_if_compiled_afresh(
    world: World, steps: list[tuple[Change, Question]], most_kept: int
) -> None:
    check_changes(world, steps, most_kept)


@pytest.mark.long
@examples(5000)
@given(worlds, st.lists(questions, min_size=1, max_size=4))
def test_many_decisions_filters_and_explanations(world: World, asked: list[Question]) -> None:
    check_world(world, asked)


@pytest.mark.long
@examples(3000)
@given(worlds, many_steps, budgets)
def test_many_changes(world: World, steps: list[tuple[Change, Question]], most_kept: int) -> None:
    check_changes(world, steps, most_kept)


@examples(12)
@given(worlds, st.lists(st.tuples(st.sampled_from(ACCOUNTS), st.booleans(), questions), min_size=1, max_size=4))
def test_members_come_and_go(world: World, steps: list[tuple[str, bool, Question]]) -> None:
    snapshot = Snapshot.compile(world.values(), KNOWN)
    for account, comes, question in steps:
        check(snapshot, world, question)
        member = {question[0]}
        principals = world[account].principals | member if comes else world[account].principals - member
        world = {**world, account: replace(world[account], principals=principals)}
        snapshot = snapshot.with_principals(account, member if comes else (), () if comes else member)
        check(snapshot, world, question)


@examples(10)
@given(worlds, worlds, questions)
def test_whole_accounts_are_replaced_and_removed(world: World, other: World, question: Question) -> None:
    snapshot = Snapshot.compile(world.values(), KNOWN)
    check(snapshot, world, question)
    first, second = ACCOUNTS
    snapshot = snapshot.with_account(other[first])
    check(snapshot, {**world, first: other[first]}, question)
    snapshot = snapshot.without_account(first).without_account(first)
    check(snapshot, {second: world[second]}, question)
