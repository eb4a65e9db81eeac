"""How long a platform takes from its command to its first answered call, on an empty data directory and again."""

from __future__ import annotations

import dataclasses
import time
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from bench import load
from bench.candidates import portico
from bench.context import Bench
from bench.credentials import Credentials, prepare
from bench.measure import Figures, interleave
from bench.measures import calls
from bench.report import Goal, Section, Table

NOTE = (
    "From the command to the first answered call: with an empty data directory (keys, databases and profile are made),"
    " and again on the same one."
)
FIRST_SECONDS, WARM_SECONDS = 8.0, 3.0


def measure(bench: Bench) -> Section:
    rounds = interleave({"Portico": partial(_round, bench)}, bench.rounds)
    first, warm = (rounds.median("Portico", name) for name in ("first", "warm"))
    goals = [
        Goal("first start", f"<= {FIRST_SECONDS:g} s", f"{first:.2f} s", first <= FIRST_SECONDS),
        Goal("warm start", f"<= {WARM_SECONDS:g} s", f"{warm:.2f} s", warm <= WARM_SECONDS),
    ]
    return Section(NOTE, Table(("first start s", "warm start s"), [[f"{first:.2f}", f"{warm:.2f}"]]), goals)


def _round(bench: Bench) -> Figures:
    with TemporaryDirectory(dir=bench.scratch) as folder:
        return {name: _start_seconds(bench, Path(folder)) for name in ("first", "warm")}


def _start_seconds(bench: Bench, folder: Path) -> float:
    """The client's credentials come of the keyring that the start makes: they are prepared between, off the clock."""
    settings = portico.settings(folder / "data")
    echo = calls.echo(bench.scratch, in_flight=1)
    begin = time.perf_counter()
    with portico.start(settings, Credentials(folder / "credentials"), folder) as endpoint:
        ready = time.perf_counter()
        prepare(settings, folder / "credentials")
        first = load.run(endpoint, dataclasses.replace(echo, calls=1), seconds=FIRST_SECONDS, warm_seconds=0)
        return ready - begin + first.seconds
