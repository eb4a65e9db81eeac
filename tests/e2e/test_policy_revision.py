"""The "new enemy" on two nodes of one database: from whom access was taken gets in nowhere once that was answered, if
the call names the revision that it made."""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest

from tests.harness import RunningPlatform, running_platform
from tests.harness.layouts import SPREADS_ITSELF
from tests.harness.postgresql import fresh_database, shared_server
from tests.harness.waiting import wait_until

pytestmark = SPREADS_ITSELF

ACCOUNT = "accounts/default"
ZONE = f"{ACCOUNT}/zones/a.example"
POLICY = {
    "access": "ACCESS_ALLOW",
    "permissionGroups": [f"{ACCOUNT}/permissionGroups/dns"],
    "resourceGroups": [f"{ACCOUNT}/resourceGroups/everything"],
    "principals": [f"{ACCOUNT}/serviceAccounts/bob"],
}


class Nodes(NamedTuple):
    """`first` keeps policies in its front, `second` in a process apart. `token` is Bob's."""

    first: RunningPlatform
    second: RunningPlatform
    token: str

    def change(self, method: str, path: str, body: Any = None, *, by: RunningPlatform | None = None) -> str:
        """Answers the revision that it made."""
        answer = (by or self.first).http(
            method, f"/v1/{ACCOUNT}/{path}", **({} if body is None else {"json_body": body})
        )
        assert answer.status == 200, answer.body
        return dict(answer.headers)["x-policy-revision"]

    def bobs_call(self, node: RunningPlatform, revision: str = "") -> tuple[int, str]:
        """Status and reason."""
        headers = {"x-policy-revision": revision} if revision else {}
        answer = node.http("GET", f"/v1/{ZONE}", token=self.token, headers=headers)
        return answer.status, answer.json()["details"][0]["reason"] if answer.status != 200 else ""


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nodes]:
    folder = tmp_path_factory.mktemp("revision")
    with shared_server() as server:
        shared: dict[str, Any] = {
            "database": fresh_database(server),
            "only": ("access", "dns"),
        }
        with running_platform(folder / "first", **shared) as first:
            data = folder / "second" / "data"
            data.mkdir(parents=True, mode=0o700)
            shutil.copytree(first.data / "keys", data / "keys")
            with running_platform(folder / "second", **shared, processes=("access",)) as second:
                assert first.http("POST", f"/v1/{ACCOUNT}/zones?zoneId=a.example", json_body={}).status == 200
                token = first.http("POST", "/v1/tokens", json_body={"subject": f"{ACCOUNT}/principals/bob"}).json()
                nodes = Nodes(first, second, token["token"])
                nodes.change("POST", "serviceAccounts?serviceAccountId=bob", {})
                yield nodes


def test_a_change_is_decided_by_on_the_other_node_by_whoever_names_it(nodes: Nodes) -> None:
    for _ in range(5):
        granted = nodes.change("POST", "policies?policyId=bob", POLICY)
        assert nodes.bobs_call(nodes.second, granted) == (200, "")
        taken = nodes.change("DELETE", "policies/bob", by=nodes.second)
        assert nodes.bobs_call(nodes.first, taken) == (403, "PERMISSION_DENIED")


@pytest.fixture
def held_back(nodes: Nodes) -> Iterator[Callable[[], None]]:
    """The second node's process that follows the store stands still, until it is let go."""
    [access] = [one.pid for one in nodes.second.state.processes if one.name == "access"]

    def go_on() -> None:
        os.kill(access, signal.SIGCONT)

    os.kill(access, signal.SIGSTOP)
    try:
        yield go_on
    finally:
        os.kill(access, signal.SIGCONT)


def test_a_node_that_is_behind_refuses_after_a_while_and_never_decides_by_what_was(
    nodes: Nodes, held_back: Callable[[], None]
) -> None:
    granted = nodes.change("POST", "policies?policyId=bob", POLICY)
    assert nodes.bobs_call(nodes.first, granted) == (200, "")
    assert nodes.bobs_call(nodes.second) == (403, "PERMISSION_DENIED"), "it does not know of the change"
    assert nodes.bobs_call(nodes.second, granted) == (503, "POLICY_REVISION_BEHIND")
    started = time.monotonic()
    assert nodes.bobs_call(nodes.second, str(2**63 - 1)) == (503, "POLICY_REVISION_BEHIND")
    assert time.monotonic() - started < 60, "a call is not held for ever"
    held_back()
    wait_until(lambda: nodes.bobs_call(nodes.second, granted) == (200, ""), "it has caught up")
    nodes.change("DELETE", "policies/bob")


def test_what_is_no_revision_of_this_platform_is_refused_by_the_headers_name(nodes: Nodes) -> None:
    assert nodes.bobs_call(nodes.first, "seven") == (400, "INVALID_POLICY_REVISION")
    assert nodes.bobs_call(nodes.first, str(2**63 - 1)) == (400, "POLICY_REVISION_UNKNOWN")
