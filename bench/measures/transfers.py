"""Memory of a platform while 50 clients move objects of 1 GiB by S3, each way, and while 50 stop reading."""

from __future__ import annotations

import os
import time
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.bucket import Bucket
from bench.candidates import portico
from bench.context import Bench
from bench.credentials import prepare
from bench.load import HttpLoad, write_requests
from bench.measure import MEBIBYTE, Figures, interleave
from bench.report import Goal, Section, Table
from bench.stores import Store, s3_door
from bench.transfers import memory_mib, stalled_downloads, watched_memory

CLIENTS = 50
SECONDS = 10.0
SETTLE_SECONDS = 2.0
"""For what a start leaves behind to be freed."""
WANTED_MIB = 100.0
KEY = "large"
DOWN, UP, STALLED, AFTER = "50 downloads", "50 uploads", "50 downloads that nobody reads", "two seconds after them"
NOTE = (
    f"Proportional set size of all processes of a platform of its own beyond what it had idle, the most that was seen:"
    f" {CLIENTS} clients at once, by S3 over HTTP/1.1 with TLS, each with an object of {{size:,}} MiB; they are cut off"
    f" after {SECONDS:g} s, so that the disk need not hold as much."
)


def measure(bench: Bench) -> Section:
    size_mib = 128 if bench.quick else 1024
    rounds = interleave({"": partial(_round, bench, size_mib)}, 1 if bench.quick else min(bench.rounds, 3))
    shown = {name: rounds.median("", name) for name in (STALLED, DOWN, UP, AFTER)}
    rates = {name: f"{rounds.median('', f'{name} MiB/s'):,.0f}" for name in (DOWN, UP)}
    rows = [[name, f"{mib:.0f}", rates.get(name, "")] for name, mib in shown.items()]
    goals = [
        Goal(f"memory added by {name}", f"<= {WANTED_MIB:.0f} MiB", f"{shown[name]:.0f} MiB", shown[name] <= WANTED_MIB)
        for name in (STALLED, DOWN, UP)
    ]
    return Section(NOTE.format(size=size_mib), Table(("", "MiB added", "MiB/s in all"), rows), goals)


def _round(bench: Bench, size_mib: int) -> Figures:
    with TemporaryDirectory(dir=bench.scratch) as folder:
        settings = portico.settings(Path(folder) / "data")
        credentials = prepare(settings, Path(folder) / "credentials")
        with portico.start(settings, credentials, Path(folder)) as endpoint:
            Bucket.create(endpoint)
            return _figures(s3_door(endpoint), Path(folder), size_mib)


def _figures(store: Store, folder: Path, size_mib: int) -> Figures:
    time.sleep(SETTLE_SECONDS)
    idle = memory_mib(store)
    path = f"{store.bucket}/{KEY}"
    store.under_load(_uploads(store, folder, [path], size_mib, calls=1), seconds=120, warm_seconds=0)
    with stalled_downloads(store, path, CLIENTS):
        stalled = memory_mib(store)
    with watched_memory(store) as down:
        requests = write_requests(folder / "down", [store.signer().request("GET", path)])
        read = store.under_load(HttpLoad(requests, CLIENTS, cut=True), SECONDS, warm_seconds=0)
    with watched_memory(store) as up:
        paths = [f"{path}-{number}" for number in range(CLIENTS)]
        written = store.under_load(_uploads(store, folder, paths, size_mib), SECONDS, warm_seconds=0)
    time.sleep(SETTLE_SECONDS)
    return {
        STALLED: stalled - idle,
        DOWN: max(down) - idle,
        UP: max(up) - idle,
        AFTER: memory_mib(store) - idle,
        f"{DOWN} MiB/s": read["received_mib_per_second"],
        f"{UP} MiB/s": written["sent_mib_per_second"],
    }


def _uploads(store: Store, folder: Path, paths: list[str], size_mib: int, calls: int = 0) -> HttpLoad:
    """One at a time of each path; `calls` of 0: until the time is over, and then no more of them."""
    block = folder / "block"
    block.write_bytes(os.urandom(MEBIBYTE))
    signer = store.signer()
    requests = write_requests(
        folder / "up", (signer.request("PUT", path, body_bytes=size_mib * MEBIBYTE) for path in paths)
    )
    return HttpLoad(requests, len(paths), calls, block, size_mib, cut=not calls)
