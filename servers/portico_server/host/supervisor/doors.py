"""The doors of a platform: their ports reserved, for as long as it runs."""

from __future__ import annotations

import itertools
from contextlib import ExitStack

from portico_server.host.envoy import Door
from portico_server.host.supervisor.announcement import StartError
from portico_server.host.supervisor.port import ReservedPort
from portico_server.platform.settings import Settings

_ANY_LOCAL_PORT = "127.0.0.1:0"


def reserve(settings: Settings, stack: ExitStack) -> tuple[Settings, list[Door]]:
    """The settings with the ports that the system chose where they say 0, and the doors; the API door is the first.
    The ports are given up when the stack is closed. Raises StartError."""
    api = ReservedPort(*settings.listen_address)
    stack.callback(api.close)
    doors = [Door(api.address, api.port, client_certificate=settings.client_certificates == "required")]
    settings = settings.replace(listen=str(api))
    if (address := settings.web_address) is not None:
        web = ReservedPort(*address, option="--web-listen")
        stack.callback(web.close)
        doors.append(Door(web.address, web.port, client_certificate=False, web=True))
        settings = settings.replace(web_listen=str(web))
    if settings.processes and not settings.mesh_listen:  # by which they reach what the front serves
        settings = settings.replace(mesh_listen=_ANY_LOCAL_PORT)
    if (address := settings.mesh_address) is not None:
        mesh = ReservedPort(*address, option="--set mesh_listen=")
        stack.callback(mesh.close)
        doors.append(Door(mesh.address, mesh.port, client_certificate=True, nodes=True))
        settings = settings.replace(mesh_listen=str(mesh))
    _refuse_same_port(doors)
    return settings, doors


def _refuse_same_port(doors: list[Door]) -> None:
    """Doors are told apart by their port alone: on the same one the API door would ask for no certificate either, even
    where the addresses differ."""
    for one, other in itertools.combinations(doors, 2):
        if one.port == other.port:
            setting, option = ("web_listen", "--web-listen ") if other.web else ("mesh_listen", "--set mesh_listen=")
            raise StartError(
                f"{'web_listen' if one.web else 'listen'} and {setting} are both on port {one.port}: give the second"
                f" one another, or none: portico up {option}127.0.0.1:{one.port + 1000 if one.port < 64000 else 9443}"
            )
