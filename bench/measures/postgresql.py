"""Puts of 1 KiB on PostgreSQL: one host process, and three that share the doors."""

from __future__ import annotations

from functools import partial

from bench.context import Bench
from bench.load import Load
from bench.measure import CPU, interleave, under_load
from bench.measures import objects
from bench.report import Goal, Section, Table
from tests.harness.postgresql import fresh_database, postgresql_server

NOTE = (
    "Puts of new objects of 1 KiB, 64 in flight, by gRPC through the door with everything on, on a PostgreSQL of the"
    " same machine that syncs each commit; beside it the same on SQLite."
)
ONE, THREE, SQLITE = "PostgreSQL, one worker", "PostgreSQL, three workers", "SQLite"
PUTS_A_SECOND = 1200.0


def measure(bench: Bench) -> Section:
    server = bench.stack.enter_context(postgresql_server(durable=True))
    candidates = {
        ONE: bench.variant(ONE, database=fresh_database(server)),
        THREE: bench.variant(THREE, database=fresh_database(server), workers=3),
        SQLITE: bench.portico(),
    }

    def load(name: str) -> Load:
        return objects.puts(bench, candidates[name])

    cells = {
        name: (lambda name=name, it=it: partial(under_load, it, load(name), bench.seconds)())
        for name, it in candidates.items()
    }
    rounds = interleave(cells, bench.rounds)
    rows = [
        [
            name,
            f"{rounds.median(name, 'calls_per_second'):,.0f}",
            f"{rounds.median(name, 'p50_us') / 1e3:.2f}",
            f"{rounds.median(name, 'p99_us') / 1e3:.2f}",
            f"{rounds.median(name, CPU):.0f}",
        ]
        for name in cells
    ]
    reached = rounds.median(ONE, "calls_per_second")
    goals = [
        Goal("1 KiB put on PostgreSQL", f">= {PUTS_A_SECOND:,.0f}/s", f"{reached:,.0f}/s", reached >= PUTS_A_SECOND)
    ]
    return Section(NOTE, Table(("", "puts/s", "p50 ms", "p99 ms", "CPU us a put (without PostgreSQL)"), rows), goals)
