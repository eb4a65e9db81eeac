"""What the command line calls: up in the background, down, status, doctor; and a second platform in the way of the
first."""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from portico_server.host import supervisor
from portico_server.host.supervisor import Announcement, Event
from portico_server.platform.settings import Settings
from tests.e2e.host.conftest import APPLICATION
from tests.harness import RunningPlatform, StartFailed, running_platform
from tests.harness.platform import ROOT
from tests.harness.processes import is_alive


@pytest.fixture
def detached(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Settings, list[Announcement]]]:
    """A platform in the background."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "configuration"))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    settings = Settings(
        data=tmp_path / "data",
        listen="127.0.0.1:0",
        web_listen="127.0.0.1:0",
        s3_listen="127.0.0.1:0",
        drain_seconds=5.0,
    )
    announcements: list[Announcement] = []
    try:
        code = supervisor.up(settings, detach=True, announce=announcements.append, application=APPLICATION)
        assert code == 0, announcements
        yield settings, announcements
    finally:
        supervisor.down(settings)


def test_up_in_the_background_returns_when_it_is_ready(detached: tuple[Settings, list[Announcement]]) -> None:
    settings, announcements = detached
    assert [item.event for item in announcements] == [Event.READY]
    status = supervisor.status(settings)
    assert status.running
    assert status.address == announcements[0].address
    assert [process.name for process in status.processes] == ["front"]


def test_down_ends_it_and_waits(detached: tuple[Settings, list[Announcement]]) -> None:
    settings, _ = detached
    status = supervisor.status(settings)
    assert supervisor.down(settings)
    assert not is_alive(status.processes[0].pid)
    assert not supervisor.status(settings).running
    assert not supervisor.down(settings), "there is nothing left to stop"


def test_the_log_of_a_platform_in_the_background_ends_without_a_traceback(
    detached: tuple[Settings, list[Announcement]],
) -> None:
    settings, _ = detached
    assert supervisor.down(settings)
    log = (settings.data / "logs" / "supervisor.log").read_text()
    assert "stopping: Stopping" in log
    assert "Traceback" not in log


def test_status_of_nothing(tmp_path: Path) -> None:
    assert not supervisor.status(Settings(data=tmp_path / "nowhere")).running
    assert not (tmp_path / "nowhere").exists()


def test_a_second_platform_on_the_same_data_is_refused(host: RunningPlatform, tmp_path: Path) -> None:
    with pytest.raises(StartFailed) as refusal, running_platform(tmp_path, application=APPLICATION, data=host.data):
        pass
    assert f"process {host.process.pid}" in str(refusal.value)
    assert f"at {host.address}" in str(refusal.value)
    assert "portico down" in str(refusal.value)


def test_a_second_platform_on_the_same_port_is_refused(host: RunningPlatform, tmp_path: Path) -> None:
    starting = running_platform(tmp_path, application=APPLICATION, listen=host.address)
    with pytest.raises(StartFailed) as refusal, starting:
        pass
    holder = re.search(r"is taken by process (\d+) \(", str(refusal.value))
    assert holder, str(refusal.value)
    assert os.readlink(f"/proc/{holder[1]}/exe").endswith("envoy")
    assert "--listen" in str(refusal.value)


def test_a_program_that_would_share_the_port_is_in_the_way_too(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        other.bind(("127.0.0.1", 0))
        other.listen()
        listen = f"127.0.0.1:{other.getsockname()[1]}"
        starting = running_platform(tmp_path, application=APPLICATION, listen=listen)
        with pytest.raises(StartFailed, match="is taken by process"), starting:
            pass


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"listen": "198.51.100.7:8443"}, "Give an address of this machine"),
        ({"extra_descriptors": ("/nowhere.binpb",)}, "cannot read the descriptor set /nowhere.binpb"),
        ({"extra_descriptors": (__file__,)}, "is not a descriptor set"),
        ({"data": Path("/proc/portico")}, "Choose another with --data"),
        ({"data": Path(__file__)}, "Choose another with --data"),
    ],
)
def test_what_cannot_start_says_why(tmp_path: Path, changes: dict[str, Any], told: str) -> None:
    with pytest.raises(StartFailed) as refusal, running_platform(tmp_path, application=APPLICATION, **changes):
        pass
    assert told in str(refusal.value)


def test_doctor_finds_nothing_wrong_with_a_platform_that_runs(
    detached: tuple[Settings, list[Announcement]],
) -> None:
    settings, announcements = detached
    checks = {check.name: check for check in supervisor.doctor(settings)}
    assert [check for check in checks.values() if not check.ok] == []
    assert announcements[0].address in checks["port"].detail
    assert {"host", "envoy", "sqlite", "disk", "clock", "permissions", "authority"} <= checks.keys()
