"""The front: Envoy with Python inside. Its configuration, start, readiness and end."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
from pathlib import Path

from portico_server.host.embedding import Embedding
from portico_server.host.envoy import Door, WatchedFiles, descriptors, jwt, render_bootstrap, routes, tls
from portico_server.host.envoy.bootstrap import DESCRIPTORS
from portico_server.host.run_folder import ADMIN_SOCKET, CONTROL_SOCKET, DRAINING_FILE, FAILURE_FILE, READY_FILE
from portico_server.host.start_failure import told
from portico_server.host.supervisor import admin
from portico_server.host.supervisor.child import Child
from portico_server.host.supervisor.liveness import until_unresponsive
from portico_server.host.supervisor.logs import BoundedLog
from portico_server.platform.keyring import Keyring
from portico_server.platform.keyring.keyring import KeyPair
from portico_server.platform.private_files import replace_file
from portico_server.platform.settings import Settings

CONFIGURATION = "envoy.json"
SETTINGS_FILE = "settings.json"

_POLL_SECONDS = 0.01
_SHUTDOWN_SECONDS = 10.0
_GOAWAY_SECONDS = 1
_LOG_LEVELS = {"debug": "debug", "info": "warning", "warning": "warning", "error": "error"}
"""Envoy's level for each of ours: its `info` tells of every start at length."""


class Front:
    """Starts the front, again and again if need be; one process at a time."""

    def __init__(self, settings: Settings, doors: list[Door], embedding: Embedding, application: str) -> None:
        self._settings = settings
        self._run = settings.run
        self._doors = doors
        self._embedding = embedding
        self._application = application
        self._watched = WatchedFiles(self._run / "watched")
        self.log = BoundedLog(settings.data / "logs" / "front.log")

    def configure(self) -> None:
        """Writes all that Envoy and the application read, but for keys and certificates. Raises DescriptorError."""
        contracts = descriptors.merge(self._settings.extra_descriptors)
        self._watched.write(routes.ROUTES, routes.routes(web_origins=self._settings.web_origins))
        bootstrap = render_bootstrap(self._settings, self._doors, self._watched, contracts, self._embedding)
        replace_file(self._run / DESCRIPTORS, contracts.content)
        replace_file(self._run / CONFIGURATION, json.dumps(bootstrap, indent=1).encode())
        replace_file(self._run / SETTINGS_FILE, self._settings.to_json().encode())

    def use_keys(self, keyring: Keyring) -> None:
        """Puts the authority and the token keys in force, also in a front that runs; no connection is dropped."""
        self._watched.write(tls.AUTHORITY, tls.authority(keyring.authority_pem))
        self._watched.write(jwt.RULES, jwt.token_rules(keyring.trust_domain, keyring.jwks()))

    def use_certificate(self, pair: KeyPair) -> None:
        """Puts a node certificate in force, also in a front that runs; no connection is dropped."""
        self._watched.write(tls.NODE, tls.node_certificate(pair))

    async def start(self) -> Child:
        """Starts the process; it is not ready yet."""
        for name in (READY_FILE, FAILURE_FILE, DRAINING_FILE, ADMIN_SOCKET, CONTROL_SOCKET):
            (self._run / name).unlink(missing_ok=True)
        ours = {"PORTICO_SETTINGS_FILE": str(self._run / SETTINGS_FILE), "PORTICO_APPLICATION": self._application}
        environment = self._embedding.environment({**os.environ, **ours})
        return await Child.start(self._command(), self._run, environment, self.log)

    async def wait_ready(self, child: Child) -> bool:
        """Waits until calls are answered; False if it ended first. It may take its time: it may have to migrate."""
        while child.alive:
            if await self._is_ready(child.pid):
                return True
            await asyncio.sleep(_POLL_SECONDS)
        return False

    async def wait_end(self, child: Child) -> str:
        """Waits until a ready process is gone, or answers no more and is ended for that; says how, for people."""
        patience_seconds = self._settings.unresponsive_seconds
        end = asyncio.create_task(child.wait())
        silence = asyncio.create_task(until_unresponsive(self._run, patience_seconds))
        try:
            await asyncio.wait((end, silence), return_when=asyncio.FIRST_COMPLETED)
            if end.done():
                return end.result()
            child.kill()
            return f"did not answer for {patience_seconds:g} s and {await child.wait()}"
        finally:
            end.cancel()
            silence.cancel()

    def why_not_started(self) -> str:
        """What the front itself said why it cannot start, in a sentence; empty where it said nothing."""
        return told(self._run)

    async def stop(self, child: Child) -> None:
        """Lets calls in flight end, for `drain_seconds` at most, then ends the process."""
        (self._run / DRAINING_FILE).touch(mode=0o600)
        with contextlib.suppress(admin.AdminError, TimeoutError):
            await admin.drain(self._run)
            async with asyncio.timeout(self._settings.drain_seconds):
                while child.alive and await admin.active_requests(self._run):  # noqa: ASYNC110 - nobody tells us
                    await asyncio.sleep(_POLL_SECONDS)
        await child.stop(_SHUTDOWN_SECONDS)

    def _command(self) -> list[str | Path]:
        options = {
            "--config-path": CONFIGURATION,
            "--concurrency": str(self._settings.envoy_threads),
            "--log-level": _LOG_LEVELS[self._settings.log_level],
            "--drain-strategy": "immediate",
            "--drain-time-s": str(_GOAWAY_SECONDS),
        }
        arguments = [part for option in options.items() for part in option]
        return [self._embedding.envoy, *arguments, "--disable-hot-restart"]

    async def _is_ready(self, pid: int) -> bool:
        try:
            if (self._run / READY_FILE).read_text().strip() != str(pid):
                return False
        except FileNotFoundError:
            return False
        if not await admin.is_ready(self._run):
            return False
        for door in self._doors:
            try:
                _, writer = await asyncio.open_connection(door.address, door.port)
            except OSError:
                return False
            writer.close()
        return True
