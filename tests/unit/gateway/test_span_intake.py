"""Spans that clients hand in by OTLP."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2
from opentelemetry.proto.trace.v1 import trace_pb2

from portico_server.gateway.span_intake import MAX_ATTRIBUTES, MAX_SPANS, MAX_TEXT, SpanIntake
from portico_server.platform.call import current
from portico_server.platform.settings import Settings
from portico_server.platform.telemetry import Telemetry, lookup, open_telemetry
from tests.unit.gateway.fakes import ADMIN, new_call

TRACE_ID, SPAN_ID, PARENT_ID = bytes(range(1, 17)), bytes(range(1, 9)), bytes(range(2, 10))


@pytest.fixture
async def telemetry(tmp_path: Path) -> AsyncIterator[Telemetry]:
    current.set(new_call("/opentelemetry.proto.collector.trace.v1.TraceService/Export", principal=ADMIN))
    async with open_telemetry(Settings(data=tmp_path)) as opened:
        yield opened


def span(**fields: Any) -> trace_pb2.Span:
    good = {
        "trace_id": TRACE_ID,
        "span_id": SPAN_ID,
        "parent_span_id": PARENT_ID,
        "name": "portico objects cp",
        "start_time_unix_nano": 1_000_000_000,
        "end_time_unix_nano": 1_500_000_000,
    }
    return trace_pb2.Span(**{**good, **fields})


def request(*spans: trace_pb2.Span, scope: str = "cli") -> trace_service_pb2.ExportTraceServiceRequest:
    return trace_service_pb2.ExportTraceServiceRequest(
        resource_spans=[{"scope_spans": [{"scope": {"name": scope}, "spans": spans}]}]
    )


async def kept(telemetry: Telemetry, account: str = "default") -> list[dict[str, Any]]:
    await telemetry.files.flush()
    return lookup.find_trace(telemetry.files.folder, account, TRACE_ID.hex()).spans


async def test_a_clients_span_joins_its_trace_marked_with_who_handed_it_in(telemetry: Telemetry) -> None:
    attributes = [{"key": "size", "value": {"int_value": 7}}, {"key": "file", "value": {"string_value": "photo.jpg"}}]
    sent = span(attributes=attributes)

    response = await SpanIntake(telemetry).Export(request(sent), None)

    assert not response.HasField("partial_success")
    (record,) = await kept(telemetry)
    assert record == {
        "start": 1_000_000_000,
        "account": "default",
        "trace_id": TRACE_ID.hex(),
        "span_id": SPAN_ID.hex(),
        "parent_span_id": PARENT_ID.hex(),
        "name": "portico objects cp",
        "scope": "cli",
        "duration": 500_000_000,
        "code": 0,
        "attributes": {"size": 7, "file": "photo.jpg", "portico.reported_by": ADMIN.name},
    }


async def test_it_belongs_to_the_callers_account_alone(telemetry: Telemetry) -> None:
    await SpanIntake(telemetry).Export(request(span()), None)

    assert await kept(telemetry, "other") == []


@pytest.mark.parametrize(
    "fields",
    [
        {"trace_id": b""},
        {"trace_id": bytes(16)},
        {"trace_id": b"short"},
        {"span_id": bytes(8)},
        {"span_id": b"nine bytes"},
        {"parent_span_id": b"x"},
        {"start_time_unix_nano": 0},
        {"end_time_unix_nano": 1},
        {"end_time_unix_nano": 2**64 - 1},
    ],
)
async def test_a_malformed_span_is_refused_and_the_others_are_kept(
    telemetry: Telemetry, fields: dict[str, Any]
) -> None:
    response = await SpanIntake(telemetry).Export(request(span(**fields), span()), None)

    assert response.partial_success.rejected_spans == 1
    assert len(await kept(telemetry)) == 1


async def test_spans_beyond_the_bound_are_refused(telemetry: Telemetry) -> None:
    response = await SpanIntake(telemetry).Export(request(*[span()] * (MAX_SPANS + 5)), None)

    assert response.partial_success.rejected_spans == 5
    assert len(await kept(telemetry)) == MAX_SPANS


async def test_others_get_their_turn_while_many_are_taken_in(telemetry: Telemetry) -> None:
    turns = 0

    async def take_turns() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    others = asyncio.create_task(take_turns())
    await SpanIntake(telemetry).Export(request(*[span()] * MAX_SPANS), None)
    others.cancel()

    assert turns >= MAX_SPANS / 50


async def test_names_and_attributes_are_bounded(telemetry: Telemetry) -> None:
    attributes = [{"key": f"k{number}" * 500, "value": {"string_value": "v" * 5000}} for number in range(100)]

    await SpanIntake(telemetry).Export(request(span(name="n" * 5000, attributes=attributes), scope="s" * 5000), None)

    (record,) = await kept(telemetry)
    assert len(json.dumps(record)) < (MAX_ATTRIBUTES + 2) * 2 * (MAX_TEXT + 10)


async def test_a_client_cannot_write_a_line_of_its_own(telemetry: Telemetry) -> None:
    forged = '"}\n{"end":1,"account":"default","trace_id":"' + TRACE_ID.hex() + '"}\n'
    attributes = [{"key": forged, "value": {"string_value": forged}}]

    await SpanIntake(telemetry).Export(request(span(name=forged, attributes=attributes), scope=forged), None)

    (record,) = await kept(telemetry)
    assert (record["name"], record["scope"]) == (forged, forged)
