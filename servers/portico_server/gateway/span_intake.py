"""OTLP's TraceService: takes the spans that the CLI and SDK recorded of their calls, so that a trace is seen whole.

They are kept for the caller's own account, marked with who handed them in; what is malformed or too much is refused
and counted in the answer (OTLP, "Partial success").
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from typing import Any

from opentelemetry.proto.collector.trace.v1 import trace_service_pb2, trace_service_pb2_grpc
from opentelemetry.proto.common.v1 import common_pb2
from opentelemetry.proto.trace.v1 import trace_pb2

from portico_server.platform.authorization import Principal
from portico_server.platform.call import current
from portico_server.platform.telemetry import Telemetry
from portico_server.platform.telemetry.records import SpanRecord, span_line

MAX_SPANS = 1000
"""In one request."""

_AT_ONCE = 10
"""Spans taken in before other calls get their turn: each costs some 20 us and more."""

MAX_ATTRIBUTES = 32
MAX_TEXT = 256
"""Characters of a name or an attribute's value."""

MAX_NANOSECONDS = 2**63 - 1

REPORTED_BY = "portico.reported_by"

_UNKNOWN_CODE = 2


class SpanIntake(trace_service_pb2_grpc.TraceServiceServicer):
    """Writes them beside the platform's own."""

    def __init__(self, telemetry: Telemetry) -> None:
        self._telemetry = telemetry

    async def Export(
        self, request: trace_service_pb2.ExportTraceServiceRequest, context: Any
    ) -> trace_service_pb2.ExportTraceServiceResponse:
        principal = current.get().principal
        assert principal is not None  # the gateway's authorize step has seen to it
        refused = 0
        for position, (scope, span) in enumerate(_spans(request)):
            if position % _AT_ONCE == _AT_ONCE - 1:
                await asyncio.sleep(0)
            record = _record(scope, span, principal) if position < MAX_SPANS else None
            if record is None:
                refused += 1
            else:
                self._telemetry.files.append(span_line(principal.account, record))
        response = trace_service_pb2.ExportTraceServiceResponse()
        if refused:
            response.partial_success.rejected_spans = refused
            response.partial_success.error_message = f"malformed, or more than {MAX_SPANS} in one request"
        return response


def _spans(request: trace_service_pb2.ExportTraceServiceRequest) -> Iterator[tuple[str, trace_pb2.Span]]:
    for resource_spans in request.resource_spans:
        for scope_spans in resource_spans.scope_spans:
            for span in scope_spans.spans:
                yield scope_spans.scope.name, span


def _record(scope: str, span: trace_pb2.Span, principal: Principal) -> SpanRecord | None:
    """None for what is malformed."""
    if len(span.trace_id) != 16 or len(span.span_id) != 8 or len(span.parent_span_id) not in (0, 8):
        return None
    if not any(span.trace_id) or not any(span.span_id):
        return None
    if not 0 < span.start_time_unix_nano <= span.end_time_unix_nano <= MAX_NANOSECONDS:
        return None
    failed = span.status.code == trace_pb2.Status.STATUS_CODE_ERROR
    return SpanRecord(
        span.trace_id.hex(),
        span.span_id.hex(),
        span.parent_span_id.hex(),
        span.name[:MAX_TEXT],
        (scope or "client")[:MAX_TEXT],
        span.start_time_unix_nano,
        span.end_time_unix_nano - span.start_time_unix_nano,
        _UNKNOWN_CODE if failed else 0,
        {**_attributes(span.attributes), REPORTED_BY: principal.name},
    )


def _attributes(attributes: Iterable[common_pb2.KeyValue]) -> dict[str, str | int]:
    """Texts and numbers, bounded; the rest is left out."""
    kept: dict[str, str | int] = {}
    for attribute in attributes:
        kind = attribute.value.WhichOneof("value")
        if len(kept) == MAX_ATTRIBUTES:
            break
        if kind == "int_value":
            kept[attribute.key[:MAX_TEXT]] = attribute.value.int_value
        elif kind in ("string_value", "bool_value", "double_value"):
            kept[attribute.key[:MAX_TEXT]] = str(getattr(attribute.value, kind))[:MAX_TEXT]
    return kept
