"""The folder that a process of the platform runs in: `run/NAME`, and the files in it.

`run/NAME` is a link to the folder of the process that serves now (`run/NAME.1`, `run/NAME.2`, …), which is that
process's working directory. So a process and the one that takes its place can run side by side, and processes find one
another as siblings: `../objects/door.sock`. Paths of sockets are relative, because such a path has 107 bytes at most.
"""

from __future__ import annotations

DOOR_SOCKET = "door.sock"
"""Where a process that is not behind the doors takes calls: HTTP/2 in plain text, for this user's processes only."""
APPLICATION_SOCKET = "application.sock"
"""Where Python takes calls from its own Envoy, on the plain host."""
HTTP_SOCKET = "http.sock"
"""Where it takes what is no gRPC call, on the plain host."""
ADMIN_SOCKET = "admin.sock"
"""Envoy's administration."""
CONTROL_SOCKET = "control.sock"
"""What the supervisor asks of Python (`host/control.py`)."""
CLIENTS_SOCKET = "clients.sock"
"""Where those who take tokens' requests ask the process that knows clients' secrets (`host/clients.py`)."""
READY_FILE = "ready"
"""Written by the application when all its products run: its process id."""
FAILURE_FILE = "failed"
"""Why the process could not start, in a sentence (`host/start_failure.py`)."""


def sibling_control(process: str) -> str:
    """The control socket of another process, from a process's working directory."""
    return f"../{process}/{CONTROL_SOCKET}"


def sibling_clients(process: str) -> str:
    """Where another process answers for clients' secrets, from a process's working directory."""
    return f"../{process}/{CLIENTS_SOCKET}"


def sibling_door(process: str) -> str:
    """The door of another process, from a process's working directory."""
    return f"../{process}/{DOOR_SOCKET}"
