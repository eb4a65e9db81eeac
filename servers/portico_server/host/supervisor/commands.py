"""What the command line calls: start a platform, stop it, say how it is. Heavy imports stay inside, so that asking
is fast."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from portico_server.host import local_http
from portico_server.host.supervisor.announcement import Announcement
from portico_server.host.supervisor.connections import Connections, connections_of
from portico_server.host.supervisor.data_lock import holder, is_taken
from portico_server.host.supervisor.problems import all_problems
from portico_server.host.supervisor.state import RESTART, SUPERVISOR_SOCKET, ProcessState, read_state
from portico_server.platform.placement import process_names
from portico_server.platform.settings import Settings
from portico_server.platform.started import Origins

APPLICATION = "portico_server.app:app"
_POLL_SECONDS = 0.02
_STOP_SECONDS = 30.0
"""How long a stop may take beyond the calls in flight."""
_START_SECONDS = 120.0
"""How long a process may take to start, when it takes the place of another."""


class RestartFailed(Exception):
    """A process could not be replaced; the message says which and why."""


@dataclass(frozen=True, slots=True)
class Status:
    """Whether a platform runs on a data directory, and which. Addresses are empty while it starts, those of the web
    door and the S3 door also where it has none; `started_at` is seconds since 1970. `problems`: what is wrong though it
    runs, by what is at fault."""

    running: bool
    pid: int = 0
    address: str = ""
    started_at: float = 0.0
    processes: tuple[ProcessState, ...] = ()
    web_address: str = ""
    problems: dict[str, str] = field(default_factory=dict)
    s3_address: str = ""


def up(
    settings: Settings,
    *,
    detach: bool,
    announce: Callable[[Announcement], None],
    application: str = APPLICATION,
    origins: Origins | None = None,
) -> int:
    """Starts a platform and returns the exit code: when it has ended, or, with `detach`, when it is ready or has
    failed.

    `application` is what Envoy hosts; tests of the host give their own. `origins`: where the settings come from, so
    that it can be told which have changed since.
    """
    if detach:
        from portico_server.host.supervisor.detach import start_detached

        return start_detached(settings, application, announce, origins)
    from portico_server.host.supervisor.supervise import supervise

    return supervise(settings, application, announce, origins)


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


def restart(settings: Settings) -> bool:
    """Replaces the platform's processes one after the other, and waits for the last; False where no platform runs.
    Raises RestartFailed."""
    if holder(settings.data) is None:
        return False
    each_seconds = settings.drain_seconds + _START_SECONDS
    timeout_seconds = each_seconds * len(process_names(settings))
    try:
        answer = local_http.request(settings.run, SUPERVISOR_SOCKET, "POST", RESTART, timeout_seconds=timeout_seconds)
    except local_http.LocalError as error:
        raise RestartFailed(f"{error}; look into {settings.data / 'logs'}") from error
    if answer:
        raise RestartFailed(answer)
    return True


def rotate_token_key(settings: Settings, *, discard: bool) -> bool:
    """Adds a key that signs tokens, or with `discard` puts it in the place of all others; whether a platform runs that
    was told. Raises OSError, or ValueError, which names the file that is not the key that it should be."""
    from portico_server.platform.keyring import Keyring
    from portico_server.platform.keyring.tokens import BELIEVED_SECONDS

    keyring = Keyring.open(settings.data, settings.trust_domain, settings.hostnames)
    if discard:
        keyring.discard_token_keys()
    else:
        keyring.rotate_token_key(BELIEVED_SECONDS)
    pid = holder(settings.data)
    if pid is not None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGHUP)
    return pid is not None


def status(settings: Settings) -> Status:
    """How the platform on this data directory is."""
    pid, state = holder(settings.data), read_state(settings.run)
    if pid is None:
        return Status(running=False)
    if state is None or state.pid != pid:  # it starts, and has not come to say so
        return Status(running=True, pid=pid)
    problems = all_problems(settings, state)
    found = (state.address, state.started_at, state.processes, state.web_address)
    return Status(True, pid, *found, problems, state.s3_address)


def connections(settings: Settings) -> Connections | None:
    """Who is connected to whom; None where no platform runs."""
    if holder(settings.data) is None:
        return None
    return connections_of(settings.run, list(process_names(settings)))
