"""The doctor's look at the door: the port of a platform that does not run, the answer of one that does."""

from __future__ import annotations

import http.client
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

from portico_server.host.supervisor.announcement import StartError
from portico_server.host.supervisor.check import Check
from portico_server.host.supervisor.commands import status
from portico_server.host.supervisor.liveness import is_alive
from portico_server.host.supervisor.port import ReservedPort
from portico_server.platform.settings import Settings

PATIENCE_SECONDS = 3.0


def port(settings: Settings) -> Iterator[Check]:
    """Whether the address is free or, where the platform runs, whether it answers there."""
    running = status(settings)
    if running.running:
        yield _answers(running.address, settings)
        return
    try:
        reserved = ReservedPort(*settings.listen_address)
    except StartError as error:
        yield Check("port", False, str(error), "Stop that process, or choose another address with --listen.")
    else:
        reserved.close()
        yield Check("port", True, f"{settings.listen} is free; no platform runs on {settings.data}")


def _answers(address: str, settings: Settings) -> Check:
    remedy = f"Look into {settings.data / 'logs'}; then: portico down; portico up"
    if not address:
        return Check("port", False, "the platform runs, but is not ready", remedy)
    try:
        _ask(address, settings)
    except (OSError, http.client.HTTPException) as error:
        return Check("port", False, f"the platform runs, but {address} does not answer: {error}", remedy)
    if is_alive(settings.run, PATIENCE_SECONDS) is False:
        return Check("port", False, f"the platform answers at {address}, but not at its control socket", remedy)
    return Check("port", True, f"the platform answers at {address}")


def _ask(address: str, settings: Settings) -> None:
    """One request, as a client sends it: any answer will do. Raises OSError or HTTPException."""
    from portico_server.host.supervisor.profile import profile_folder

    host, _, number = address.rpartition(":")
    folder = profile_folder(settings.data)
    certificate, key = folder / "client.pem", folder / "client.key"
    connection = http.client.HTTPConnection(address, timeout=PATIENCE_SECONDS)
    with socket.create_connection((host.strip("[]"), int(number)), timeout=PATIENCE_SECONDS) as plain:
        if not (certificate.exists() and key.exists()):
            return  # somebody listens; more than that only a client learns
        context = _context(settings.data / "keys" / "authority.pem", certificate, key)
        # Every node's certificate is for the loopback address, whatever address is asked.
        with context.wrap_socket(plain, server_hostname="127.0.0.1") as connection.sock:
            connection.request("GET", "/")
            connection.getresponse()


def _context(authority: Path, certificate: Path, key: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=authority)
    context.load_cert_chain(certificate, key)
    return context
