"""The trace step."""

from __future__ import annotations

import pytest

from portico_server.gateway.trace import parse_traceparent, server_span, trace
from portico_server.platform.call import Call, Step
from tests.unit.gateway.fakes import ADMIN, new_call, run

TRACE_ID, SPAN_ID = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
RAY_ID = "0193584e3b7f" + "a1" * 10


def step(sample_ratio: float = 0.0, chance: float = 0.5) -> Step:
    return trace(sample_ratio, chance=lambda: chance)


def call_with(traceparent: str | None = None) -> Call:
    call = new_call(headers={"traceparent": traceparent} if traceparent else {})
    call.ray_id = RAY_ID
    return call


async def test_a_callers_trace_is_continued() -> None:
    call = call_with(f"00-{TRACE_ID}-{SPAN_ID}-00")

    assert await run(step(), call)

    assert (call.trace.trace_id, call.trace.parent_span_id) == (TRACE_ID, SPAN_ID)
    assert not call.trace.sampled


async def test_without_one_the_ray_id_is_the_trace_id() -> None:
    call = call_with()

    await run(step(), call)

    assert (call.trace.trace_id, call.trace.parent_span_id) == (RAY_ID, "")
    assert call.trace.span_id == RAY_ID[16:]


@pytest.mark.parametrize(
    "header",
    [
        "",
        "garbage",
        f"00-{TRACE_ID}-{SPAN_ID}",
        f"00-{TRACE_ID}-{SPAN_ID}-01-more",
        f"ff-{TRACE_ID}-{SPAN_ID}-01",
        f"00-{TRACE_ID.upper()}-{SPAN_ID}-01",
        f"00-{'0' * 32}-{SPAN_ID}-01",
        f"00-{TRACE_ID}-{'0' * 16}-01",
        f"00-{TRACE_ID[:-1]}-{SPAN_ID}-01",
        f"00-{TRACE_ID}-{SPAN_ID}-1",
        f"00-{TRACE_ID}-{SPAN_ID}-0g",
        f" 00-{TRACE_ID}-{SPAN_ID}-01",
        f"00-{TRACE_ID}-{SPAN_ID}-01\n",
        '00-","x":"' + "a" * 40,
    ],
)
async def test_a_malformed_traceparent_is_ignored(header: str) -> None:
    call = call_with(header)

    await run(step(), call)

    assert call.trace.trace_id == RAY_ID


def test_a_later_version_may_say_more() -> None:
    parent = parse_traceparent(f"01-{TRACE_ID}-{SPAN_ID}-03-what-comes-later".encode())

    assert parent == (TRACE_ID, SPAN_ID, True)


@pytest.mark.parametrize(("chance", "sampled"), [(0.0, True), (0.0099, True), (0.01, False), (0.99, False)])
async def test_the_sample_ratio_decides_where_the_caller_does_not_ask(chance: float, sampled: bool) -> None:
    for call in (call_with(), call_with(f"00-{TRACE_ID}-{SPAN_ID}-00")):
        await run(step(0.01, chance), call)
        assert call.trace.sampled is sampled


async def test_a_ratio_of_nothing_samples_nothing() -> None:
    call = call_with()

    await run(step(0.0, chance=0.0), call)

    assert not call.trace.sampled
    assert not call.spans


async def test_where_all_are_recorded_the_rest_is_recorded_tentatively() -> None:
    for chance, sampled in ((0.0, True), (0.5, False)):
        call = call_with()

        await run(trace(0.01, record_all=True, chance=lambda chance=chance: chance), call)

        assert (call.trace.sampled, call.trace.tentative) == (sampled, not sampled)


async def test_the_gateways_span_is_the_parent_of_all_that_happens_in_the_call() -> None:
    call = call_with(f"00-{TRACE_ID}-{SPAN_ID}-01")
    call.principal = ADMIN
    call.resource = "accounts/default/tests/t"
    await run(step(), call)

    span = server_span(call, 0, "", 1000)

    assert (span.scope, span.name) == ("gateway", "portico.testing.v1.TestingService/Unary")
    assert (span.span_id, span.parent_span_id) == (call.trace.span_id, SPAN_ID)
    assert span.start_ns == call.arrival_ns
    assert span.duration_ns == 1000
    assert span.attributes == {
        "rpc.system.name": "grpc",
        "rpc.method": "portico.testing.v1.TestingService/Unary",
        "rpc.response.status_code": "OK",
        "enduser.id": ADMIN.name,
        "portico.resource": "accounts/default/tests/t",
    }


@pytest.mark.parametrize(
    ("code", "reason", "name", "kind", "is_fault"),
    [
        (5, "OBJECT_NOT_FOUND", "NOT_FOUND", "OBJECT_NOT_FOUND", False),
        (14, "STOPPING", "UNAVAILABLE", "STOPPING", True),
        (13, "", "INTERNAL", "INTERNAL", True),
    ],
)
def test_the_span_tells_how_the_call_failed(code: int, reason: str, name: str, kind: str, is_fault: bool) -> None:
    span = server_span(call_with(), code, reason, 1000)

    assert span.attributes["rpc.response.status_code"] == name
    assert span.attributes["error.type"] == kind
    assert span.is_error is is_fault


async def test_other_libraries_find_the_span_as_their_parent() -> None:
    from opentelemetry import trace as api

    seen = []

    async def look(call: Call) -> None:
        seen.append(api.get_current_span().get_span_context())

    call = call_with(f"00-{TRACE_ID}-{SPAN_ID}-01")
    await trace(0.0, parent_other_libraries=True)(call, look)

    assert f"{seen[0].trace_id:032x}" == TRACE_ID
    assert f"{seen[0].span_id:016x}" == call.trace.span_id
    assert not api.get_current_span().get_span_context().is_valid
