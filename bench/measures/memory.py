"""Memory of a platform that has just started and does nothing, and what idle connections add."""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.candidates import Endpoint, portico
from bench.context import Bench
from bench.credentials import prepare
from bench.load import idle_connections
from bench.measure import MEBIBYTE, Figures, interleave
from bench.measures import calls
from bench.processes import pss_bytes
from bench.report import Goal, Section, Table

NOTE = (
    "Proportional set size of every process of a platform of its own, on SQLite, without and with 1,000 idle"
    " connections (TLS with client certificate, HTTP/2)."
)
CONNECTIONS = 1000
IDLE_MIB, ADDED_MIB = 250.0, 60.0
SETTLE_SECONDS = 2.0
"""For what a start leaves behind to be freed."""


def measure(bench: Bench) -> Section:
    rounds = interleave({"Portico": partial(_round, bench)}, 1 if bench.quick else bench.rounds)
    shown = {name: rounds.median("Portico", name) for name in rounds.figures["Portico"][0]}
    idle, added = shown["all, idle"], shown["all, with connections"] - shown["all, idle"]
    goals = [
        Goal("idle memory in all", f"<= {IDLE_MIB:.0f} MiB", f"{idle:.0f} MiB", idle <= IDLE_MIB),
        Goal("added by 1,000 idle connections", f"<= {ADDED_MIB:.0f} MiB", f"{added:.0f} MiB", added <= ADDED_MIB),
    ]
    return Section(NOTE, Table(("PSS", "MiB"), [[name, f"{mib:.0f}"] for name, mib in shown.items()]), goals)


def _round(bench: Bench) -> Figures:
    with TemporaryDirectory(dir=bench.scratch) as folder:
        settings = portico.settings(Path(folder) / "data")
        credentials = prepare(settings, Path(folder) / "credentials")
        with portico.start(settings, credentials, Path(folder)) as endpoint:
            time.sleep(SETTLE_SECONDS)
            idle = _memory(endpoint)
            with idle_connections(endpoint, calls.echo(bench.scratch), CONNECTIONS):
                held = _memory(endpoint)
    return {
        **{f"{name}, idle": mib for name, mib in idle.items()},
        "all, idle": sum(idle.values()),
        "all, with connections": sum(held.values()),
    }


def _memory(endpoint: Endpoint) -> Figures:
    return {name: pss_bytes(pid) / MEBIBYTE for name, pid in endpoint.processes().items()}
