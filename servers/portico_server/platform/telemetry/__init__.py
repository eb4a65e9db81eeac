"""Spans, step timings, request events, metrics and logs.

Products use `span` alone; the gateway's event step hands finished calls to `Telemetry`.
"""

from portico_server.platform.telemetry.metrics import Metrics
from portico_server.platform.telemetry.spans import Span, span
from portico_server.platform.telemetry.telemetry import Telemetry, open_telemetry

__all__ = ["Metrics", "Span", "Telemetry", "open_telemetry", "span"]
