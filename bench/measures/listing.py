"""One page of 1,000 keys, or of 1,000 common prefixes, out of a bucket of 1,000,000."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from functools import partial
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import quote

from bench.bucket import BUCKET, Bucket
from bench.candidates import Endpoint, portico
from bench.context import Bench
from bench.credentials import prepare
from bench.load import HttpLoad, Load, write_bodies, write_requests
from bench.measure import CPU, Figures, interleave, under_load
from bench.report import Goal, Section, Table
from bench.stores import Store, s3_door
from portico.objects.v1 import objects_pb2
from portico_server.objects.records import NewVersion
from portico_server.objects.store import buckets, objects
from portico_server.platform.database import Batch
from portico_server.platform.database.opening import LocalDatabases
from portico_server.platform.settings import Settings

KEYS, QUICK_KEYS = 1_000_000, 100_000
BATCH = 1000
PREFIX = "photos/"
PREFIXES = 1000
PAGES = 200
WANTED_MS = 15.0
SEED = 20
NOTE = (
    "A page of 1,000, one call at a time, with everything on: keys behind a random one, or with the delimiter `/` the"
    " 1,000 common prefixes under which all keys stand. By gRPC (`ListObjects`) and by S3 (`ListObjectsV2` over"
    " HTTP/1.1, signed in the header, XML). The rows were written by the product's own statements, without bytes."
)


def measure(bench: Bench) -> Section:
    keys = QUICK_KEYS if bench.quick else KEYS
    with TemporaryDirectory(dir=bench.scratch) as folder:
        settings = portico.settings(Path(folder) / "data")
        credentials = prepare(settings, Path(folder) / "credentials")
        with portico.start(settings, credentials, Path(folder)) as endpoint:
            Bucket.create(endpoint)
        asyncio.run(_fill(settings, keys))
        with portico.start(settings, credentials, Path(folder)) as endpoint:
            cells = _cells(bench, endpoint, keys)
            rounds = interleave(cells, bench.rounds)
    p50 = {name: rounds.median(name, "p50_us") / 1e3 for name in cells}
    rows = [
        [
            name,
            f"{p50[name]:.1f}",
            f"{rounds.median(name, 'p99_us') / 1e3:.1f}",
            f"{rounds.median(name, CPU) / 1e3:.1f}",
        ]
        for name in cells
    ]
    goals = [
        Goal(f"{name} of {keys:,}, p50", f"<= {WANTED_MS:g} ms", f"{p50[name]:.1f} ms", p50[name] <= WANTED_MS)
        for name in cells
    ]
    return Section(NOTE, Table((f"of {keys:,} keys", "p50 ms", "p99 ms", "CPU ms a page"), rows), goals)


def _cells(bench: Bench, endpoint: Endpoint, keys: int) -> dict[str, Callable[[], Figures]]:
    chosen = [_key(number, keys) for number in random.Random(SEED).sample(range(keys - BATCH), PAGES)]
    flat = (objects_pb2.ListObjectsRequest(parent=BUCKET, page_size=1000, start_after=key) for key in chosen)
    below = objects_pb2.ListObjectsRequest(parent=BUCKET, page_size=1000, prefix=PREFIX, delimiter="/")
    store = s3_door(endpoint)

    def by_grpc(file: str, *requests: objects_pb2.ListObjectsRequest) -> Callable[[], Figures]:
        bodies = write_bodies(bench.scratch / file, (request.SerializeToString() for request in requests))
        return partial(under_load, endpoint, Load(Bucket.LIST, bodies, in_flight=1, connections=1), bench.seconds)

    pages = [f"list-type=2&start-after={quote(key, safe='')}" for key in chosen]
    return {
        "1,000 keys by gRPC": by_grpc("list.keys", *flat),
        "1,000 keys by S3": partial(_by_s3, bench, store, pages),
        "1,000 common prefixes by gRPC": by_grpc("list.prefixes", below),
        "1,000 common prefixes by S3": partial(_by_s3, bench, store, ["delimiter=%2F&list-type=2&prefix=photos%2F"]),
    }


def _by_s3(bench: Bench, store: Store, queries: list[str]) -> Figures:
    signer = store.signer()
    requests = write_requests(
        bench.scratch / "list.requests", (signer.request("GET", store.bucket, query) for query in queries)
    )
    return store.under_load(HttpLoad(requests, connections=1), bench.seconds)


def _key(number: int, keys: int) -> str:
    """They stand under `PREFIXES` prefixes, as many under each."""
    return f"{PREFIX}{number // (keys // PREFIXES):04}/{number:08}.jpg"


async def _fill(settings: Settings, count: int) -> None:
    """Writes the rows into the database of a platform that does not run."""
    databases = LocalDatabases(settings)
    database = await databases.open("objects", files("portico_server.objects") / "migrations")
    metadata = objects_pb2.ObjectMetadata(content_type="image/jpeg").SerializeToString()
    checksums = objects_pb2.Checksums(md5=bytes(16), crc64nvme=bytes(8)).SerializeToString()
    try:
        bucket = await buckets.get(database, BUCKET)
        assert bucket is not None
        for start in range(0, count, BATCH):
            statements = [
                objects.put(
                    BUCKET,
                    _key(number, count),
                    NewVersion(f"bench-{number:08}", "0" * 32, 0, number, "", b"", metadata, checksums),
                    bucket.etag,
                    is_null=1,
                )
                for number in range(start, start + BATCH)
            ]
            await database.batch(Batch(statements))
    finally:
        await databases.close()
