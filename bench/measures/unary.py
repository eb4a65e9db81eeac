"""A unary call: how many a second with 64 in flight, what each costs, and what the pipeline adds to the time of one."""

from __future__ import annotations

from functools import partial

from bench.candidates import Endpoint
from bench.context import Bench
from bench.measure import CPU, Rounds, interleave, under_load
from bench.measures import calls
from bench.report import Goal, Section, Table

NOTE = (
    "A unary echo of a few bytes, 64 calls in flight on 4 connections; then one call at a time. *Hosted* is the same"
    " Envoy configuration and adapter with no pipeline between; `grpc.aio` has TLS and checks nothing, neither"
    " certificate nor token."
)
FASTER_THAN_GRPC_AIO = 3.0
FASTER_THAN_ENVOY_JWT = 4.0
PIPELINE_US = 150.0


def measure(bench: Bench) -> Section:
    candidates = [bench.portico(), bench.hosted(), bench.grpc_aio(), bench.envoy_jwt()]
    many = _rounds(bench, candidates, calls.IN_FLIGHT)
    one = _rounds(bench, candidates, 1)
    return Section(NOTE, _table(candidates, many, one), _goals(bench, many, one))


def _rounds(bench: Bench, candidates: list[Endpoint], in_flight: int) -> Rounds:
    echo = calls.echo(bench.scratch, in_flight)
    return interleave({it.name: partial(under_load, it, echo, bench.seconds) for it in candidates}, bench.rounds)


def _table(candidates: list[Endpoint], many: Rounds, one: Rounds) -> Table:
    columns = ("", "calls/s", "p50 ms", "p99 ms", "CPU us a call", "by process", "one at a time: p50 us", "p99 us")
    rows = []
    for candidate in candidates:
        name = candidate.name
        shares = (f"{process} {many.median(name, f'{CPU} {process}'):.0f}" for process in candidate.processes())
        rows.append(
            [
                name,
                f"{many.median(name, 'calls_per_second'):,.0f}",
                f"{many.median(name, 'p50_us') / 1e3:.2f}",
                f"{many.median(name, 'p99_us') / 1e3:.2f}",
                f"{many.median(name, CPU):.0f}",
                ", ".join(shares),
                f"{one.median(name, 'p50_us'):.0f}",
                f"{one.median(name, 'p99_us'):.0f}",
            ]
        )
    return Table(columns, rows)


def _goals(bench: Bench, many: Rounds, one: Rounds) -> list[Goal]:
    portico, hosted = bench.portico().name, bench.hosted().name
    over_aio = many.ratio(portico, bench.grpc_aio().name, "calls_per_second")
    over_envoy = many.ratio(portico, bench.envoy_jwt().name, "calls_per_second")
    added = one.difference(portico, hosted, "p50_us")
    added_many = many.difference(portico, hosted, "p50_us")
    return [
        _at_least("unary calls/s over grpc.aio + TLS", FASTER_THAN_GRPC_AIO, over_aio),
        _at_least("unary calls/s over Envoy + JWT before grpc.aio", FASTER_THAN_ENVOY_JWT, over_envoy),
        Goal("added by the pipeline to p50", f"<= {PIPELINE_US:.0f} us", f"{added:.0f} us", added <= PIPELINE_US),
        Goal("the same with 64 in flight (queueing included)", "", f"{added_many:.0f} us", None),
    ]


def _at_least(measure: str, wanted: float, reached: float) -> Goal:
    return Goal(measure, f">= {wanted:g}x", f"{reached:.2f}x", reached >= wanted)
