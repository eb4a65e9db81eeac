"""Idle connections, ended on demand: by GOAWAY over HTTP/2, by closing over HTTP/1.1.

Draining says GOAWAY with the next answer, which on an idle connection may never come. But Envoy ends a connection whose
idle time-out is over, and shortens that time-out under pressure. So a file says how much pressure there is: none, until
whoever wants the clients to go renames another file to it (for which there is room on a full disk too).
"""

from __future__ import annotations

from pathlib import Path

from portico_server.host.envoy.message import Message, extension, seconds, typed

_NO_PRESSURE, _PRESSURE = "idle-pressure", "idle-pressure.high"
_SHORTENED_SECONDS = 1.0
"""How long a connection must have been idle: whoever calls again and again hears of the end with an answer."""

FILES = {_NO_PRESSURE: b"0", _PRESSURE: b"1"}
"""To be there when Envoy starts, in its folder."""


def end_idle_connections(folder: Path) -> None:
    """Has the Envoy that runs in this folder end them, from within about a second on. Raises OSError."""
    (folder / _PRESSURE).replace(folder / _NO_PRESSURE)


def monitor() -> Message:
    """The overload manager's resource monitor."""
    return extension(
        _MONITOR,
        "extensions.resource_monitors.injected_resource.v3.InjectedResourceConfig",
        filename=f"./{_NO_PRESSURE}",  # Envoy watches the folder, and does not find it without one in the name
    )


def action() -> Message:
    """The overload manager's action."""
    shortened = {"timer": "HTTP_DOWNSTREAM_CONNECTION_IDLE", "min_timeout": seconds(_SHORTENED_SECONDS)}
    return {
        "name": "envoy.overload_actions.reduce_timeouts",
        "triggers": [{"name": _MONITOR, "threshold": {"value": 1.0}}],
        "typed_config": typed("config.overload.v3.ScaleTimersOverloadActionConfig", timer_scale_factors=[shortened]),
    }


_MONITOR = "envoy.resource_monitors.injected_resource"
