"""The composition of steps, and the house's order."""

from __future__ import annotations

from pathlib import Path

import pytest
from portico.testing.v1 import testing_pb2

from portico_server.gateway.errors import error_mapper
from portico_server.gateway.pipeline import Parts, compose, standard
from portico_server.platform.authorization import Filter, Principal
from portico_server.platform.call import Call, Handler, Step, current
from portico_server.platform.errors import ApiError
from portico_server.platform.settings import Settings
from portico_server.platform.telemetry import open_telemetry
from tests.unit.gateway.fakes import ADMIN, METHODS, FakeAuthorizer, Handled, new_call


def naming(name: str, seen: list[str]) -> Step:
    async def step(call: Call, proceed: Handler) -> None:
        seen.append(f"{name} in")
        await proceed(call)
        seen.append(f"{name} out")

    return step


async def test_the_first_step_is_the_outermost() -> None:
    seen: list[str] = []
    composed = compose([naming("a", seen), naming("b", seen), naming("c", seen)])
    handled = Handled()

    await composed(new_call(), handled)

    assert seen == ["a in", "b in", "c in", "c out", "b out", "a out"]
    assert len(handled.calls) == 1


async def test_steps_are_composed_once_and_serve_calls_with_handlers_of_their_own() -> None:
    composed = compose([naming("a", []), naming("b", [])])
    first, second = Handled(), Handled()
    calls = new_call(), new_call()

    await composed(calls[0], first)
    await composed(calls[1], second)

    assert (first.calls, second.calls) == ([calls[0]], [calls[1]])


async def test_what_the_handler_raises_passes_every_step() -> None:
    composed = compose([naming("a", []), naming("b", [])])

    with pytest.raises(KeyError):
        await composed(new_call(), Handled(KeyError()))


class Everything:
    """An authorizer that allows all."""

    def allows(self, principal: Principal, permission: str, resource: str) -> bool:
        return True

    def filter(self, principal: Principal, permission: str, parent: str) -> Filter:
        return Filter(everything=True)


async def test_a_call_passes_the_whole_standard_pipeline_and_leaves_its_timings(tmp_path: Path) -> None:
    async with open_telemetry(Settings(data=tmp_path)) as telemetry:
        pipeline = standard(
            Parts(METHODS, error_mapper([]), Everything(), lambda uri: ADMIN, lambda uri: "default", telemetry, 0.0)
        )
        headers = {"x-forwarded-client-cert": f"Hash={'a' * 64};URI=spiffe://portico.local/default/admin"}
        call = new_call("Unary", testing_pb2.UnaryRequest(name="accounts/default/tests/t"), headers=headers)
        current.set(call)

        await pipeline(call, Handled())

    assert [step for step, _, _ in call.steps] == ["queued", "identity", "authorize", "validate"]
    assert call.principal == ADMIN
    assert call.resource == "accounts/default/tests/t"
    assert call.response_headers == [("x-ray-id", call.ray_id)]


async def test_who_may_not_call_learns_nothing_from_the_rules(tmp_path: Path) -> None:
    async with open_telemetry(Settings(data=tmp_path)) as telemetry:
        pipeline = standard(
            Parts(METHODS, error_mapper([]), FakeAuthorizer(), lambda uri: ADMIN, lambda uri: "", telemetry, 0.0)
        )
        headers = {"x-forwarded-client-cert": f"Hash={'a' * 64};URI=spiffe://portico.local/default/admin"}
        message = testing_pb2.UnaryRequest(name="accounts/default/tests/t", text="x" * 2000)
        call = new_call("Unary", message, headers=headers)

        with pytest.raises(ApiError) as refused:
            await pipeline(call, Handled())

    assert refused.value.reason == "PERMISSION_DENIED"
    assert not refused.value.violations
