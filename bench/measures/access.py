"""Access decisions in memory: beside Cedar and a scan, after a change, and what 100,000 principals take."""

from __future__ import annotations

import itertools
import multiprocessing
import os
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial

from bench.context import Bench
from bench.measure import MEBIBYTE, Figures, Rounds, interleave
from bench.policies import ACCOUNT, PERMISSIONS, ROLES, Decide, Question, World, by_cedar, by_scan, by_snapshot, world
from bench.processes import pss_bytes
from bench.report import Goal, Section, Table
from portico_server.platform.access.model import AccountPolicies, Group, PermissionGroup, Policy, ResourceGroup
from portico_server.platform.access.snapshot import Snapshot

WANTED_US = {100: 5.0, 10_000: 20.0}
PRINCIPALS, QUICK_PRINCIPALS, WANTED_MIB = 100_000, 20_000, 200.0
HOLDERS = {"of one principal": 1, "of 100 principals": 100}
QUESTIONS = 1000
COMPARED = 100
"""So many questions are put to all; at 10,000 policies Cedar takes tens of milliseconds for one."""
AT_ONCE = {"Portico": QUESTIONS, "scan": 10, "Cedar": 1}
NOTE = (
    "Processor time of decisions in one process, no call around them: 1,000 questions of a record of a zone, half of"
    " them of a principal that holds a policy on it; each policy is on another zone, one in ten denies. *Cedar* is"
    " `cedarpy`, policies and entities parsed before; *scan* looks at each policy in Python. All decide alike, which is"
    " asserted. *First*: what a principal's first decision takes, because it compiles; *after a change*: the same after"
    " one of its policies was replaced. Memory: what a process grows by for so many principals, each with a policy of"
    " its own and in one of ten groups, every one of them asked for five permissions."
)


def measure(bench: Bench) -> Section:
    goals, rows = [], []
    for policies, wanted_us in WANTED_US.items():
        for title, principals in HOLDERS.items():
            rounds = _decisions(bench, world(policies, principals, QUESTIONS))
            rows.append(_row(f"{policies:,} {title}", rounds))
            us = rounds.median("Portico", "us")
            goals.append(
                Goal(
                    f"a decision, {policies:,} policies {title}",
                    f"<= {wanted_us:g} us",
                    f"{us:.2f} us",
                    us <= wanted_us,
                )
            )
    count = QUICK_PRINCIPALS if bench.quick else PRINCIPALS
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as process:
        mib = process.submit(_grown_mib, count).result()
    goals.append(Goal(f"memory of {count:,} principals", f"<= {WANTED_MIB:g} MiB", f"{mib:.0f} MiB", mib <= WANTED_MIB))
    columns = ("policies", "Portico us", "scan us", "Cedar us", "scan", "Cedar", "first ms", "after a change ms")
    return Section(NOTE, Table(columns, rows), goals)


def _decisions(bench: Bench, given: World) -> Rounds:
    snapshot = Snapshot.compile([given.model], PERMISSIONS)
    deciders = {"Portico": by_snapshot(snapshot), "scan": by_scan(given.model), "Cedar": by_cedar(given)}
    compared = given.questions[:COMPARED]
    answers = {name: [decide(*question) for question in compared] for name, decide in deciders.items()}
    assert answers["Portico"] == answers["scan"] == answers["Cedar"]
    assert 0 < sum(answers["scan"]) < COMPARED
    cells: dict[str, Callable[[], Figures]] = {
        name: partial(_timed, decide, given.questions, AT_ONCE[name], bench.seconds)
        for name, decide in deciders.items()
    }
    cells["first"] = partial(_first, given)
    return interleave(cells, bench.rounds)


def _row(title: str, rounds: Rounds) -> list[str]:
    own, scan, cedar = (rounds.median(name, "us") for name in ("Portico", "scan", "Cedar"))
    ratios = [rounds.ratio(name, "Portico", "us") for name in ("scan", "Cedar")]
    first, changed = (rounds.median("first", name) for name in ("first_ms", "changed_ms"))
    return [
        title,
        f"{own:.2f}",
        f"{scan:,.1f}",
        f"{cedar:,.1f}",
        *(f"{ratio:,.0f}x" for ratio in ratios),
        f"{first:.2f}",
        f"{changed:.2f}",
    ]


def _timed(decide: Decide, questions: list[Question], at_once: int, seconds: float) -> Figures:
    """Asks for so long, looking at the clock after so many questions."""
    asked = itertools.cycle(questions)
    count, start = 0, time.thread_time()
    end = start + seconds
    while (now := time.thread_time()) < end:
        for principal, permission, resource in itertools.islice(asked, at_once):
            decide(principal, permission, resource)
        count += at_once
    return {"us": (now - start) / count * 1e6}


def _first(given: World) -> Figures:
    snapshot = Snapshot.compile([given.model], PERMISSIONS)
    question = given.questions[0]
    first_ms = _milliseconds(lambda: by_snapshot(snapshot)(*question))
    policy = next(one for one in given.model.policies.values() if question[0] in one.principals)

    def change() -> None:
        other = Policy(
            policy.name, policy.permission_groups, policy.resource_groups, policy.principals, not policy.deny
        )
        by_snapshot(snapshot.with_element(ACCOUNT, policy.name, other))(*question)

    return {"first_ms": first_ms, "changed_ms": _milliseconds(change)}


def _milliseconds(run: Callable[[], object]) -> float:
    start = time.thread_time()
    run()
    return (time.thread_time() - start) * 1e3


def _grown_mib(count: int) -> float:
    """In a process of its own: by how much it grows for so many principals, policies and all."""
    before = pss_bytes(os.getpid())
    snapshot = Snapshot.compile([_crowd(count)], PERMISSIONS)
    decide = by_snapshot(snapshot)
    for number in range(count):
        for permission in PERMISSIONS:
            decide(f"{ACCOUNT}/principals/p{number}", permission, f"{ACCOUNT}/zones/z{number % 20}/records/www")
    return (pss_bytes(os.getpid()) - before) / MEBIBYTE


def _crowd(count: int) -> AccountPolicies:
    """Principals that hold one of 80 roles by a policy of their own, and what their group holds."""
    names = [f"{ACCOUNT}/principals/p{number}" for number in range(count)]
    model = AccountPolicies(ACCOUNT, principals=frozenset(names))
    for number, permissions in enumerate(ROLES):
        name = f"{ACCOUNT}/permissionGroups/{number}"
        model.permission_groups[name] = PermissionGroup(name, permissions)
    for number in range(20):
        name = f"{ACCOUNT}/resourceGroups/{number}"
        model.resource_groups[name] = ResourceGroup(name, ACCOUNT, objects=(f"{ACCOUNT}/zones/z{number}",))
    permission_groups, resource_groups = list(model.permission_groups), list(model.resource_groups)
    for number, principal in enumerate(names):
        name = f"{ACCOUNT}/policies/{number}"
        held, where = permission_groups[number % len(permission_groups)], resource_groups[number % len(resource_groups)]
        model.policies[name] = Policy(name, (held,), (where,), (principal,))
    for number in range(10):
        group, name = f"{ACCOUNT}/groups/{number}", f"{ACCOUNT}/policies/of-group-{number}"
        model.groups[group] = Group(group, tuple(names[number::10]))
        model.policies[name] = Policy(name, (permission_groups[2],), (resource_groups[number],), (group,))
    return model
