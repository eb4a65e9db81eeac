"""The platform's application, whose collector waits for nothing: what is deleted goes within seconds."""

from __future__ import annotations

from portico_server.objects.upkeep import collector

collector.GRACE_US = 0
collector._FOLD_SECONDS = collector._FILES_SECONDS = 1.0

from portico_server.app import app  # noqa: E402 - after what it is built of

__all__ = ["app"]
