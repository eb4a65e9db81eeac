"""Spans and step timings of a call."""

from __future__ import annotations

import asyncio
import contextvars
import time
from collections.abc import AsyncIterator

import pytest

from portico_server.platform.call import Call, Trace, current
from portico_server.platform.telemetry import span
from portico_server.platform.telemetry.records import record_of
from portico_server.platform.telemetry.spans import MAX_SPANS, MAX_STEPS, Span
from tests.unit.gateway.fakes import new_call

TRACE_ID, SERVER_SPAN_ID = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


def serving(*, sampled: bool) -> Call:
    call = new_call()
    call.ray_id = "r" * 32
    call.trace = Trace(TRACE_ID, SERVER_SPAN_ID, "", sampled)
    current.set(call)
    return call


def test_a_sampled_call_gets_a_span_below_the_gateways() -> None:
    call = serving(sampled=True)

    with span("objects.store.put", rows=2, key="a"):
        pass

    (recorded,) = call.spans
    assert isinstance(recorded, Span)
    assert (recorded.name, recorded.scope, recorded.parent_span_id) == ("objects.store.put", "objects", SERVER_SPAN_ID)
    assert recorded.attributes == {"rows": 2, "key": "a"}
    assert not call.steps


def test_a_span_within_a_span_is_its_child_and_the_next_one_its_sibling() -> None:
    call = serving(sampled=True)

    with span("a.outer"):
        with span("a.first"):
            pass
        with span("a.second"):
            pass
    with span("a.after"):
        pass

    spans = {recorded.name: recorded for recorded in call.spans}
    outer = spans["a.outer"].span_id
    assert [spans[name].parent_span_id for name in ("a.first", "a.second")] == [outer, outer]
    assert spans["a.after"].parent_span_id == SERVER_SPAN_ID
    assert len({recorded.span_id for recorded in call.spans}) == 4


async def test_tasks_side_by_side_each_have_their_own_parents() -> None:
    call = serving(sampled=True)

    async def work(name: str) -> None:
        with span(f"{name}.outer"):
            await asyncio.sleep(0)
            with span(f"{name}.inner"):
                await asyncio.sleep(0)

    await asyncio.gather(work("a"), work("b"))

    spans = {recorded.name: recorded for recorded in call.spans}
    for name in ("a", "b"):
        assert spans[f"{name}.inner"].parent_span_id == spans[f"{name}.outer"].span_id


def test_a_call_that_is_not_sampled_gets_no_span_but_its_step_timing() -> None:
    call = serving(sampled=False)

    with span("objects.store.put", step="store"):
        time.sleep(0.002)

    assert not call.spans
    ((step, start, duration),) = call.steps
    assert step == "store"
    assert start >= call.arrival_ns
    assert duration >= 2_000_000


def test_what_raises_inside_is_told_and_passes() -> None:
    call = serving(sampled=True)

    with pytest.raises(KeyError), span("objects.store.put", step="store"):
        raise KeyError("x")

    (recorded,) = call.spans
    assert recorded.is_error
    assert recorded.attributes["error.type"] == "KeyError"
    assert [name for name, _, _ in call.steps] == ["store"]


def test_outside_of_a_call_nothing_happens() -> None:
    def background() -> None:
        with span("objects.collector", step="store"):
            pass

    contextvars.Context().run(background)


def test_a_span_of_another_call_is_no_parent() -> None:
    outer = serving(sampled=True)
    with span("a.outer"):
        inner = serving(sampled=True)
        inner.trace.span_id = "1" * 16
        with span("b.inner"):
            pass

    assert inner.spans[0].parent_span_id == "1" * 16
    assert [recorded.name for recorded in outer.spans] == ["a.outer"]


async def test_a_generator_may_be_closed_in_another_context() -> None:
    call = serving(sampled=True)

    async def stream() -> AsyncIterator[int]:
        with span("a.stream"):
            yield 1

    generator = stream()
    await asyncio.create_task(anext(generator))  # type: ignore[arg-type]
    await asyncio.create_task(generator.aclose())  # type: ignore[attr-defined]

    assert [recorded.name for recorded in call.spans] == ["a.stream"]


def test_an_endless_stream_cannot_fill_the_memory_with_spans() -> None:
    call = serving(sampled=True)

    for _ in range(MAX_SPANS + 100):
        with span("a.chunk", step="store"):
            pass

    assert len(call.spans) == MAX_SPANS
    assert len(call.steps) == MAX_STEPS


def test_a_record_tells_the_time_of_day_and_the_ray() -> None:
    call = serving(sampled=True)
    with span("a.b", rows=1):
        pass

    record = record_of(call.spans[0])

    assert abs(record.start_ns - time.time_ns()) < 10_000_000_000
    assert record.start_ns >= call.arrival_time_ns
    assert record.attributes == {"portico.ray_id": "r" * 32, "rows": 1}
