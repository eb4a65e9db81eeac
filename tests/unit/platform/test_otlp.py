"""Export of spans by OTLP."""

from __future__ import annotations

import asyncio
import socket
import weakref
from collections.abc import AsyncIterator, Sequence
from typing import Any

import grpc
import pytest
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2, trace_service_pb2_grpc
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.trace import SpanKind, StatusCode

from portico_server.platform.call import Call, Trace, current
from portico_server.platform.telemetry import span
from portico_server.platform.telemetry.otlp import MAX_WAITING, OtlpExport, is_configured
from portico_server.platform.telemetry.spans import Span
from tests.unit.gateway.fakes import new_call

TRACE_ID, SERVER_SPAN_ID, CLIENT_SPAN_ID = "4bf92f3577b34da6a3ce929d0e0e4736", "1" * 16, "2" * 16


class Collected(SpanExporter):
    """An exporter that keeps what it was given, or refuses it."""

    def __init__(self, result: SpanExportResult = SpanExportResult.SUCCESS) -> None:
        self.spans: list[ReadableSpan] = []
        self.result = result

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        self.spans += spans
        return self.result


def finished_call() -> Call:
    call = new_call()
    call.ray_id = "r" * 32
    call.trace = Trace(TRACE_ID, SERVER_SPAN_ID, CLIENT_SPAN_ID, sampled=True)
    current.set(call)
    with pytest.raises(KeyError), span("objects.store.put", rows=2):
        raise KeyError
    server = Span(
        call, "portico.testing.v1.TestingService/Unary", "gateway", SERVER_SPAN_ID, CLIENT_SPAN_ID, call.arrival_ns
    )
    server.duration_ns = 5_000_000
    call.spans.append(server)
    return call


@pytest.mark.parametrize(
    ("environ", "configured"),
    [
        ({}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://localhost:4317"}, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://localhost:4317"}, True),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "x", "OTEL_SDK_DISABLED": "true"}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "x", "OTEL_TRACES_EXPORTER": "none"}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "x", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, True),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "x", "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"}, False),
    ],
)
def test_it_is_set_up_by_the_standard_variables(environ: dict[str, str], configured: bool) -> None:
    assert is_configured(environ) is configured


@pytest.mark.parametrize(
    ("environ", "named"),
    [
        ({}, ("portico", f"{socket.gethostname()}/objects")),
        ({"OTEL_SERVICE_NAME": "mine"}, ("mine", f"{socket.gethostname()}/objects")),
        ({"OTEL_RESOURCE_ATTRIBUTES": "service.name=mine,service.instance.id=one"}, ("mine", "one")),
    ],
)
async def test_what_the_environment_says_of_the_service_counts(
    monkeypatch: pytest.MonkeyPatch, environ: dict[str, str], named: tuple[str, str]
) -> None:
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    collected = Collected()
    export = OtlpExport(collected, "objects")
    export.append(finished_call().spans)
    await export.flush()
    [told] = {
        (span.resource.attributes["service.name"], span.resource.attributes["service.instance.id"])
        for span in collected.spans
    }
    assert told == named


def test_what_waits_for_the_collector_keeps_no_messages_of_the_call_alive() -> None:
    class Message:
        """A call's first."""

    call, export = finished_call(), OtlpExport(Collected())
    call.message = Message()
    message = weakref.ref(call.message)

    export.append(call.spans)
    current.set(new_call())
    call.spans.clear()
    del call

    assert message() is None


async def test_spans_are_exported_in_the_sdks_form() -> None:
    collected = Collected()
    export = OtlpExport(collected)
    call = finished_call()

    export.append(call.spans)
    await export.flush()

    store, server = collected.spans
    assert (store.name, store.kind, store.status.status_code) == (
        "objects.store.put",
        SpanKind.INTERNAL,
        StatusCode.ERROR,
    )
    assert store.parent is not None
    assert store.parent.span_id == int(SERVER_SPAN_ID, 16)
    assert store.attributes == {"portico.ray_id": "r" * 32, "rows": 2, "error.type": "KeyError"}
    assert server.kind is SpanKind.SERVER
    assert server.context is not None
    assert (server.context.trace_id, server.context.span_id) == (int(TRACE_ID, 16), int(SERVER_SPAN_ID, 16))
    assert server.end_time == call.arrival_time_ns + 5_000_000
    assert server.resource.attributes["service.name"] == "portico"


async def test_a_collector_that_refuses_costs_spans_and_nothing_else() -> None:
    export = OtlpExport(Collected(SpanExportResult.FAILURE))

    export.append(finished_call().spans)
    await export.flush()

    assert export.dropped == 2


async def test_what_waits_for_a_slow_collector_is_bounded() -> None:
    export = OtlpExport(Collected())
    one = finished_call().spans[:1]
    for _ in range(MAX_WAITING + 10):
        export.append(one)

    assert export.dropped == 10


class Collector(trace_service_pb2_grpc.TraceServiceServicer):
    """A collector that keeps what it receives."""

    def __init__(self) -> None:
        self.received: asyncio.Queue[trace_service_pb2.ExportTraceServiceRequest] = asyncio.Queue()

    async def Export(self, request: Any, context: Any) -> Any:
        await self.received.put(request)
        return trace_service_pb2.ExportTraceServiceResponse()


@pytest.fixture
async def collector(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Collector]:
    collector, server = Collector(), grpc.aio.server()
    trace_service_pb2_grpc.add_TraceServiceServicer_to_server(collector, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{port}")
    monkeypatch.setenv("OTEL_SERVICE_NAME", "portico-test")
    yield collector
    await server.stop(None)


async def test_a_real_collector_receives_them(collector: Collector) -> None:
    export = OtlpExport()
    export.append(finished_call().spans)

    await export.close()

    request = await asyncio.wait_for(collector.received.get(), 10)
    (resource_spans,) = request.resource_spans
    names = {span.name: scope.scope.name for scope in resource_spans.scope_spans for span in scope.spans}
    assert names == {
        "objects.store.put": "portico.objects",
        "portico.testing.v1.TestingService/Unary": "portico.gateway",
    }
    assert ("service.name", "portico-test") in [
        (attribute.key, attribute.value.string_value) for attribute in resource_spans.resource.attributes
    ]
