"""Starts and watches the platform's processes: what `portico up`, `down`, `restart`, `status` and `doctor` do."""

from portico_server.host.supervisor.announcement import Announcement, Event
from portico_server.host.supervisor.check import Check
from portico_server.host.supervisor.commands import (
    RestartFailed,
    Status,
    connections,
    down,
    restart,
    rotate_token_key,
    status,
    up,
)
from portico_server.host.supervisor.connections import Connections, Door, Upstream
from portico_server.host.supervisor.doctor import doctor
from portico_server.host.supervisor.profile import ADMIN
from portico_server.host.supervisor.state import ProcessState

__all__ = [
    "ADMIN",
    "Announcement",
    "Check",
    "Connections",
    "Door",
    "Event",
    "ProcessState",
    "RestartFailed",
    "Status",
    "Upstream",
    "connections",
    "doctor",
    "down",
    "restart",
    "rotate_token_key",
    "status",
    "up",
]
