"""The event step, and how outcomes are counted."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import weakref
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import grpc
import pytest
from structlog.testing import capture_logs

from portico_server.gateway.errors import error_mapper
from portico_server.gateway.event import UNKNOWN_METHOD, event
from portico_server.gateway.outcome import outcome_of
from portico_server.platform.call import Call, Peer, Step, Trace
from portico_server.platform.errors import ApiError, DomainError
from portico_server.platform.methods import Method
from portico_server.platform.settings import Settings
from portico_server.platform.telemetry import Span, Telemetry, open_telemetry
from tests.unit.gateway.fakes import ADMIN, METHODS, FakeContext, new_call, run

RAY_ID = "0193584e3b7f" + "a1" * 10


class Gone(DomainError):
    """A product's error."""


@pytest.fixture
async def telemetry(tmp_path: Path) -> AsyncIterator[Telemetry]:
    async with open_telemetry(Settings(data=tmp_path)) as opened:
        yield opened


def step_of(telemetry: Telemetry) -> Step:
    return event(telemetry, error_mapper([]), lambda uri: "from-certificate" if uri else "", METHODS)


def arrived(method: str | Method = "Unary", **more: Any) -> Call:
    call = new_call(method, **more)
    call.ray_id, call.trace = RAY_ID, Trace(RAY_ID, RAY_ID[16:])
    return call


async def written(telemetry: Telemetry) -> list[dict[str, Any]]:
    await telemetry.files.flush()
    return [json.loads(line) for path in telemetry.files.folder.iterdir() for line in path.read_text().splitlines()]


async def test_a_call_leaves_one_event_with_all_that_is_known_of_it(telemetry: Telemetry) -> None:
    call = arrived(principal=ADMIN)
    call.resource, call.received_bytes, call.sent_bytes = "accounts/default/tests/t", 12, 34

    assert await run(step_of(telemetry), call)

    (record,) = await written(telemetry)
    steps = record.pop("steps")
    assert [name for name, _, _ in steps] == ["queued"]
    assert record.pop("end") - record.pop("arrival") == record.pop("duration")
    assert record == {
        "ray_id": RAY_ID,
        "trace_id": RAY_ID,
        "account": "default",
        "code": 0,
        "reason": "",
        "method": "/portico.testing.v1.TestingService/Unary",
        "principal": ADMIN.name,
        "resource": "accounts/default/tests/t",
        "received": 12,
        "sent": 34,
    }


async def test_a_failed_call_leaves_code_and_reason_and_fails_all_the_same(telemetry: Telemetry) -> None:
    error = ApiError(grpc.StatusCode.NOT_FOUND, "OBJECT_NOT_FOUND", "no")

    with pytest.raises(ApiError) as raised:
        await run(step_of(telemetry), arrived(principal=ADMIN), error)

    assert raised.value is error
    (record,) = await written(telemetry)
    assert (record["code"], record["reason"]) == (5, "OBJECT_NOT_FOUND")


async def test_a_call_of_somebody_unknown_belongs_to_the_certificates_account(telemetry: Telemetry) -> None:
    call = arrived()
    call.peer = Peer(uri="spiffe://portico.local/default/admin")

    await run(step_of(telemetry), call)

    (record,) = await written(telemetry)
    assert (record["account"], record["principal"]) == ("from-certificate", "")


async def test_what_a_client_wrote_cannot_forge_an_event(telemetry: Telemetry) -> None:
    method = Method('/x"},"account":"victim","y":{"/\n{"end":1', False, False)
    call = arrived(method, principal=ADMIN)
    call.resource = 'accounts/default/buckets/b/objects/","account":"victim\n{"end":'

    await run(step_of(telemetry), call)

    (record,) = await written(telemetry)
    assert record["account"] == "default"
    assert (record["method"], record["resource"]) == (method.path, call.resource)


async def test_methods_that_nobody_serves_are_counted_as_one(telemetry: Telemetry) -> None:
    for number in range(3):
        await run(step_of(telemetry), arrived(Method(f"/unknown.Service/{number}", False, False)))

    assert f'portico_calls_total{{method="{UNKNOWN_METHOD}",code="OK"}} 3' in telemetry.metrics.render()
    assert "unknown.Service" not in telemetry.metrics.render()


@pytest.mark.parametrize(
    ("context", "error", "code", "reason"),
    [
        (FakeContext(), None, "OK", ""),
        (FakeContext(status=grpc.StatusCode.OK), None, "OK", ""),
        (FakeContext(status=grpc.StatusCode.NOT_FOUND), None, "NOT_FOUND", ""),
        (FakeContext(status=5), None, "NOT_FOUND", ""),
        (FakeContext(status=grpc.StatusCode.ABORTED), grpc.aio.AbortError(), "ABORTED", ""),
        (FakeContext(), grpc.aio.AbortError(), "UNKNOWN", ""),
        (FakeContext(), asyncio.CancelledError(), "CANCELLED", "CANCELLED"),
        (FakeContext(remaining_seconds=3.0), asyncio.CancelledError(), "CANCELLED", "CANCELLED"),
        (FakeContext(remaining_seconds=0.0), asyncio.CancelledError(), "DEADLINE_EXCEEDED", "DEADLINE_EXCEEDED"),
        (FakeContext(), RuntimeError("boom"), "INTERNAL", "INTERNAL"),
    ],
)
def test_the_outcome_of_a_call(context: FakeContext, error: BaseException | None, code: str, reason: str) -> None:
    outcome = outcome_of(new_call(context=context), error, error_mapper([]))

    assert outcome == (grpc.StatusCode[code].value[0], reason)


@pytest.mark.parametrize(
    ("trace", "code", "seconds", "kept"),
    [
        (Trace(RAY_ID, RAY_ID[16:], sampled=True), 0, 0.0, True),
        (Trace(RAY_ID, RAY_ID[16:], tentative=True), 0, 0.0, False),
        (Trace(RAY_ID, RAY_ID[16:], tentative=True), 5, 0.0, False),
        (Trace(RAY_ID, RAY_ID[16:], tentative=True), 13, 0.0, True),
        (Trace(RAY_ID, RAY_ID[16:], tentative=True), 0, 1.5, True),
    ],
    ids=["sampled", "fine", "the caller's fault", "the server's fault", "slow"],
)
async def test_tentative_spans_are_kept_of_calls_that_fail_or_are_slow(
    telemetry: Telemetry, trace: Trace, code: int, seconds: float, kept: bool
) -> None:
    call = arrived(context=FakeContext(status=code))
    call.trace = trace
    call.arrival_ns -= int(seconds * 1e9)
    call.spans.append(Span(call, "testing.work", "testing", "a" * 16, trace.span_id, call.arrival_ns))

    await run(step_of(telemetry), call)

    names = [record["name"] for record in await written(telemetry) if "name" in record]
    assert names == (["testing.work", call.method.path[1:]] if kept else [])


async def test_what_nobody_foresaw_ends_as_an_error_that_says_nothing_of_the_inside(telemetry: Telemetry) -> None:
    with pytest.raises(ApiError) as raised:
        await run(step_of(telemetry), arrived(principal=ADMIN), RuntimeError("password=hunter2"))

    assert raised.value.reason == "INTERNAL"
    assert raised.value.__cause__ is None
    assert raised.value.__suppress_context__
    (record,) = await written(telemetry)
    assert (record["code"], record["reason"]) == (13, "INTERNAL")


@pytest.mark.parametrize("error", [None, ApiError(grpc.StatusCode.NOT_FOUND, "OBJECT_NOT_FOUND", "no")])
async def test_a_call_that_cannot_be_recorded_ends_as_it_did_and_the_log_says_so(
    telemetry: Telemetry, monkeypatch: pytest.MonkeyPatch, error: ApiError | None
) -> None:
    def break_down(*arguments: Any) -> None:
        raise RuntimeError("it cannot be written")

    monkeypatch.setattr(telemetry, "finished", break_down)
    with capture_logs() as logs, pytest.raises(ApiError) if error else contextlib.nullcontext() as raised:
        assert await run(step_of(telemetry), arrived(principal=ADMIN), error)

    assert raised is None or raised.value is error
    assert [(line["event"], line["ray_id"]) for line in logs] == [("call_not_recorded", RAY_ID)]


@pytest.mark.parametrize(
    "make_error",
    [lambda: ApiError(grpc.StatusCode.NOT_FOUND, "GONE", "it is gone"), lambda: Gone("gone"), asyncio.CancelledError],
    ids=["the house's own", "a product's", "cancelled"],
)
async def test_a_call_that_fails_leaves_nothing_for_the_garbage_collector(
    telemetry: Telemetry, make_error: Callable[[], BaseException]
) -> None:
    class Held:
        """What a servicer has at hand when it fails."""

    held: list[weakref.ref[Held]] = []

    async def fail(call: Call) -> None:
        large = Held()
        held.append(weakref.ref(large))
        raise make_error()

    step = event(telemetry, error_mapper([{Gone: (grpc.StatusCode.NOT_FOUND, "GONE")}]), lambda uri: "", METHODS)
    gc.disable()
    try:
        with contextlib.suppress(ApiError, asyncio.CancelledError):
            await step(arrived(), fail)
        assert held[0]() is None
    finally:
        gc.enable()


async def test_a_call_whose_spans_are_kept_leaves_nothing_for_it_either(telemetry: Telemetry) -> None:
    class Message:
        """A call's first."""

    call = arrived()
    call.trace = Trace(RAY_ID, RAY_ID[16:], sampled=True)
    call.message = Message()
    message = weakref.ref(call.message)

    gc.disable()
    try:
        assert await run(step_of(telemetry), call)
        del call
        assert message() is None
    finally:
        gc.enable()
    assert [record["name"] for record in await written(telemetry) if "name" in record]
