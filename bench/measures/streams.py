"""Streams of 1 MiB messages, both ways."""

from __future__ import annotations

from functools import partial

from bench.context import Bench
from bench.load import Load
from bench.measure import MEBIBYTE, Rounds, interleave, under_load
from bench.measures import calls
from bench.report import Goal, Section, Table

NOTE = (
    "One stream at a time of 64 messages of 1 MiB, from memory. The generator's share of a processor is told, because"
    " at this rate decryption alone takes most of one."
)
MESSAGES = 64
FASTER_THAN_GRPC_AIO = 2.0
AT_LEAST_MIB_PER_SECOND = 500.0


def measure(bench: Bench) -> Section:
    down = _rounds(bench, calls.responses(bench.scratch, MEBIBYTE, MESSAGES))
    up = _rounds(bench, calls.requests(bench.scratch, MEBIBYTE, MESSAGES))
    portico, aio = bench.portico().name, bench.grpc_aio().name
    ratio = down.ratio(portico, aio, "received_mib_per_second")
    rate = down.median(portico, "received_mib_per_second")
    ratio_up = up.ratio(portico, aio, "sent_mib_per_second")
    goals = [
        Goal("1 MiB response streaming over grpc.aio + TLS", f">= {FASTER_THAN_GRPC_AIO:g}x", f"{ratio:.2f}x",
             ratio >= FASTER_THAN_GRPC_AIO),
        Goal("1 MiB response streaming", f">= {AT_LEAST_MIB_PER_SECOND:.0f} MiB/s", f"{rate:,.0f} MiB/s",
             rate >= AT_LEAST_MIB_PER_SECOND),
        Goal("1 MiB request streaming over grpc.aio + TLS", "", f"{ratio_up:.2f}x", None),
    ]  # fmt: skip
    return Section(NOTE, _table(bench, down, up), goals)


def _rounds(bench: Bench, load: Load) -> Rounds:
    candidates = [bench.portico(), bench.hosted(), bench.grpc_aio()]
    return interleave({it.name: partial(under_load, it, load, bench.seconds) for it in candidates}, bench.rounds)


def _table(bench: Bench, down: Rounds, up: Rounds) -> Table:
    columns = ("", "responses MiB/s", "CPU us a MiB", "generator's share", "requests MiB/s", "CPU us a MiB")
    rows = [
        [
            name,
            f"{down.median(name, 'received_mib_per_second'):,.0f}",
            f"{down.median(name, 'cpu_us') / MESSAGES:,.0f}",
            f"{down.median(name, 'generator_share'):.0%}",
            f"{up.median(name, 'sent_mib_per_second'):,.0f}",
            f"{up.median(name, 'cpu_us') / MESSAGES:,.0f}",
        ]
        for name in down.figures
    ]
    return Table(columns, rows)
