"""What runs, as a file for `portico status`: data/run/supervisor.json."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from portico_server.platform.private_files import replace_file

SUPERVISOR_SOCKET = "supervisor.sock"
"""Where the supervisor is asked to do something, in the platform's run folder."""
RESTART = "/restart"
"""Replaces all processes, one after the other; answers a sentence about what went wrong, or nothing."""
RELOAD = "/reload"
"""Reads the keys again and puts them in force; answers a sentence about what went wrong, or nothing."""


@dataclass(frozen=True, slots=True)
class ProcessState:
    """A process that the supervisor keeps running. `started_at` is seconds since 1970; `restarts` counts deaths since
    `up`; `phase` is starting, ready, restarting or stopping."""

    name: str
    pid: int
    started_at: float
    restarts: int
    phase: str = "ready"


@dataclass(frozen=True, slots=True)
class State:
    """A supervisor. Addresses are empty until the platform is ready, those of the web door and the S3 door also without
    one; `started_at` is seconds since 1970; `problems` are what is wrong though it goes on, by what is at fault."""

    pid: int
    address: str
    started_at: float
    processes: tuple[ProcessState, ...] = ()
    web_address: str = ""
    problems: dict[str, str] = field(default_factory=dict)
    s3_address: str = ""


def write_state(run: Path, state: State) -> None:
    replace_file(run / "supervisor.json", json.dumps(asdict(state), indent=2).encode())


def read_state(run: Path) -> State | None:
    """What was last written; it may be of a supervisor that is gone. None where there is nothing readable."""
    try:
        fields = json.loads((run / "supervisor.json").read_text())
        processes = tuple(ProcessState(**process) for process in fields.pop("processes"))
        return State(**fields, processes=processes)
    except (OSError, ValueError, TypeError, KeyError):
        return None
