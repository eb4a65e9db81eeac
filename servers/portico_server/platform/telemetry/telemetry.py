"""What a process keeps of its calls: request events and spans in local files, metrics, and the export of spans."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

from portico_server.platform.call import Call, Trace
from portico_server.platform.placement import FRONT
from portico_server.platform.reserve import Reserve
from portico_server.platform.settings import Settings
from portico_server.platform.telemetry import otlp, process
from portico_server.platform.telemetry.files import TelemetryFiles
from portico_server.platform.telemetry.metrics import Metrics
from portico_server.platform.telemetry.records import event_line, record_of, span_line

SERVER_FAULTS = frozenset({2, 4, 12, 13, 14, 15})
"""The codes that make a server's span an error: UNKNOWN, DEADLINE_EXCEEDED, UNIMPLEMENTED, INTERNAL, UNAVAILABLE,
DATA_LOSS (OpenTelemetry's semantic conventions for gRPC)."""


class Telemetry:
    """Takes finished calls. `export` is None unless the environment asks for it. Of a trace that is tentative the spans
    are kept if the call took `slow_ns`, or failed by the server's fault."""

    def __init__(
        self, files: TelemetryFiles, metrics: Metrics, export: otlp.OtlpExport | None = None, *, slow_ns: int = 0
    ) -> None:
        self.files = files
        self.metrics = metrics
        self.export = export
        self.flush_others: Callable[[], Awaitable[None]] | None = None
        """Has the other processes of the platform write what they hold; None where there are none."""
        self._slow_ns = slow_ns
        self._last_end_ns = 0

    async def flush(self) -> None:
        """Has everything written that has ended so far, in all processes, so that it is found."""
        if self.flush_others is not None:
            await self.flush_others()
        await self.files.flush()

    def keeps_spans(self, trace: Trace, code: int, duration_ns: int) -> bool:
        """Whether the spans of a call that ended so are kept."""
        return trace.sampled or (trace.tentative and (code in SERVER_FAULTS or duration_ns >= self._slow_ns))

    def finished(self, call: Call, counted_as: str, account: str, code: int, reason: str, duration_ns: int) -> None:
        """Records a call that has ended, with all its spans: `counted_as` is its method in the metrics, `account` the
        one that may look it up, `code` a `google.rpc.Code`."""
        end_ns = call.arrival_time_ns + duration_ns
        if end_ns <= self._last_end_ns:  # events of one process are in the strict order of their ends
            end_ns = self._last_end_ns + 1
        self._last_end_ns = end_ns
        self.files.append(event_line(call, account, code, reason, end_ns, duration_ns))
        self.metrics.finished(counted_as, code, duration_ns)
        if call.spans:
            for span in call.spans:
                self.files.append(span_line(account, record_of(span)))
            if self.export is not None:
                self.export.append(call.spans)


@contextlib.asynccontextmanager
async def open_telemetry(
    settings: Settings, process_name: str = FRONT, reserve: Reserve | None = None
) -> AsyncIterator[Telemetry]:
    """This process's telemetry, written in the background, but while the `reserve` is out; at the end everything is
    flushed."""
    files = TelemetryFiles(settings.data / "telemetry", settings.telemetry_bytes, reserve=reserve)
    export = otlp.OtlpExport(process=process_name) if otlp.is_configured() else None
    metrics = Metrics()
    process.add_to(metrics)
    metrics.counter(
        "telemetry_dropped_records_total", "Request events and spans that the disk did not take.", lambda: files.dropped
    )
    tasks = [asyncio.create_task(files.run())]
    if export is not None:
        export.parent_other_libraries()
        dropped = "Spans that the collector did not take."
        metrics.counter("telemetry_dropped_spans_total", dropped, lambda: export.dropped)
        tasks.append(asyncio.create_task(export.run()))
    try:
        yield Telemetry(files, metrics, export, slow_ns=int(settings.slow_seconds * 1e9))
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await files.close()
        if export is not None:
            await export.close()
