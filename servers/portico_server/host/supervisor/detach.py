"""A platform in the background: a supervisor of its own session, that reports through a pipe until it is ready."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable

from portico_server.host.supervisor.announcement import Announcement, Event, StartError, from_json
from portico_server.host.supervisor.first_start import make_folders
from portico_server.platform.settings import Settings
from portico_server.platform.started import Origins


def start_detached(
    settings: Settings, application: str, announce: Callable[[Announcement], None], origins: Origins | None = None
) -> int:
    """Starts it, passes on what it announces until it is ready (0) or has failed (1)."""
    logs = settings.data / "logs"
    try:
        make_folders(settings.data, logs.name)
    except StartError as error:
        announce(Announcement(Event.FAILED, str(error), settings.data))
        return 1
    reading, writing = os.pipe()
    # -P: where the user stands is no place to import from. Settings go by standard input: they may hold a password.
    command = [sys.executable, "-P", "-m", "portico_server.host.supervisor", "--settings-from-input"]
    if origins is not None:
        command += ["--origins", origins.to_json()]
    with open(os.open(logs / "supervisor.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab") as log:
        process = subprocess.Popen(
            [*command, "--application", application, "--report", str(writing)],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            pass_fds=(writing,),
            start_new_session=True,
            cwd="/",
        )
    os.close(writing)
    assert process.stdin is not None
    with process.stdin as settings_input:
        settings_input.write(settings.to_json().encode())
    with open(reading) as reports:
        for line in reports:
            announcement = from_json(line)
            announce(announcement)
            if announcement.event in (Event.READY, Event.FAILED):
                return 0 if announcement.event is Event.READY else 1
    message = f"The supervisor ended at once; {logs / 'supervisor.log'} says why."
    announce(Announcement(Event.FAILED, message, settings.data))
    return 1
