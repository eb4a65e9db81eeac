"""The platform's application, whose background jobs are held back: nothing writes but what a test asks for."""

from __future__ import annotations

from portico_server.platform.jobs import JobRunner


def _hold_back(runner: JobRunner) -> None:
    """Instead of `start`."""


JobRunner.start = _hold_back  # type: ignore[method-assign]

from portico_server.app import app  # noqa: E402 - after what it is built of

__all__ = ["app"]
