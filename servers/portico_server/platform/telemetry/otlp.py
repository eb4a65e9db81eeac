"""Export of recorded spans by OTLP, set up by OpenTelemetry's standard `OTEL_*` variables.

Nothing is loaded without them. Calls hand their light spans over; a background task turns them into the SDK's and
exports them in a thread.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

import structlog

from portico_server.platform.call import Trace
from portico_server.platform.placement import FRONT
from portico_server.platform.telemetry.records import SpanRecord, record_of
from portico_server.platform.telemetry.spans import Span

if TYPE_CHECKING:
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import ReadableSpan
    from opentelemetry.sdk.trace.export import SpanExporter
    from opentelemetry.trace import SpanContext

EXPORT_SECONDS = 1.0
CLOSE_SECONDS = 2.0
MAX_BATCH = 512
MAX_WAITING = 8192
"""Spans that may wait for a slow collector; beyond it the oldest are dropped and counted."""

_SERVICE = "portico"
_PROTOCOL = "grpc"

_log = structlog.get_logger(__name__)


def is_configured(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether spans are to be exported, by OpenTelemetry's variables. A protocol that is not known here is logged."""
    disabled = environ.get("OTEL_SDK_DISABLED", "").lower() == "true" or environ.get("OTEL_TRACES_EXPORTER") == "none"
    endpoint = environ.get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") or environ.get("OTEL_EXPORTER_OTLP_ENDPOINT")
    if not endpoint or disabled:
        return False
    protocol = environ.get("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL") or environ.get("OTEL_EXPORTER_OTLP_PROTOCOL")
    if protocol and protocol != _PROTOCOL:
        remedy = f"set OTEL_EXPORTER_OTLP_PROTOCOL to {_PROTOCOL}, and the endpoint to that port of the collector, 4317"
        _log.error("spans are not exported", protocol=protocol, remedy=remedy)
        return False
    return True


class OtlpExport:
    """The way of this process's spans to a collector."""

    def __init__(self, exporter: SpanExporter | None = None, process: str = FRONT) -> None:
        """`exporter`: OTLP over gRPC, as the environment says, unless given. `process`: the name of this one."""
        self.dropped = 0
        self._resource = _resource(process)
        self._exporter = exporter or _otlp_exporter()
        self._waiting: deque[tuple[SpanRecord, bool]] = deque(maxlen=MAX_WAITING)  # and whether it is an error

    def parent_other_libraries(self) -> None:
        """Libraries that use OpenTelemetry's API record into the same export, where a sampled span is their parent."""
        from opentelemetry import trace
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
        from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ParentBased

        provider = TracerProvider(sampler=ParentBased(root=ALWAYS_OFF), resource=self._resource)
        provider.add_span_processor(BatchSpanProcessor(self._exporter))
        trace.set_tracer_provider(provider)

    def append(self, spans: Iterable[Span]) -> None:
        """Takes the spans of a finished call; not the call itself, whose messages would wait with them."""
        for span in spans:
            self.dropped += len(self._waiting) == MAX_WAITING
            self._waiting.append((record_of(span), span.is_error))

    async def run(self) -> None:
        """Exports what was appended, until cancelled."""
        while True:
            await asyncio.sleep(EXPORT_SECONDS)
            await self.flush()

    async def flush(self) -> None:
        """Exports everything that waits. What the collector does not take in time is dropped and counted."""
        while self._waiting:
            batch = [self._waiting.popleft() for _ in range(min(MAX_BATCH, len(self._waiting)))]
            try:
                await asyncio.to_thread(self._export, batch)
            except Exception as error:  # a collector must not hurt a call
                self.dropped += len(batch)
                _log.warning("spans_not_exported", count=len(batch), error=str(error))

    async def close(self) -> None:
        """Exports the rest, as far as the collector takes it at once."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.flush(), CLOSE_SECONDS)
        await asyncio.to_thread(self._exporter.shutdown)

    def _export(self, batch: list[tuple[SpanRecord, bool]]) -> None:
        from opentelemetry.sdk.trace.export import SpanExportResult

        spans = [readable_span(record, is_error, self._resource) for record, is_error in batch]
        if self._exporter.export(spans) is not SpanExportResult.SUCCESS:
            raise ConnectionError("the collector did not take them")


def _resource(process: str) -> Resource:
    """What the environment says of the service; and, where it says nothing, its name and which of its processes this
    is."""
    from opentelemetry.sdk.resources import OTELResourceDetector, Resource

    usual = {"service.name": _SERVICE, "service.instance.id": f"{socket.gethostname()}/{process}"}
    return Resource.create({**usual, **OTELResourceDetector().detect().attributes})


def _otlp_exporter() -> SpanExporter:
    from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter

    return OTLPSpanExporter()


def readable_span(record: SpanRecord, is_error: bool, resource: Resource) -> ReadableSpan:
    """A span in the SDK's form. The gateway's own is of the kind SERVER."""
    from opentelemetry.sdk.trace import ReadableSpan
    from opentelemetry.sdk.util.instrumentation import InstrumentationScope
    from opentelemetry.trace import SpanKind, Status, StatusCode

    return ReadableSpan(
        record.name,
        context=span_context(record.trace_id, record.span_id),
        parent=span_context(record.trace_id, record.parent_span_id, remote=True) if record.parent_span_id else None,
        resource=resource,
        attributes=record.attributes,
        kind=SpanKind.SERVER if record.scope == "gateway" else SpanKind.INTERNAL,
        instrumentation_scope=InstrumentationScope(f"portico.{record.scope}"),
        status=Status(StatusCode.ERROR) if is_error else Status(),
        start_time=record.start_ns,
        end_time=record.start_ns + record.duration_ns,
    )


def span_context(trace_id: str, span_id: str, *, remote: bool = False) -> SpanContext:
    """OpenTelemetry's form of a sampled span's ids."""
    from opentelemetry.trace import SpanContext, TraceFlags

    return SpanContext(int(trace_id, 16), int(span_id, 16), remote, TraceFlags(TraceFlags.SAMPLED))


@contextlib.contextmanager
def attached_parent(trace: Trace) -> Iterator[None]:
    """Makes a call's span OpenTelemetry's current one, so that other libraries' spans become its children."""
    from opentelemetry import context
    from opentelemetry.trace import NonRecordingSpan, set_span_in_context

    span = NonRecordingSpan(span_context(trace.trace_id, trace.span_id))
    token = context.attach(set_span_in_context(span))
    try:
        yield
    finally:
        context.detach(token)
