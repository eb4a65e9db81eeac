"""How a platform starts, stays and stops."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

from portico_server.host.supervisor import Event
from tests.harness import running_platform

APPLICATION = "tests.e2e.host.application:app"
DEADLINE_SECONDS = 15


def until(holds: Callable[[], object], what: str) -> None:
    """Waits until something holds."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not holds():
        assert time.monotonic() < deadline, f"not within {DEADLINE_SECONDS} s: {what}"
        time.sleep(0.02)


def is_alive(pid: int) -> bool:
    try:
        state = Path("/proc", str(pid), "stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def test_it_is_ready_in_about_a_second(tmp_path: Path) -> None:
    with running_platform(tmp_path, application=APPLICATION) as platform:
        assert platform.ready.seconds < 3
        assert platform.http("GET", "/echo").status == 200


def test_a_front_that_is_killed_comes_back(tmp_path: Path) -> None:
    with running_platform(tmp_path, application=APPLICATION) as platform:
        killed = platform.front_pid
        os.kill(killed, signal.SIGKILL)
        until(lambda: Event.RESTARTED in [item.event for item in platform.announcements], "the front is back")
        assert platform.front_pid != killed
        assert platform.http("GET", "/echo").status == 200
        assert platform.state.processes[0].restarts == 1


def test_no_envoy_outlives_a_killed_supervisor(tmp_path: Path) -> None:
    with running_platform(tmp_path, application=APPLICATION) as platform:
        front = platform.front_pid
        platform.process.kill()
        until(lambda: not is_alive(front), "the front is gone")


def test_a_stop_is_clean(tmp_path: Path) -> None:
    with running_platform(tmp_path, application=APPLICATION) as platform:
        front = platform.front_pid
        assert platform.stop() == 0
        assert not is_alive(front)
        assert (platform.settings.run / "stopped").exists(), "the application's shutdown ran to its end"
