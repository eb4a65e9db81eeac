"""What the command line calls: start a platform, stop it, say how it is. Heavy imports stay inside, so that asking
is fast."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass

from portico_server.host.supervisor.announcement import Announcement
from portico_server.host.supervisor.data_lock import holder, is_taken
from portico_server.host.supervisor.state import ProcessState, read_state
from portico_server.platform.settings import Settings

APPLICATION = "portico_server.app:app"
_POLL_SECONDS = 0.02
_STOP_SECONDS = 30.0
"""How long a stop may take beyond the calls in flight."""


@dataclass(frozen=True, slots=True)
class Status:
    """Whether a platform runs on a data directory, and which. `address` is empty while it starts, `web_address` also
    where it has no web door; `started_at` is seconds since 1970."""

    running: bool
    pid: int = 0
    address: str = ""
    started_at: float = 0.0
    processes: tuple[ProcessState, ...] = ()
    web_address: str = ""


def up(
    settings: Settings,
    *,
    detach: bool,
    announce: Callable[[Announcement], None],
    application: str = APPLICATION,
) -> int:
    """Starts a platform and returns the exit code: when it has ended, or, with `detach`, when it is ready or has
    failed.

    `application` is what Envoy hosts; tests of the host give their own.
    """
    if detach:
        from portico_server.host.supervisor.detach import start_detached

        return start_detached(settings, application, announce)
    from portico_server.host.supervisor.supervise import supervise

    return supervise(settings, application, announce)


def down(settings: Settings) -> bool:
    """Stops the platform and waits until it is gone; False where none runs. Raises TimeoutError."""
    pid = holder(settings.data)
    if pid is None:
        return False
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + settings.drain_seconds + _STOP_SECONDS
    while is_taken(settings.data):
        if time.monotonic() > deadline:
            raise TimeoutError(f"the platform (process {pid}) does not stop; look into {settings.data / 'logs'}")
        time.sleep(_POLL_SECONDS)
    return True


def status(settings: Settings) -> Status:
    """How the platform on this data directory is."""
    pid, state = holder(settings.data), read_state(settings.run)
    if pid is None:
        return Status(running=False)
    if state is None or state.pid != pid:  # it starts, and has not come to say so
        return Status(running=True, pid=pid)
    return Status(True, pid, state.address, state.started_at, state.processes, state.web_address)
