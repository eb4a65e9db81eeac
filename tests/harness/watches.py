"""Room for what Envoys watch, of which the system allows each user so much: platforms that tests start wait while
others, of other processes of the tests, hold too much of it."""

from __future__ import annotations

import contextlib

from portico_server.host.supervisor.inotify import PER_ENVOY, has_room
from tests.harness.waiting import wait_until

_STARTING = 4
"""Envoys that start at the same time, and have not taken theirs yet."""
_SECONDS = 60.0


def wait_for_room(envoys: int) -> None:
    """Waits for it a minute at most: a platform that then starts all the same tells what is wrong."""
    with contextlib.suppress(AssertionError):
        wait_until(lambda: has_room(PER_ENVOY * (envoys + _STARTING)), "room for watches", _SECONDS)
