"""A call that names the policy revision that its caller has seen is decided by that one, or not at all."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from portico.testing.v1 import testing_pb2

from portico.objects.v1 import objects_pb2
from portico_server.gateway.authorize import authorize
from portico_server.gateway.policy_revisions import PolicyRevisions
from portico_server.platform.access.policy_writer import PolicyWriter
from portico_server.platform.access.sharing import SharedPolicies
from portico_server.platform.call import Call
from portico_server.platform.database.interface import Unreachable
from portico_server.platform.errors import ApiError
from portico_server.platform.methods import methods_of
from portico_server.platform.shared_words import SharedWords
from tests.unit.gateway.fakes import ADMIN, METHODS, FakeAuthorizer, FakeContext, new_call, run

KEY = "accounts/default/buckets/photos/objects/a"
PATH = "/portico.objects.v1.ObjectService/GetObject"
ALL = {**METHODS, **methods_of(objects_pb2.DESCRIPTOR.services_by_name.values())}
WAIT_SECONDS = 0.2


@dataclass
class Machine:
    """Policies at revision 7, and a step that decides by it."""

    folder: Path
    keeps: bool = True

    def __post_init__(self) -> None:
        words = SharedWords(self.folder / "words")
        self.writer = PolicyWriter(self.folder / "access", words)
        self.writer.has_handed_on(7)
        shared = SharedPolicies(self.folder / "access", words, set())
        self.revisions = PolicyRevisions(shared, kept=self.keeps, wait_seconds=WAIT_SECONDS)
        self.step = authorize(FakeAuthorizer(("objects.object.read", KEY)), ALL, self.revisions)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def call_with(revision: str, remaining_seconds: float | None = None) -> Call:
    return new_call(
        ALL[PATH],
        objects_pb2.GetObjectRequest(name=KEY),
        headers={"x-policy-revision": revision},
        principal=ADMIN,
        context=FakeContext(remaining_seconds=remaining_seconds),
    )


async def refusal(machine: Machine, call: Call) -> ApiError:
    with pytest.raises(ApiError) as refused:
        await run(machine.step, call)
    return refused.value


@pytest.mark.parametrize("revision", ["0", "6", "7", "0000000007"])
async def test_what_is_decided_by_here_is_not_waited_for(machine: Machine, revision: str) -> None:
    call = call_with(revision)
    assert await run(machine.step, call)
    assert [step for step, _, _ in call.steps] == ["authorize"]


@pytest.mark.parametrize("revision", ["", "-1", "7.0", "0x7", "seven", " 7", "7,7", "9" * 20, str(2**63), "٧"])
async def test_what_is_no_revision_is_refused_by_the_headers_name(machine: Machine, revision: str) -> None:
    call = call_with("7")
    call.headers = {b"x-policy-revision": revision.encode()}
    error = await refusal(machine, call)
    assert (error.code.name, error.reason) == ("INVALID_ARGUMENT", "INVALID_POLICY_REVISION")
    assert [violation.field for violation in error.violations] == ["x-policy-revision"]


async def test_a_newer_one_is_waited_for_and_then_decided_by(machine: Machine) -> None:
    call = call_with("8")
    waiting = asyncio.create_task(run(machine.step, call))
    await asyncio.sleep(0.02)
    assert not waiting.done()
    machine.writer.has_handed_on(9)
    assert await waiting
    assert [step for step, _, _ in call.steps] == ["policy_revision", "authorize"]


async def test_one_that_does_not_come_is_refused_after_the_wait_and_can_be_tried_again(machine: Machine) -> None:
    error = await refusal(machine, call_with("8"))
    assert (error.code.name, error.reason) == ("UNAVAILABLE", "POLICY_REVISION_BEHIND")
    assert error.retry_after_seconds


async def test_a_call_with_little_time_is_told_within_it(machine: Machine) -> None:
    machine.revisions = PolicyRevisions(machine.revisions._shared, wait_seconds=3600)
    machine.step = authorize(FakeAuthorizer(), ALL, machine.revisions)
    started = time.monotonic()
    assert (await refusal(machine, call_with(str(2**63 - 1), 0.2))).reason == "POLICY_REVISION_BEHIND"
    assert time.monotonic() - started < 60


async def test_where_the_store_can_be_asked_it_is_and_what_it_has_is_decided_by_at_once(machine: Machine) -> None:
    async def catch_up(revision: int) -> int:
        machine.writer.has_handed_on(revision)
        return revision

    machine.revisions.ask(catch_up)
    assert await run(machine.step, call_with("8"))


async def test_one_that_the_store_does_not_have_is_none(machine: Machine) -> None:
    async def catch_up(revision: int) -> int:
        return 7

    machine.revisions.ask(catch_up)
    error = await refusal(machine, call_with(str(2**63 - 1)))
    assert (error.code.name, error.reason) == ("INVALID_ARGUMENT", "POLICY_REVISION_UNKNOWN")
    assert [violation.field for violation in error.violations] == ["x-policy-revision"]


@pytest.mark.parametrize("slow", [False, True])
async def test_a_store_that_does_not_answer_holds_nobody_longer(machine: Machine, slow: bool) -> None:
    async def catch_up(revision: int) -> int:
        if slow:
            await asyncio.sleep(3600)
        raise Unreachable("gone")

    machine.revisions.ask(catch_up)
    assert (await refusal(machine, call_with("8"))).reason == "POLICY_REVISION_BEHIND"


async def test_where_no_policies_are_kept_none_are_waited_for(tmp_path: Path) -> None:
    assert await run(Machine(tmp_path, keeps=False).step, call_with("8"))


async def test_a_public_method_asks_for_none_and_a_stranger_waits_for_none(machine: Machine) -> None:
    headers = {"x-policy-revision": "8"}
    assert await run(machine.step, new_call("Empty", testing_pb2.EmptyRequest(), headers=headers))
    stranger = call_with("8")
    stranger.principal = None
    assert await run(machine.step, stranger)
    assert stranger.anonymous
    stranger = replace(call_with("8"), method=replace(ALL[PATH], anonymous=False), principal=None)
    assert (await refusal(machine, stranger)).code.name == "UNAUTHENTICATED"
