"""The doors of a platform: their ports reserved, for as long as it runs."""

from __future__ import annotations

import itertools
from contextlib import ExitStack

from portico_server.host.envoy import Door
from portico_server.host.envoy.descriptors import Contracts
from portico_server.host.envoy.faces import face_doors
from portico_server.host.supervisor.announcement import StartError
from portico_server.host.supervisor.port import ReservedPort
from portico_server.platform.settings import Settings

_ANY_LOCAL_PORT = "127.0.0.1:0"


def reserve(settings: Settings, contracts: Contracts, stack: ExitStack) -> tuple[Settings, list[Door]]:
    """The settings with the ports that the system chose where they say 0, and the doors; the API door is the first.
    The ports are given up when the stack is closed. Raises StartError."""
    _refuse_same_ports(settings)
    api = ReservedPort(*settings.listen_address)
    stack.callback(api.close)
    doors = [Door(api.address, api.port, client_certificate=settings.client_certificates == "required")]
    settings = settings.replace(listen=str(api))
    if (address := settings.web_address) is not None:
        web = ReservedPort(*address, option="--web-listen")
        stack.callback(web.close)
        doors.append(Door(web.address, web.port, client_certificate=False, web=True))
        settings = settings.replace(web_listen=str(web))
    faces = {door.name for door in face_doors(settings, contracts)}
    if "s3" not in faces:
        settings = settings.replace(s3_listen="")
    elif (address := settings.s3_address) is not None:
        s3 = ReservedPort(*address, option="--s3-listen")
        stack.callback(s3.close)
        doors.append(Door(s3.address, s3.port, client_certificate=False, face="s3"))
        settings = settings.replace(s3_listen=str(s3))
    if settings.processes and not settings.mesh_listen:  # by which they reach what the front serves
        settings = settings.replace(mesh_listen=_ANY_LOCAL_PORT)
    if (address := settings.mesh_address) is not None:
        mesh = ReservedPort(*address, option="--set mesh_listen=")
        stack.callback(mesh.close)
        doors.append(Door(mesh.address, mesh.port, client_certificate=True, nodes=True))
        settings = settings.replace(mesh_listen=str(mesh))
    return settings, doors


def _refuse_same_ports(settings: Settings) -> None:
    """Doors are told apart by their port alone: on the same one the API door would ask for no certificate either, even
    where the addresses differ. Those that the system chooses (0) differ by themselves."""
    listening = {
        "listen": settings.listen_address,
        "web_listen": settings.web_address,
        "s3_listen": settings.s3_address,
        "mesh_listen": settings.mesh_address,
    }
    ports = {setting: address[1] for setting, address in listening.items() if address is not None and address[1]}
    for (one, port), (other, second) in itertools.combinations(ports.items(), 2):
        if port == second:
            option = f"--set {other}=" if other == "mesh_listen" else f"--{other.replace('_', '-')} "
            raise StartError(
                f"{one} and {other} are both on port {port}: give the second one another, or none: "
                f"portico up {option}127.0.0.1:{port + 1000 if port < 64000 else 9443}"
            )
