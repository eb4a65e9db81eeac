"""The TelemetryService, on the files that calls leave."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import grpc
import pytest

from portico.gateway.v1 import telemetry_pb2
from portico_server.gateway.errors import error_mapper
from portico_server.gateway.event import event
from portico_server.gateway.pipeline import compose
from portico_server.gateway.ray import ray
from portico_server.gateway.telemetry_service import TelemetryService
from portico_server.gateway.trace import trace
from portico_server.platform.authorization import Principal
from portico_server.platform.call import Call, Step, current
from portico_server.platform.errors import ApiError
from portico_server.platform.paging import PageTokens
from portico_server.platform.settings import Settings
from portico_server.platform.telemetry import Telemetry, open_telemetry, span
from tests.unit.gateway.fakes import ADMIN, METHODS, new_call

TRACE_ID, SPAN_ID = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
NOT_FOUND = ApiError(grpc.StatusCode.NOT_FOUND, "OBJECT_NOT_FOUND", "no")


@pytest.fixture
async def telemetry(tmp_path: Path) -> AsyncIterator[Telemetry]:
    async with open_telemetry(Settings(data=tmp_path)) as opened:
        yield opened


@pytest.fixture
def service(telemetry: Telemetry) -> TelemetryService:
    current.set(new_call(principal=ADMIN))
    return TelemetryService(telemetry, PageTokens(bytes(32)))


def pipeline(telemetry: Telemetry) -> Step:
    errors = error_mapper([])
    return compose([event(telemetry, errors, lambda uri: "", METHODS), ray(), trace(0.0)])


async def served(
    telemetry: Telemetry,
    *,
    traceparent: str = "",
    principal: Principal = ADMIN,
    method: str = "Unary",
    raises: Exception | None = None,
) -> Call:
    """A call that was served and is over."""
    call = new_call(method, headers={"traceparent": traceparent} if traceparent else {}, principal=principal)

    async def handler(call: Call) -> None:
        with span("testing.store.read", step="store", rows=3):
            if raises is not None:
                raise raises

    current.set(call)
    with contextlib.suppress(ApiError):
        await pipeline(telemetry)(call, handler)
    current.set(new_call(principal=ADMIN))
    return call


async def get(service: TelemetryService, wanted: str, account: str = "default") -> telemetry_pb2.GetTraceResponse:
    return await service.GetTrace(telemetry_pb2.GetTraceRequest(name=f"accounts/{account}/traces/{wanted}"), None)


async def test_a_call_is_found_by_its_ray_id_the_moment_it_is_over(
    telemetry: Telemetry, service: TelemetryService
) -> None:
    await served(telemetry)
    call = await served(telemetry)

    (event,) = (await get(service, call.ray_id)).request_events

    assert (event.ray_id, event.trace_id) == (call.ray_id, call.ray_id)
    assert (event.method, event.principal, event.code) == (call.method.path, ADMIN.name, 0)
    assert event.arrival_time.ToNanoseconds() == call.arrival_time_ns
    assert [timing.step for timing in event.steps] == ["queued", "store"]
    assert event.duration_nanos >= sum(timing.duration_nanos for timing in event.steps)


async def test_a_sampled_call_shows_its_spans_with_their_parents(
    telemetry: Telemetry, service: TelemetryService
) -> None:
    call = await served(telemetry, traceparent=f"00-{TRACE_ID}-{SPAN_ID}-01")

    for wanted in (TRACE_ID, call.ray_id):
        gateway, store = (await get(service, wanted)).spans
        assert (gateway.scope, gateway.parent_span_id, gateway.trace_id) == ("gateway", SPAN_ID, TRACE_ID)
        assert (store.scope, store.name) == ("testing", "testing.store.read")
        assert store.parent_span_id == gateway.span_id
        assert store.attributes["rows"] == "3"
        assert store.attributes["portico.ray_id"] == call.ray_id
        assert gateway.start_time.ToNanoseconds() <= store.start_time.ToNanoseconds()


async def test_all_calls_of_a_trace_are_found_by_any_of_their_ids(
    telemetry: Telemetry, service: TelemetryService
) -> None:
    calls = [await served(telemetry, traceparent=f"00-{TRACE_ID}-{SPAN_ID}-00") for _ in range(3)]
    await served(telemetry)

    for wanted in (TRACE_ID, *(call.ray_id for call in calls)):
        events = (await get(service, wanted)).request_events
        assert [event.ray_id for event in events] == [call.ray_id for call in calls]


async def test_what_is_of_another_account_is_not_found(telemetry: Telemetry, service: TelemetryService) -> None:
    other = Principal("accounts/other/principals/x", "other")
    call = await served(telemetry, principal=other)

    with pytest.raises(ApiError) as refused:
        await get(service, call.ray_id)

    assert (refused.value.code.name, refused.value.reason) == ("NOT_FOUND", "TRACE_NOT_FOUND")
    assert len((await get(service, call.ray_id, "other")).request_events) == 1


async def test_a_trace_that_two_accounts_share_shows_each_its_own(
    telemetry: Telemetry, service: TelemetryService
) -> None:
    other = Principal("accounts/other/principals/x", "other")
    for principal in (ADMIN, other):
        await served(telemetry, principal=principal, traceparent=f"00-{TRACE_ID}-{SPAN_ID}-01")

    (event,) = (await get(service, TRACE_ID)).request_events

    assert event.principal == ADMIN.name
    assert len((await get(service, TRACE_ID)).spans) == 2


async def listed(service: TelemetryService, **fields: object) -> telemetry_pb2.ListRequestEventsResponse:
    request = telemetry_pb2.ListRequestEventsRequest(parent="accounts/default", **fields)  # type: ignore[arg-type]
    return await service.ListRequestEvents(request, None)


async def test_events_are_listed_the_newest_first_page_by_page(telemetry: Telemetry, service: TelemetryService) -> None:
    rays = [(await served(telemetry)).ray_id for _ in range(7)]

    seen: list[str] = []
    token, pages = "", 0
    while pages == 0 or token:
        response = await listed(service, page_size=3, page_token=token)
        seen += [event.ray_id for event in response.request_events]
        token, pages = response.next_page_token, pages + 1

    assert seen == rays[::-1]
    assert pages == 3


async def test_lists_can_be_narrowed_to_failures_and_methods(telemetry: Telemetry, service: TelemetryService) -> None:
    await served(telemetry)
    failed = await served(telemetry, raises=NOT_FOUND)
    empty = await served(telemetry, method="Empty")

    (event,) = (await listed(service, failed_only=True)).request_events
    assert (event.ray_id, event.code, event.reason) == (failed.ray_id, 5, "OBJECT_NOT_FOUND")
    (event,) = (await listed(service, method=empty.method.path)).request_events
    assert event.ray_id == empty.ray_id
    assert not (await listed(service, method='"')).request_events


async def test_lists_show_the_accounts_own_events_only(telemetry: Telemetry, service: TelemetryService) -> None:
    await served(telemetry, principal=Principal("accounts/other/principals/x", "other"))

    assert not (await listed(service)).request_events


async def test_a_page_token_of_another_list_is_refused(telemetry: Telemetry, service: TelemetryService) -> None:
    for _ in range(3):
        await served(telemetry)
    token = (await listed(service, page_size=1)).next_page_token

    with pytest.raises(ApiError) as refused:
        await listed(service, page_size=1, page_token=token, failed_only=True)

    assert refused.value.reason == "INVALID_PAGE_TOKEN"


async def test_others_get_their_turn_while_a_long_trace_is_told(
    telemetry: Telemetry, service: TelemetryService, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(200):
        await served(telemetry, traceparent=f"00-{TRACE_ID}-{SPAN_ID}-01")
    turns = 0
    others: list[asyncio.Task[None]] = []

    async def take_turns() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async def without_a_thread(find: Callable[..., Any], *arguments: Any) -> Any:
        found = find(*arguments)
        others.append(asyncio.create_task(take_turns()))  # so that only what is done from here on is counted
        return found

    monkeypatch.setattr(asyncio, "to_thread", without_a_thread)
    found = await get(service, TRACE_ID)
    others[0].cancel()

    assert len(found.request_events) == 200
    assert turns >= 20
