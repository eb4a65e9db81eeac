"""Calls through the gateway with 10,000 policies in the caller's account, beside those with one."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from functools import partial
from importlib.resources import files
from typing import Any

from bench.context import Bench
from bench.measure import CPU, interleave, under_load
from bench.measures import calls
from bench.report import Goal, Section, Table
from portico_server.access import store
from portico_server.access.kinds import MEMBER, PERMISSION_GROUP, POLICY, RESOURCE_GROUP, kind_of
from portico_server.access.state import Item
from portico_server.platform.database import Batch
from portico_server.platform.database.opening import LocalDatabases
from portico_server.platform.settings import Settings

ACCOUNT = "accounts/default"
POLICIES, MEMBERS = 10_000, 100
BATCH = 500
WANTED = 0.95
NOTE = (
    "A unary echo, 64 calls in flight, of two platforms: in one the caller has the one policy of a fresh account, in"
    f" the other the account has {POLICIES:,}, each on a bucket of its own, one in ten denies, and the caller has"
    f" {POLICIES // MEMBERS} of them."
)


def measure(bench: Bench) -> Section:
    one, many = bench.portico(), bench.filled(f"{POLICIES:,} policies", _fill)
    echo = calls.echo(bench.scratch)
    rounds = interleave({it.name: partial(under_load, it, echo, bench.seconds) for it in (one, many)}, bench.rounds)
    rows = [
        [
            title,
            f"{rounds.median(name, 'calls_per_second'):,.0f}",
            f"{rounds.median(name, 'p50_us') / 1e3:.2f}",
            f"{rounds.median(name, 'p99_us') / 1e3:.2f}",
            f"{rounds.median(name, CPU):.0f}",
        ]
        for title, name in (("1", one.name), (f"{POLICIES:,}", many.name))
    ]
    ratio = rounds.ratio(many.name, one.name, "calls_per_second")
    goal = Goal(f"calls/s with {POLICIES:,} policies over one", f">= {WANTED:g}x", f"{ratio:.2f}x", ratio >= WANTED)
    return Section(NOTE, Table(("policies", "calls/s", "p50 ms", "p99 ms", "CPU us a call"), rows), [goal])


def _fill(settings: Settings) -> None:
    asyncio.run(_write(settings))


async def _write(settings: Settings) -> None:
    """Into the store of a platform that does not run."""
    databases = LocalDatabases(settings)
    database = await databases.open("access", files("portico_server.access") / "migrations")
    messages = list(_messages())
    try:
        revision = await store.revision(database)
        for start in range(0, len(messages), BATCH):
            statements = [store.advance(revision)]
            revision += 1
            for message in messages[start : start + BATCH]:
                item = Item(message.name, kind_of(message.name), message, revision)
                statements += store.put(item, ACCOUNT, revision)
            await database.batch(Batch(statements))
    finally:
        await databases.close()


def _messages() -> Iterator[Any]:
    """Members, groups, and policies but for the one that there is."""
    for number in range(1, MEMBERS):
        principal = f"{ACCOUNT}/principals/member-{number}"
        yield MEMBER.message(name=_member(number), principal=principal, state=2)  # type: ignore[call-arg]
    for number in range(POLICIES - 1):
        objects = [f"{ACCOUNT}/buckets/bucket-{number}"]
        group = RESOURCE_GROUP.name(ACCOUNT, f"bucket-{number}")
        yield RESOURCE_GROUP.message(name=group, scope=ACCOUNT, objects=objects)  # type: ignore[call-arg]
        yield POLICY.message(  # type: ignore[call-arg]
            name=POLICY.name(ACCOUNT, f"policy-{number}"),
            access=2 if number % 10 == 0 else 1,
            permission_groups=[PERMISSION_GROUP.name(ACCOUNT, "objects")],
            resource_groups=[group],
            principals=[_member(number % MEMBERS)],
        )


def _member(number: int) -> str:
    """The first one is the caller."""
    return MEMBER.name(ACCOUNT, f"member-{number}" if number else "admin")
