"""What runs as the platform's processes: Envoy with Python inside or beside it, behind the doors or behind a front."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from portico_server.host.envoy import Door, WatchedFiles, idle, render_bootstrap, render_inner_bootstrap
from portico_server.host.envoy.bootstrap import DESCRIPTORS
from portico_server.host.envoy.descriptors import Contracts
from portico_server.host.envoy.message import Message
from portico_server.host.envoy.upstreams import upstreams
from portico_server.host.hosts import Host
from portico_server.platform.placement import Placement, fronts
from portico_server.platform.settings import Settings

CONFIGURATION = "envoy.json"
SETTINGS_FILE = "settings.json"

_GOAWAY_SECONDS = 1
_LOG_LEVELS = {"debug": "debug", "info": "warning", "warning": "warning", "error": "error"}
"""Envoy's level for each of ours: its `info` tells of every start at length."""


@dataclass(frozen=True, slots=True)
class Program:
    """One process of the platform. `files` are written into its folder before it starts there; `doors` are where it
    must answer to be ready. `hands_over`: whether it can hand its listening sockets to the process that takes its
    place."""

    name: str
    files: Mapping[str, bytes]
    command: Sequence[str | Path]
    environment: Mapping[str, str]
    doors: Sequence[Door] = ()
    hands_over: bool = False


class Programs:
    """Makes the programs of a platform. All fronts are alike but for their names."""

    def __init__(self, settings: Settings, watched: WatchedFiles, host: Host, application: str) -> None:
        self._settings = settings
        self._watched = watched
        self._host = host
        self._application = application

    def fronts(self, doors: Sequence[Door], contracts: Contracts) -> list[Program]:
        """Those behind the doors."""
        elsewhere = upstreams(Placement(self._settings))
        bootstrap = render_bootstrap(self._settings, doors, self._watched, contracts, self._host.embedding, elsewhere)
        files = {DESCRIPTORS: contracts.content}
        return [self._program(name, bootstrap, files, doors) for name in fronts(self._settings)]

    def products(self) -> list[Program]:
        """Those behind the fronts, one for each product with a process of its own."""
        bootstrap = render_inner_bootstrap(self._settings, self._watched, self._host.embedding)
        return [self._program(name, bootstrap, {}, ()) for name in self._settings.processes]

    def _program(self, name: str, bootstrap: Message, files: Mapping[str, bytes], doors: Sequence[Door]) -> Program:
        # Paths are relative to the folder that the process is started in.
        ours = {
            "PORTICO_SETTINGS_FILE": SETTINGS_FILE,
            "PORTICO_APPLICATION": self._application,
            "PORTICO_PROCESS": name,
        }
        own = {
            **idle.FILES,
            CONFIGURATION: json.dumps(bootstrap, indent=1).encode(),
            SETTINGS_FILE: self._settings.to_json().encode(),
        }
        environment = self._host.environment({**os.environ, **ours})
        return Program(name, {**files, **own}, self._command(), environment, doors, bool(doors) and self._hands_over)

    @property
    def _hands_over(self) -> bool:
        """Two processes side by side need PostgreSQL (see `supervise`); who is still connected is seen in /proc, of
        Envoy's own process."""
        embedded = self._host.embedding is not None
        return embedded and self._settings.database != "sqlite" and sys.platform == "linux"

    def _command(self) -> list[str | Path]:
        options = {
            "--config-path": CONFIGURATION,
            "--concurrency": str(self._settings.envoy_threads),
            "--log-level": _LOG_LEVELS[self._settings.log_level],
            "--drain-strategy": "immediate",
            "--drain-time-s": str(_GOAWAY_SECONDS),
        }
        arguments = [part for option in options.items() for part in option]
        return self._host.command(arguments)
