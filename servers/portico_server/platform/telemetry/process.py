"""What this process takes of its machine, Envoy's threads included: they are the same process."""

from __future__ import annotations

import resource
import time
from pathlib import Path

from portico_server.platform.telemetry.metrics import Metrics

_STATM = Path("/proc/self/statm")
_PAGE_BYTES = resource.getpagesize()


def add_to(metrics: Metrics) -> None:
    """Adds memory and processor time to the metrics."""
    metrics.gauge("resident_memory_bytes", "Memory that the process holds.", resident_bytes)
    metrics.counter("cpu_seconds_total", "Processor time that the process has used.", time.process_time)


def resident_bytes() -> int:
    return int(_STATM.read_text().split()[1]) * _PAGE_BYTES
