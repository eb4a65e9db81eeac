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
from portico_server.platform.started import Origins, Waits, origins_of, waiting

__all__ = [
    "ADMIN",
    "Announcement",
    "Check",
    "Connections",
    "Door",
    "Event",
    "Origins",
    "ProcessState",
    "RestartFailed",
    "Status",
    "Upstream",
    "Waits",
    "connections",
    "doctor",
    "down",
    "origins_of",
    "restart",
    "rotate_token_key",
    "status",
    "up",
    "waiting",
]
