"""The client's side of a trace: `traceparent` out (W3C Trace Context), spans kept until they are handed in over OTLP.

Only traced calls have spans: within `client.trace(...)`, or all calls of a client with the option `trace`. Where the
application has a current OpenTelemetry span and asked for no trace of ours, its context is sent on as it is.
"""

from __future__ import annotations

import contextlib
import secrets
import sys
import time
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

MOST_SPANS = 2048
EXPORT = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"


@dataclass(slots=True)
class Span:
    """A span of ours. Ids in hexadecimal, times in nanoseconds since 1970. `error`: the code's name, if it failed."""

    name: str
    trace_id: str
    span_id: str
    parent_span_id: str = ""
    kind: str = "INTERNAL"
    start_ns: int = 0
    end_ns: int = 0
    error: str = ""
    attributes: dict[str, str] = field(default_factory=dict)

    @property
    def traceparent(self) -> str:
        return f"00-{self.trace_id}-{self.span_id}-01"


last_ray: ContextVar[str] = ContextVar("portico_last_ray", default="")
"""The ray id of the last call in this thread or task."""

_current: ContextVar[Span | None] = ContextVar("portico_span", default=None)


class Tracer:
    """Begins spans and keeps the ended ones. `service` names the program, `scope` the part of it that records."""

    def __init__(self, service: str, scope: str) -> None:
        self.service = service
        self.scope = scope
        self._ended: list[Span] = []

    @contextlib.contextmanager
    def trace(self, name: str) -> Iterator[Span]:
        """What is called inside belongs to one trace, below one span of that name."""
        span = self._new(name, _current.get())
        token = _current.set(span)
        try:
            yield span
        except BaseException as error:
            span.error = getattr(error, "code", "") or type(error).__name__
            raise
        finally:
            _current.reset(token)
            self.end(span)

    def begin(self, name: str, *, always: bool) -> Span | None:
        """A span for a call: below the current one, or with `always` at the root of a trace of its own; else None."""
        parent = _current.get()
        if parent is None and not always:
            return None
        span = self._new(name, parent)
        span.kind = "CLIENT"
        return span

    def end(self, span: Span, error: str = "") -> None:
        span.end_ns = time.time_ns()
        span.error = span.error or error
        if len(self._ended) < MOST_SPANS:
            self._ended.append(span)

    def take(self) -> list[Span]:
        """The ended spans, which are then no longer kept."""
        taken, self._ended = self._ended, []
        return taken

    def _new(self, name: str, parent: Span | None) -> Span:
        trace_id = parent.trace_id if parent else secrets.token_hex(16)
        above = parent.span_id if parent else ""
        return Span(name, trace_id, secrets.token_hex(8), above, start_ns=time.time_ns())


def outer_traceparent() -> str:
    """The `traceparent` of the application's current OpenTelemetry span; empty if there is none."""
    if (opentelemetry := sys.modules.get("opentelemetry.trace")) is None:
        return ""
    context = opentelemetry.get_current_span().get_span_context()
    if not context.is_valid:
        return ""
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"


def export_request(spans: list[Span], tracer: Tracer) -> Any:
    """The spans as an OTLP ExportTraceServiceRequest."""
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
    from opentelemetry.proto.trace.v1 import trace_pb2

    request = ExportTraceServiceRequest()
    of_resource = request.resource_spans.add()
    of_resource.resource.attributes.add(key="service.name").value.string_value = tracer.service
    of_scope = of_resource.scope_spans.add()
    of_scope.scope.name = tracer.scope
    for span in spans:
        message = of_scope.spans.add(
            trace_id=bytes.fromhex(span.trace_id),
            span_id=bytes.fromhex(span.span_id),
            parent_span_id=bytes.fromhex(span.parent_span_id),
            flags=1,
            name=span.name,
            kind=getattr(trace_pb2.Span, f"SPAN_KIND_{span.kind}"),
            start_time_unix_nano=span.start_ns,
            end_time_unix_nano=span.end_ns,
        )
        for key, value in span.attributes.items():
            message.attributes.add(key=key).value.string_value = value
        if span.error:
            message.status.code = trace_pb2.Status.STATUS_CODE_ERROR
            message.status.message = span.error
    return request
