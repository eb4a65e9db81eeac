"""A unary call over the ways to place and host a product, and with every span recorded."""

from __future__ import annotations

from functools import partial

from bench.candidates import Endpoint
from bench.context import Bench
from bench.measure import CPU, interleave, under_load
from bench.measures import calls
from bench.report import Goal, Section, Table

NOTE = (
    "The unary echo of above, 64 in flight, everything on: served in the front; in the front with the spans of every"
    " call recorded and 1 % kept; in a process of its own behind the front; by the plain host (`grpc.aio` behind the"
    " same Envoy)."
)
ALL_SPANS, APART, PLAIN = "Portico, every span recorded", "Portico, own process", "Portico, plain host"
GOALS = {ALL_SPANS: 2.0, APART: 1.8}
"""Times `grpc.aio` with TLS."""


def measure(bench: Bench) -> Section:
    candidates = [
        bench.portico(),
        bench.variant(ALL_SPANS, spans="all"),
        bench.variant(APART, processes=("testing",)),
        bench.variant(PLAIN, host="plain"),
        bench.grpc_aio(),
    ]
    echo = calls.echo(bench.scratch)
    rounds = interleave({it.name: partial(under_load, it, echo, bench.seconds) for it in candidates}, bench.rounds)
    base = bench.grpc_aio().name

    def row(candidate: Endpoint) -> list[str]:
        name = candidate.name
        return [
            name,
            f"{rounds.median(name, 'calls_per_second'):,.0f}",
            f"{rounds.ratio(name, base, 'calls_per_second'):.2f}x",
            f"{rounds.median(name, 'p50_us') / 1e3:.2f}",
            f"{rounds.median(name, 'p99_us') / 1e3:.2f}",
            f"{rounds.median(name, CPU):.0f}",
        ]

    goals = []
    for name, wanted in GOALS.items():
        reached = rounds.ratio(name, base, "calls_per_second")
        goals.append(Goal(f"{name}, over grpc.aio + TLS", f">= {wanted:g}x", f"{reached:.2f}x", reached >= wanted))
    plain = rounds.ratio(PLAIN, base, "calls_per_second")
    goals.append(Goal(f"{PLAIN}, over grpc.aio + TLS", "", f"{plain:.2f}x", None))
    columns = ("", "calls/s", "over grpc.aio + TLS", "p50 ms", "p99 ms", "CPU us a call")
    return Section(NOTE, Table(columns, [row(candidate) for candidate in candidates]), goals)
