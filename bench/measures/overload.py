"""Three times as many calls as can be served: how many are served still, how soon health answers, and what memory it
takes."""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from bench import load
from bench.candidates import Endpoint
from bench.context import Bench
from bench.measure import MEBIBYTE, Figures, interleave
from bench.measures import calls
from bench.processes import pss_bytes
from bench.report import Goal, Section, Table

NOTE = (
    "A unary echo: first 64 calls in flight, which is the peak; then so many begun a second, whatever becomes of them,"
    " on 16 connections. Meanwhile somebody asks for health ten times a second, over a connection of its own."
)
TIMES = 3.0
CONNECTIONS = 16
MOST_IN_FLIGHT = 8_000
GOODPUT = 0.8
HEALTH_MS = 100.0
SETTLE_SECONDS = 3.0
"""What is not measured: the share to refuse is found in that time."""
HEALTH_PAUSE_SECONDS = 0.1
RECOVERY_SECONDS = 30.0


def measure(bench: Bench) -> Section:
    portico = bench.portico()
    rounds = interleave({portico.name: partial(_round, bench, portico)}, 1 if bench.quick else bench.rounds)
    shown = {name: rounds.median(portico.name, name) for name in rounds.figures[portico.name][0]}
    kept, health = shown["goodput over peak"], shown["health p99 ms"]
    goals = [
        Goal(f"goodput at {TIMES:g}x the peak", f">= {GOODPUT:g} of it", f"{kept:.2f}", kept >= GOODPUT),
        Goal("health answers meanwhile, p99", f"<= {HEALTH_MS:.0f} ms", f"{health:.0f} ms", health <= HEALTH_MS),
    ]
    return Section(NOTE, Table(("", ""), [[name, f"{value:,.2f}"] for name, value in shown.items()]), goals)


def _round(bench: Bench, portico: Endpoint) -> Figures:
    echo = calls.echo(bench.scratch)
    _wait_recovered(portico, echo)
    peak = load.run(portico, echo, seconds=bench.seconds, warm_seconds=0.5).calls_per_second
    before = _memory(portico)
    crowd = replace(echo, in_flight=MOST_IN_FLIGHT, connections=CONNECTIONS, rate=TIMES * peak)
    with _asking_for_health(portico) as waits_ms:
        result = load.run(portico, crowd, seconds=max(bench.seconds, 5.0), warm_seconds=SETTLE_SECONDS)
    return {
        "peak calls/s": peak,
        "begun calls/s": (result.calls + result.errors) / result.seconds,
        "goodput calls/s": result.calls_per_second,
        "goodput over peak": result.calls_per_second / peak,
        "refused share": result.errors / max(1, result.calls + result.errors),
        "not begun, too many in flight": float(result.unsent),
        "served: p50 ms": result.p50_us / 1e3,
        "served: p99 ms": result.p99_us / 1e3,
        "health p50 ms": statistics.median(waits_ms),
        "health p99 ms": sorted(waits_ms)[int(0.99 * (len(waits_ms) - 1))],
        "health max ms": max(waits_ms),
        "memory added MiB": _memory(portico) - before,
    }


def _wait_recovered(portico: Endpoint, echo: load.Load) -> None:
    """Until nothing is refused any more of what the round before has brought about. Raises LoadError."""
    end = time.monotonic() + RECOVERY_SECONDS
    while True:
        try:
            load.run(portico, echo, seconds=0.3, warm_seconds=0.1)
        except load.LoadError:
            if time.monotonic() > end:
                raise
        else:
            return


def _memory(endpoint: Endpoint) -> float:
    return sum(pss_bytes(pid) for pid in endpoint.processes().values()) / MEBIBYTE


@contextmanager
def _asking_for_health(endpoint: Endpoint) -> Iterator[list[float]]:
    """Asks again and again; milliseconds until the answers, those of the time in which the share is found left out."""
    files = endpoint.credentials
    credentials = grpc.ssl_channel_credentials(
        files.authority.read_bytes(), files.client_key.read_bytes(), files.client_certificate.read_bytes()
    )
    waits_ms: list[float] = []
    over = threading.Event()

    def ask() -> None:
        with grpc.secure_channel(f"127.0.0.1:{endpoint.port}", credentials) as channel:
            check = health_pb2_grpc.HealthStub(channel).Check
            settled = time.monotonic() + SETTLE_SECONDS
            while not over.wait(HEALTH_PAUSE_SECONDS):
                begin = time.monotonic()
                check(health_pb2.HealthCheckRequest(), timeout=30)
                if begin >= settled:
                    waits_ms.append((time.monotonic() - begin) * 1e3)

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        yield waits_ms
    finally:
        over.set()
        asking.join()
