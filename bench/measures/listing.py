"""One page of 1,000 keys out of a bucket of 1,000,000."""

from __future__ import annotations

import asyncio
import random
from functools import partial
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.bucket import BUCKET, Bucket
from bench.candidates import portico
from bench.context import Bench
from bench.credentials import prepare
from bench.load import Load, write_bodies
from bench.measure import CPU, interleave, under_load
from bench.report import Goal, Section, Table
from portico.objects.v1 import objects_pb2
from portico_server.objects.records import NewVersion
from portico_server.objects.store import buckets, objects
from portico_server.platform.database import Batch
from portico_server.platform.database.opening import LocalDatabases
from portico_server.platform.settings import Settings

KEYS, QUICK_KEYS = 1_000_000, 100_000
BATCH = 1000
PAGES = 200
WANTED_MS = 15.0
SEED = 20
NOTE = (
    "`ListObjects` with `page_size` 1,000 behind a random key, one call at a time, by gRPC through the door with"
    " everything on. The rows were written by the product's own statements, without bytes."
)


def measure(bench: Bench) -> Section:
    keys = QUICK_KEYS if bench.quick else KEYS
    with TemporaryDirectory(dir=bench.scratch) as folder:
        settings = portico.settings(Path(folder) / "data")
        credentials = prepare(settings, Path(folder) / "credentials")
        with portico.start(settings, credentials, Path(folder)) as endpoint:
            bucket = Bucket.create(endpoint)
        asyncio.run(_fill(settings, keys))
        chosen = random.Random(SEED).sample(range(keys - BATCH), PAGES)
        bodies = write_bodies(bench.scratch / "list.bodies", (bucket.list_request(_key(number)) for number in chosen))
        with portico.start(settings, credentials, Path(folder)) as endpoint:
            page = partial(under_load, endpoint, Load(Bucket.LIST, bodies, in_flight=1), bench.seconds)
            rounds = interleave({"page": page}, bench.rounds)
    p50, p99 = (rounds.median("page", name) / 1e3 for name in ("p50_us", "p99_us"))
    columns = ("keys in the bucket", "page of 1,000: p50 ms", "p99 ms", "CPU ms a page")
    row = [f"{keys:,}", f"{p50:.1f}", f"{p99:.1f}", f"{rounds.median('page', CPU) / 1e3:.1f}"]
    goal = Goal(f"list 1,000 of {keys:,} keys, p50", f"<= {WANTED_MS:g} ms", f"{p50:.1f} ms", p50 <= WANTED_MS)
    return Section(NOTE, Table(columns, [row]), [goal])


def _key(number: int) -> str:
    return f"photos/{number // 1000:04}/{number:08}.jpg"


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
                    _key(number),
                    NewVersion(f"bench-{number:08}", "0" * 32, 0, number, "", b"", metadata, checksums),
                    bucket.etag,
                    is_null=1,
                )
                for number in range(start, start + BATCH)
            ]
            await database.batch(Batch(statements))
    finally:
        await databases.close()
