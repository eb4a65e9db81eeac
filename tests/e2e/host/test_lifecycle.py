"""How a platform starts, stays and stops."""

from __future__ import annotations

import os
import re
import shutil
import signal
import threading
from pathlib import Path

import pytest

from portico_server.host import supervisor
from portico_server.host.supervisor import Event, look_at_door
from tests.e2e.host.conftest import APPLICATION
from tests.harness import Response, RunningPlatform, StartFailed, running_platform
from tests.harness.layouts import layout
from tests.harness.processes import is_alive, processor_seconds
from tests.harness.waiting import wait_until

TIMEOUT_SECONDS = 60


def in_background(platform: RunningPlatform, path: str) -> tuple[threading.Thread, list[Response]]:
    """Sends a request; the list gets its answer."""
    answers: list[Response] = []
    thread = threading.Thread(target=lambda: answers.append(platform.http("GET", path)))
    thread.start()
    return thread, answers


def noted(platform: RunningPlatform, file: str) -> bool:
    """Whether one of its processes has such a file."""
    return any((folder / file).exists() for folder in platform.folders)


@pytest.mark.layouts("one", reason="so fast is one process")
def test_it_is_ready_after_about_a_second_of_work(tmp_path: Path) -> None:
    with running_platform(tmp_path, application=APPLICATION) as platform:
        assert platform.ready.first_start
        worked = sum(map(processor_seconds, (platform.process.pid, platform.front_pid)))
        assert worked < 4, "generous: on a machine that does much else all takes longer; alone it takes 1.2 s"
        assert platform.http("GET", "/echo").status == 200


def test_a_second_start_keeps_authority_and_profile(tmp_path: Path) -> None:
    with running_platform(tmp_path, application=APPLICATION) as first:
        authority, certificate = first.authority, first.certificate
    with running_platform(tmp_path, application=APPLICATION) as second:
        assert not second.ready.first_start
        assert (second.authority, second.certificate) == (authority, certificate)
        assert second.http("GET", "/echo").status == 200


def test_a_front_that_is_killed_comes_back(tmp_path: Path) -> None:
    with running_platform(tmp_path, application=APPLICATION) as platform:
        killed = platform.front_pid
        os.kill(killed, signal.SIGKILL)
        wait_until(lambda: Event.RESTARTED in [item.event for item in platform.announcements], "the front is back")
        assert platform.front_pid != killed
        assert platform.http("GET", "/echo").status == 200
        assert platform.state.processes[0].restarts == 1
        told = next(item for item in platform.announcements if item.event is Event.RESTARTING)
        assert "SIGKILL" in told.message


def test_a_front_that_lives_and_does_not_answer_is_started_again(tmp_path: Path) -> None:
    with running_platform(tmp_path, unresponsive_seconds=1.5) as platform:
        stopped = platform.front_pid
        os.kill(stopped, signal.SIGSTOP)
        wait_until(lambda: Event.RESTARTED in [item.event for item in platform.announcements], "the front is back")
        assert platform.front_pid != stopped
        assert platform.http("GET", "/v1/accounts/default/buckets").status == 200
        told = next(item for item in platform.announcements if item.event is Event.RESTARTING)
        assert "did not answer for 1.5 s" in told.message


def test_the_doctor_finds_a_front_that_does_not_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "configuration"))
    monkeypatch.setattr(look_at_door, "PATIENCE_SECONDS", 0.5)
    with running_platform(tmp_path) as platform:
        os.kill(platform.front_pid, signal.SIGSTOP)
        try:
            wrong = {check.name: check for check in supervisor.doctor(platform.settings) if not check.ok}
        finally:
            os.kill(platform.front_pid, signal.SIGCONT)
        assert "does not answer at its control socket" in wrong["process front"].detail
        assert "portico down" in wrong["process front"].remedy
        if layout() != "workers":  # there others answer at the port
            assert "does not answer" in wrong["port"].detail


def test_no_envoy_outlives_a_killed_supervisor(tmp_path: Path) -> None:
    with running_platform(tmp_path, application=APPLICATION) as platform:
        front = platform.front_pid
        platform.process.kill()
        wait_until(lambda: not is_alive(front), "the front is gone")
    with running_platform(tmp_path, application=APPLICATION) as again:
        assert again.http("GET", "/echo").status == 200


def test_a_platform_whose_data_directory_is_removed_ends(tmp_path: Path) -> None:
    """Else nobody could find it to stop it, while it held its ports."""
    with running_platform(tmp_path, application=APPLICATION) as platform:
        front = platform.front_pid
        platform.data.rename(tmp_path / "elsewhere")
        assert platform.process.wait(TIMEOUT_SECONDS) == 1
        assert not is_alive(front)
        wait_until(lambda: platform.announcements[-1].event is Event.FAILED, "it is told")
        assert "was removed" in platform.announcements[-1].message
    with running_platform(tmp_path, application=APPLICATION) as platform:
        shutil.rmtree(platform.data)
        assert platform.process.wait(TIMEOUT_SECONDS) == 1


def test_a_stop_is_clean(tmp_path: Path) -> None:
    with running_platform(tmp_path, application=APPLICATION) as platform:
        front = platform.front_pid
        assert platform.stop() == 0
        assert not is_alive(front)
        assert all((folder / "stopped").exists() for folder in platform.folders), "its shutdown ran to its end"


def test_a_stop_lets_a_call_in_flight_end(tmp_path: Path) -> None:
    with running_platform(tmp_path, application=APPLICATION) as platform:
        call, answers = in_background(platform, "/sleep?1.5")
        wait_until(lambda: noted(platform, "sleeping"), "the call has reached the application")
        assert platform.stop() == 0
        call.join()
        assert answers[0].json() == {"slept": True}


def test_a_stop_waits_no_longer_than_it_may(tmp_path: Path) -> None:
    with running_platform(tmp_path, application=APPLICATION, drain_seconds=0.3) as platform:
        call = threading.Thread(target=lambda: ends_somehow(platform))
        call.start()
        wait_until(lambda: noted(platform, "sleeping"), "the call has reached the application")
        assert platform.stop() == 0
        call.join()


def ends_somehow(platform: RunningPlatform) -> None:
    try:
        platform.http("GET", "/sleep?60")
    except OSError:
        return


def test_health_is_told_of_the_stop_before_calls_end(tmp_path: Path) -> None:
    with running_platform(tmp_path, application=APPLICATION) as platform:
        call, _ = in_background(platform, "/sleep?1.5")
        wait_until(lambda: noted(platform, "sleeping"), "the call has reached the application")
        platform.process.send_signal(signal.SIGTERM)
        wait_until(lambda: noted(platform, "draining"), "the application is told")
        assert call.is_alive()
        call.join()


def test_an_application_that_does_not_start_is_told_with_its_reason(tmp_path: Path) -> None:
    starting = running_platform(tmp_path, application="tests.e2e.host.application:missing")
    with pytest.raises(StartFailed) as failure, starting:
        pass
    assert "has no attribute 'missing'" in str(failure.value)
    told = re.search(r"more is in (\S+)", str(failure.value))
    assert told is not None
    assert "has no attribute 'missing'" in Path(told[1]).read_text()
