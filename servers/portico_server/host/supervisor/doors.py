"""The doors of a platform: their ports reserved, for as long as it runs."""

from __future__ import annotations

from contextlib import ExitStack

from portico_server.host.envoy import Door
from portico_server.host.supervisor.announcement import StartError
from portico_server.host.supervisor.port import ReservedPort
from portico_server.platform.settings import Settings


def reserve(settings: Settings, stack: ExitStack) -> tuple[Settings, list[Door]]:
    """The settings with the ports that the system chose where they say 0, and the doors; the API door is the first.
    The ports are given up when the stack is closed. Raises StartError."""
    api = ReservedPort(*settings.listen_address)
    stack.callback(api.close)
    doors = [Door(api.address, api.port, client_certificate=settings.client_certificates == "required")]
    settings = settings.replace(listen=str(api))
    if (address := settings.web_address) is not None:
        _refuse_same_port(api.port, address[1])
        web = ReservedPort(*address, option="--web-listen")
        stack.callback(web.close)
        _refuse_same_port(api.port, web.port)
        doors.append(Door(web.address, web.port, client_certificate=False, web=True))
        settings = settings.replace(web_listen=str(web))
    return settings, doors


def _refuse_same_port(api: int, web: int) -> None:
    """Doors are told apart by their port alone: on the same one the API door would ask for no certificate either, even
    where the addresses differ."""
    if api == web:
        raise StartError(
            f"listen and web_listen are both on port {web}: give the web door another, or none: portico up"
            f" --web-listen 127.0.0.1:{web + 1000 if web < 64000 else 9443}"
        )
