"""Three workers and a second node on one PostgreSQL: what is taken away is gone in every process of the machine when
that is answered, and on the other node within a second; a node that is cut off from the store decides for a while, then
refuses, and recovers."""

from __future__ import annotations

import contextlib
import shutil
import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

import psycopg
import pytest

from portico_server.platform.access.sharing import MAX_AGE_SECONDS
from portico_server.platform.shared_words import FILE, SharedWords, Word
from tests.e2e.calls import ACCOUNT
from tests.e2e.revoking import SECONDS
from tests.e2e.test_api_tokens import SUPER, issue, member, policy, rest
from tests.e2e.test_revocation_everywhere import answered, channels_to_every_front, unary
from tests.harness import RunningPlatform, running_platform
from tests.harness.layouts import SPREADS_ITSELF
from tests.harness.platform import TESTING_PRODUCT
from tests.harness.postgresql import PostgresqlServer, fresh_database, shared_server
from tests.harness.waiting import wait_until

pytestmark = SPREADS_ITSELF

WORKERS = 3
OTHER_ROLE = "other_node"
ALLOWED = ""
PERMISSION = "testing.test.read"


class Nodes(NamedTuple):
    """`one` has three workers; `other` knows the store as a user of its own, who can be shut out."""

    one: RunningPlatform
    other: RunningPlatform
    server: PostgresqlServer

    def by_store(self, *statements: str) -> None:
        with psycopg.connect(self.server.dsn(), autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement)


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nodes]:
    folder = tmp_path_factory.mktemp("everywhere")
    with shared_server() as server:
        database = fresh_database(server)
        with running_platform(folder / "one", workers=WORKERS, database=database, **TESTING_PRODUCT) as one:
            data = folder / "other" / "data"
            data.mkdir(parents=True, mode=0o700)
            shutil.copytree(one.data / "keys", data / "keys")
            (data / "blobs").symlink_to(one.data / "blobs")
            with psycopg.connect(server.dsn(), autocommit=True) as connection:
                connection.execute(f"CREATE ROLE {OTHER_ROLE} LOGIN SUPERUSER")
            theirs = database.replace("portico@", f"{OTHER_ROLE}@")
            with running_platform(folder / "other", database=theirs, **TESTING_PRODUCT) as other:
                yield Nodes(one, other, server)


@contextlib.contextmanager
def calls_of(nodes: Nodes, token: str) -> Iterator[tuple[list[Callable[[], str]], Callable[[], str]]]:
    """Calls with that token to each process of the first node, and one to the other: each answers why it is refused."""
    with channels_to_every_front(nodes.one, token=token) as channels, nodes.other.channel(token=token) as channel:
        yield [lambda c=one: answered(lambda: unary(c)) for one in channels], lambda: answered(lambda: unary(channel))


class Access(NamedTuple):
    """What lets somebody in: a token, and the path whose deletion takes it away."""

    token: str
    path: str


def by_policy(nodes: Nodes) -> Access:
    return Access(member(nodes.one, "by-policy", PERMISSION), f"{ACCOUNT}/policies/by-policy")


def by_membership(nodes: Nodes) -> Access:
    return Access(member(nodes.one, "by-membership", PERMISSION), f"{ACCOUNT}/members/by-membership")


def by_api_token(nodes: Nodes) -> Access:
    made = issue(nodes.one, policy(SUPER))
    return Access(made["secret"], made["apiToken"]["name"])


def by_service_account(nodes: Nodes) -> Access:
    rest(nodes.one, "POST", f"{ACCOUNT}/serviceAccounts?serviceAccountId=robot", {})
    given = policy(SUPER, principals=[f"{ACCOUNT}/serviceAccounts/robot"])
    rest(nodes.one, "POST", f"{ACCOUNT}/policies?policyId=robot", given)
    token = rest(nodes.one, "POST", "tokens", {"subject": f"{ACCOUNT}/principals/robot"})["token"]
    return Access(token, f"{ACCOUNT}/serviceAccounts/robot")


@pytest.mark.parametrize("given_by", [by_policy, by_membership, by_api_token, by_service_account])
def test_what_is_taken_away_is_gone_in_every_process_when_that_is_answered_and_soon_on_the_other_node(
    nodes: Nodes, given_by: Callable[[Nodes], Access]
) -> None:
    access = given_by(nodes)
    with calls_of(nodes, access.token) as (here, there):
        for call in here:
            assert call() == ALLOWED, "given when that was answered"
        wait_until(lambda: there() == ALLOWED, "it is given on the other node, too")
        rest(nodes.one, "DELETE", access.path)
        answered_at = time.monotonic()
        refused = {call() for call in here}
        assert refused <= {"PERMISSION_DENIED", "TOKEN_UNKNOWN"}, "gone when that was answered, on open connections"
        wait_until(lambda: there() != ALLOWED, "it is gone on the other node, too", SECONDS)
        print(f"gone on the other node after {time.monotonic() - answered_at:.2f} s")
        assert not any(call() == ALLOWED for call in (*here, there) for _ in range(3))


def test_a_deny_holds_in_every_process_when_it_is_answered(nodes: Nodes) -> None:
    token = member(nodes.one, "denied", PERMISSION)
    with calls_of(nodes, token) as (here, there):
        wait_until(lambda: {call() for call in (*here, there)} == {ALLOWED}, "she may everywhere")
        given = policy(SUPER, principals=[f"{ACCOUNT}/members/denied"], access="ACCESS_DENY")
        rest(nodes.one, "POST", f"{ACCOUNT}/policies?policyId=deny", given)
        assert {call() for call in here} == {"PERMISSION_DENIED"}
        wait_until(lambda: there() == "PERMISSION_DENIED", "and on the other node", SECONDS)


def test_a_node_that_is_cut_off_decides_for_a_while_then_refuses_and_recovers(nodes: Nodes) -> None:
    token = member(nodes.one, "stays", PERMISSION)
    words = SharedWords(nodes.other.settings.run / FILE).words
    with calls_of(nodes, token) as (here, there):
        wait_until(lambda: there() == ALLOWED, "she may on the other node")
        _shut_out(nodes)
        try:
            before = words[Word.ACCESS_TIME]
            assert there() == ALLOWED, "by what was last known"
            words[Word.ACCESS_TIME] = before - MAX_AGE_SECONDS + 5  # so long ago was the last word of the store
            assert there() == ALLOWED
            words[Word.ACCESS_TIME] = before - MAX_AGE_SECONDS - 1
            assert there() == "POLICIES_STALE"
            assert {call() for call in here} == {ALLOWED}, "the first node has its store"
            rest(nodes.one, "DELETE", f"{ACCOUNT}/policies/stays")
            assert there() == "POLICIES_STALE"
        finally:
            nodes.by_store(f"ALTER ROLE {OTHER_ROLE} LOGIN")
        wait_until(lambda: there() == "PERMISSION_DENIED", "it knows what has changed meanwhile", SECONDS)


def _shut_out(nodes: Nodes) -> None:
    nodes.by_store(
        f"ALTER ROLE {OTHER_ROLE} NOLOGIN",
        f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{OTHER_ROLE}'",
    )
    words = SharedWords(nodes.other.settings.run / FILE).words

    last, since = int(words[Word.ACCESS_TIME]), time.monotonic()

    def stands() -> bool:
        """The clock of policies has whole seconds: so long without a new one, and nobody asks any more."""
        nonlocal last, since
        if words[Word.ACCESS_TIME] != last:
            last, since = int(words[Word.ACCESS_TIME]), time.monotonic()
        return time.monotonic() - since > 3

    wait_until(stands, "the node has lost its store")
