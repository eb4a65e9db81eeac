"""Objects of 1 KiB by S3 and by gRPC, durable, with everything on, beside other stores that speak HTTP."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable
from functools import partial

from bench.candidates import other_stores
from bench.context import Bench
from bench.load import HttpLoad, LoadError, write_requests
from bench.measure import CPU, Figures, interleave, under_load
from bench.measures import objects
from bench.report import Goal, Section, Table
from bench.stores import Store

NOTE = (
    "Puts of new objects of 1 KiB and gets of others, 64 in flight. By S3: HTTP/1.1, 64 connections, each request"
    " signed in its header (Signature Version 4), the body's SHA-256 too. Portico has TLS and has each object on disk"
    " before it is acknowledged. The others are as their packages start them, without TLS: `moto` (in memory, threads"
    " of werkzeug), `s3rver` (files, not synced), and `miniflare`'s R2 (a worker that gets and puts by the binding). Of"
    " them `s3rver` alone looks at signatures."
)
IN_FLIGHT = 64
GET_KEYS = 300
PUTS_A_SECOND = 5000
"""More than are expected, so that within a round no key is written twice."""
FILLING_SECONDS = 120.0
GETS_A_SECOND_WANTED, PUTS_A_SECOND_WANTED = 4000.0, 1500.0
OURS, BY_GRPC = "Portico by S3", "Portico by gRPC"


def measure(bench: Bench) -> Section:
    stores: dict[str, Store] = {OURS: bench.s3()}
    missing: list[list[str]] = []
    for name, start in other_stores.OTHERS.items():
        folder = bench.scratch / name.replace(" ", "-")
        folder.mkdir()
        try:
            stores[name] = bench.stack.enter_context(start(folder))
        except other_stores.UNAVAILABLE as error:
            print(f"bench: {name}: {error}", file=sys.stderr)
            missing.append([name, "could not be started here", *[""] * 7])
    cells = _cells(bench, stores)
    rounds = interleave(cells, bench.rounds)
    names = [OURS, BY_GRPC, *(name for name in stores if name != OURS)]

    def median(name: str, verb: str, figure: str) -> float:
        return rounds.median(f"{name}: {verb}", figure)

    def part(name: str, verb: str) -> list[str]:
        return [
            f"{median(name, verb, 'calls_per_second'):,.0f}",
            f"{median(name, verb, 'p50_us') / 1e3:.1f}",
            f"{median(name, verb, 'p99_us') / 1e3:.1f}",
            f"{median(name, verb, CPU):.0f}",
        ]

    columns = ("", "gets/s", "p50 ms", "p99 ms", "CPU us", "puts/s", "p50 ms", "p99 ms", "CPU us")
    rows = [[name, *part(name, "get"), *part(name, "put")] for name in names]
    wanted = {"get": GETS_A_SECOND_WANTED, "put": PUTS_A_SECOND_WANTED}
    goals = []
    for verb, rate in wanted.items():
        reached = median(OURS, verb, "calls_per_second")
        goals.append(Goal(f"1 KiB {verb} by S3", f">= {rate:,.0f}/s", f"{reached:,.0f}/s", reached >= rate))
    for verb, name in itertools.product(wanted, names[1:]):
        over = rounds.ratio(f"{OURS}: {verb}", f"{name}: {verb}", "calls_per_second")
        goals.append(Goal(f"1 KiB {verb} by S3 over {name}", "", f"{over:.2f}x", None))
    return Section(NOTE, Table(columns, [*rows, *missing]), goals)


def _cells(bench: Bench, stores: dict[str, Store]) -> dict[str, Callable[[], Figures]]:
    by_grpc = objects.gets(bench)
    cells: dict[str, Callable[[], Figures]] = {
        f"{BY_GRPC}: get": partial(under_load, bench.portico(), by_grpc, bench.seconds),
        f"{BY_GRPC}: put": lambda: under_load(bench.portico(), objects.puts(bench, bench.portico()), bench.seconds),
    }
    for name, store in stores.items():
        _fill(bench, store)
        cells[f"{name}: get"] = partial(_gets, bench, store)
        cells[f"{name}: put"] = partial(_puts, bench, store)
    return cells


def _fill(bench: Bench, store: Store) -> None:
    """Signatures are good for a quarter of an hour, so requests are written when they are needed."""
    signer = store.signer()
    requests = (signer.request("PUT", _get_key(store, number), body=_body()) for number in range(GET_KEYS))
    file = write_requests(bench.scratch / "s3.filling", requests)
    filled = store.under_load(HttpLoad(file, IN_FLIGHT, calls=GET_KEYS), FILLING_SECONDS, warm_seconds=0)
    if filled["calls"] < GET_KEYS:
        raise LoadError(f"{store.name} took fewer than {GET_KEYS} puts in {FILLING_SECONDS:g} s")


def _gets(bench: Bench, store: Store) -> Figures:
    signer = store.signer()
    requests = (signer.request("GET", _get_key(store, number)) for number in range(GET_KEYS))
    return store.under_load(HttpLoad(write_requests(bench.scratch / "s3.gets", requests), IN_FLIGHT), bench.seconds)


_prefixes = itertools.count()


def _puts(bench: Bench, store: Store) -> Figures:
    """Of keys that nobody has used."""
    signer, prefix = store.signer(), f"{store.bucket}/put-{next(_prefixes)}"
    count = int(PUTS_A_SECOND * (bench.seconds + 1))
    requests = (signer.request("PUT", f"{prefix}/{number}", body=_body()) for number in range(count))
    return store.under_load(HttpLoad(write_requests(bench.scratch / "s3.puts", requests), IN_FLIGHT), bench.seconds)


def _get_key(store: Store, number: int) -> str:
    return f"{store.bucket}/s3-get/{number}"


def _body() -> bytes:
    return bytes(objects.SIZE_BYTES)
