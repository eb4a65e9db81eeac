"""The doctor's look at the doors: the ports of a platform that does not run, the answers of one that does."""

from __future__ import annotations

import http.client
import socket
import ssl
from collections.abc import Iterable, Iterator
from pathlib import Path

from portico_server.host.supervisor.announcement import StartError
from portico_server.host.supervisor.check import Check
from portico_server.host.supervisor.commands import status
from portico_server.host.supervisor.liveness import is_alive
from portico_server.host.supervisor.port import ReservedPort
from portico_server.host.supervisor.state import ProcessState
from portico_server.platform.settings import Settings
from portico_server.platform.settings_rules import address

PATIENCE_SECONDS = 3.0


def port(settings: Settings) -> Iterator[Check]:
    """Whether the addresses are free or, where the platform runs, whether it answers there."""
    running = status(settings)
    if not running.running:
        yield _is_free("port", settings.listen, "--listen", settings)
        for name, key, option in (
            ("web", "web_listen", "--web-listen"),
            ("S3", "s3_listen", "--s3-listen"),
            ("mesh", "mesh_listen", "--set mesh_listen="),
            ("metrics", "metrics_listen", "--set metrics_listen="),
        ):
            if listen := getattr(settings, key):
                yield _is_free(f"{name} port", listen, option, settings)
        return
    yield _answers("port", running.address, settings)
    if running.web_address:
        yield _answers("web port", running.web_address, settings)
    if running.s3_address:
        yield _answers("S3 port", running.s3_address, settings)
    yield from _processes(running.processes, settings)
    if settings.metrics_listen:
        yield _accepts("metrics port", settings.metrics_listen, settings)


def _is_free(name: str, listen: str, option: str, settings: Settings) -> Check:
    try:
        reserved = ReservedPort(*address(listen), option=option)
    except StartError as error:
        return Check(name, False, str(error), f"Stop that process, or choose another address with {option}.")
    reserved.close()
    return Check(name, True, f"{listen} is free; no platform runs on {settings.data}")


def _answers(name: str, where: str, settings: Settings) -> Check:
    remedy = f"Look into {settings.data / 'logs'}; then: portico down; portico up"
    if not where:
        return Check(name, False, "the platform runs, but is not ready", remedy)
    try:
        _ask(where, settings)
    except (OSError, http.client.HTTPException) as error:
        return Check(name, False, f"the platform runs, but {where} does not answer: {error}", remedy)
    return Check(name, True, f"the platform answers at {where}")


def _processes(processes: Iterable[ProcessState], settings: Settings) -> Iterator[Check]:
    """Those that are ready, each asked by itself: at the doors others may have answered."""
    for process in processes:
        if process.phase == "ready" and is_alive(settings.run / process.name, PATIENCE_SECONDS) is False:
            detail = f"it lives (process {process.pid}), but does not answer at its control socket"
            remedy = f"Look into {settings.data / 'logs'}; then: portico down; portico up"
            yield Check(f"process {process.name}", False, detail, remedy)


def _accepts(name: str, where: str, settings: Settings) -> Check:
    host, port = address(where)
    try:
        socket.create_connection((host, port), timeout=PATIENCE_SECONDS).close()
    except OSError as error:
        remedy = f"Was it started with other settings? Look into {settings.data / 'logs'}."
        return Check(name, False, f"the platform runs, but nothing listens at {where}: {error.strerror}", remedy)
    return Check(name, True, f"somebody listens at {where}")


def _ask(where: str, settings: Settings) -> None:
    """One request, as a client sends it: any answer will do. Raises OSError or HTTPException."""
    from portico_server.host.supervisor.profile import profile_folder

    host, _, number = where.rpartition(":")
    folder = profile_folder(settings.data)
    certificate, key = folder / "client.pem", folder / "client.key"
    connection = http.client.HTTPConnection(where, timeout=PATIENCE_SECONDS)
    with socket.create_connection((host.strip("[]"), int(number)), timeout=PATIENCE_SECONDS) as plain:
        if not all((folder / name).exists() for name in ("client.pem", "client.key", "ca.pem")):
            return  # somebody listens; more than that only a client learns
        context = _context(folder / "ca.pem", certificate, key)
        # Every node's certificate is for the loopback address, whatever address is asked.
        with context.wrap_socket(plain, server_hostname="127.0.0.1") as connection.sock:
            connection.request("GET", "/")
            connection.getresponse()


def _context(authority: Path, certificate: Path, key: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=authority)
    context.load_cert_chain(certificate, key)
    return context
