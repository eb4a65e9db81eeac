"""Spans, step timings, request events and logs."""

from portico_server.platform.telemetry.spans import span

__all__ = ["span"]
