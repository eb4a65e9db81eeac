"""Objects of 1 KiB, durable, with everything on, beside the bare echo of `grpc.aio`."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

from bench.bucket import Bucket
from bench.candidates import Endpoint
from bench.context import Bench
from bench.load import Load, write_bodies
from bench.measure import CPU, Figures, interleave, under_load
from bench.measures import calls
from bench.report import Goal, Section, Table

NOTE = (
    "Puts of new objects of 1 KiB (each on disk before it is acknowledged) and gets of others, 64 in flight, by gRPC"
    " through the door with everything on; beside it the echo of a `grpc.aio` server with TLS, which stores nothing."
)
SIZE_BYTES = 1024
GET_KEYS = 10_000
PUTS_A_SECOND = 20_000
"""More than are expected, so that within a round no key is written twice."""
GET_OVER_ECHO, PUT_OVER_ECHO = 2.0, 0.75
GET, PUT, ECHO = "Portico: get", "Portico: put", "grpc.aio + TLS: echo"


def measure(bench: Bench) -> Section:
    cells: dict[str, Callable[[], Figures]] = {
        GET: partial(under_load, bench.portico(), gets(bench), bench.seconds),
        PUT: lambda: under_load(bench.portico(), puts(bench, bench.portico()), bench.seconds),
        ECHO: partial(under_load, bench.grpc_aio(), calls.echo(bench.scratch), bench.seconds),
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
    get, put = (rounds.ratio(name, ECHO, "calls_per_second") for name in (GET, PUT))
    goals = [
        Goal("1 KiB get over the bare echo", f">= {GET_OVER_ECHO:g}x", f"{get:.2f}x", get >= GET_OVER_ECHO),
        Goal("1 KiB put over the bare echo", f">= {PUT_OVER_ECHO:g}x", f"{put:.2f}x", put >= PUT_OVER_ECHO),
    ]
    return Section(NOTE, Table(("", "calls/s", "p50 ms", "p99 ms", "CPU us a call"), rows), goals)


def gets(bench: Bench) -> Load:
    """Gets of objects that are there."""
    bucket = Bucket.create(bench.portico())
    bucket.fill("get", GET_KEYS, bytes(SIZE_BYTES))
    requests = (bucket.get_request(f"get/{number}") for number in range(GET_KEYS))
    return Load(bucket.GET, write_bodies(bench.scratch / "get.bodies", requests), calls.IN_FLIGHT)


def puts(bench: Bench, platform: Endpoint) -> Load:
    """Puts of keys that nobody has used."""
    bucket = Bucket.create(platform)
    prefix = f"put/{time.time_ns()}"
    count = int(PUTS_A_SECOND * (bench.seconds + 1))
    requests = (bucket.put_request(f"{prefix}/{number}", bytes(SIZE_BYTES)) for number in range(count))
    return Load(bucket.PUT, write_bodies(bench.scratch / "put.bodies", requests), calls.IN_FLIGHT)
