"""One object of 1 GiB, up and down, beside a `grpc.aio` stream of the same messages from and to memory."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from functools import partial

from google.api import httpbody_pb2

from bench.bucket import Bucket
from bench.candidates import Endpoint
from bench.context import Bench
from bench.load import HttpLoad, Load, write_bodies, write_frame, write_requests
from bench.measure import CPU, MEBIBYTE, Figures, interleave, under_load
from bench.measures import calls
from bench.measures.disk import loopback_mib_per_second, read_mib_per_second, write_mib_per_second
from bench.report import Goal, Section, Table
from portico.objects.v1 import objects_pb2

NOTE = (
    "One object by `GetObject` (messages of 512 KiB) and `PutObject` (of 1 MiB), and by S3 over HTTP/1.1 (signed in the"
    " header), one at a time, with TLS, the put durable and hashed; beside it a `grpc.aio` server that streams as much"
    " from memory and throws away what it is sent, the disk by itself, a file read from the page cache, and as much"
    " over a socket of the loopback without TLS."
)
KEY = "large"
GET_MIB_PER_SECOND, S3_GET_MIB_PER_SECOND = 700.0, 1024.0
PUT_OVER_DISK = 0.6
LONGEST_SECONDS = 120.0
DOWN, UP = "Portico: get", "Portico: put"
S3_DOWN, S3_UP = "Portico: get by S3", "Portico: put by S3"
AIO_DOWN, AIO_UP = "grpc.aio + TLS: responses", "grpc.aio + TLS: requests"
DISK = "the disk: write and fsync"
CACHE, LOOPBACK = "the page cache: read", "the loopback: send and receive"


def measure(bench: Bench) -> Section:
    size_mib = 128 if bench.quick else 1024
    bucket = Bucket.create(bench.portico())
    bucket.put_file(KEY, size_mib * MEBIBYTE, bytes(MEBIBYTE))
    down = Load(bucket.GET, write_bodies(bench.scratch / "file.bodies", [bucket.get_request(KEY)]), in_flight=1)
    aio_down = calls.responses(bench.scratch, MEBIBYTE, size_mib)
    aio_up = calls.requests(bench.scratch, MEBIBYTE, size_mib)
    cells: dict[str, Callable[[], Figures]] = {
        DOWN: partial(_transfer, bench.portico(), down, size_mib),
        AIO_DOWN: partial(_transfer, bench.grpc_aio(), aio_down, size_mib),
        UP: partial(_transfer, bench.portico(), _upload(bench, bucket, size_mib), size_mib),
        AIO_UP: partial(_transfer, bench.grpc_aio(), aio_up, size_mib),
        S3_DOWN: partial(_s3_get, bench, size_mib),
        S3_UP: partial(_s3_put, bench, size_mib),
        DISK: lambda: _by_itself(write_mib_per_second(bench.scratch, size_mib)),
        CACHE: lambda: _by_itself(read_mib_per_second(bench.scratch, size_mib)),
        LOOPBACK: lambda: _by_itself(loopback_mib_per_second(size_mib)),
    }
    rounds = interleave(cells, bench.rounds)
    rate = {name: rounds.median(name, "mib_per_second") for name in cells}
    rows = [[name, f"{rate[name]:,.0f}", f"{rounds.median(name, 'cpu_us_a_mib'):,.0f}"] for name in cells]
    over_disk, s3_over_disk = (rounds.ratio(name, DISK, "mib_per_second") for name in (UP, S3_UP))
    goals = [
        Goal("get by gRPC", f">= {GET_MIB_PER_SECOND:.0f} MiB/s", f"{rate[DOWN]:,.0f} MiB/s",
             rate[DOWN] >= GET_MIB_PER_SECOND),
        Goal("get by S3", f">= {S3_GET_MIB_PER_SECOND:,.0f} MiB/s", f"{rate[S3_DOWN]:,.0f} MiB/s",
             rate[S3_DOWN] >= S3_GET_MIB_PER_SECOND),
        Goal("put over the disk's own speed", f">= {PUT_OVER_DISK:g}x", f"{over_disk:.2f}x",
             over_disk >= PUT_OVER_DISK),
        Goal("put by S3 over the disk's own speed", f">= {PUT_OVER_DISK:g}x", f"{s3_over_disk:.2f}x",
             s3_over_disk >= PUT_OVER_DISK),
        Goal("get over grpc.aio + TLS", "", f"{rounds.ratio(DOWN, AIO_DOWN, 'mib_per_second'):.2f}x", None),
        Goal("put over grpc.aio + TLS", "", f"{rounds.ratio(UP, AIO_UP, 'mib_per_second'):.2f}x", None),
        *(
            Goal(f"get by S3 over {name}", "", f"{rounds.ratio(S3_DOWN, name, 'mib_per_second'):.2f}x", None)
            for name in (DOWN, CACHE, LOOPBACK)
        ),
    ]  # fmt: skip
    return Section(f"{NOTE} Size: {size_mib:,} MiB.", Table(("", "MiB/s", "CPU us a MiB"), rows), goals)


def _upload(bench: Bench, bucket: Bucket, size_mib: int) -> Load:
    message = objects_pb2.PutObjectRequest(data=httpbody_pb2.HttpBody(data=bytes(MEBIBYTE))).SerializeToString()
    return Load(
        bucket.PUT,
        write_bodies(bench.scratch / "upload.bodies", [bucket.put_request(f"{KEY}-up", b"")]),
        in_flight=1,
        repeat=write_frame(bench.scratch / "upload.frame", message),
        repeat_count=size_mib,
    )


def _s3_get(bench: Bench, size_mib: int) -> Figures:
    request = bench.s3().signer().request("GET", f"{bench.s3().bucket}/{KEY}")
    return _s3_transfer(bench, HttpLoad(write_requests(bench.scratch / "file.get", [request]), 1, calls=1), size_mib)


def _s3_put(bench: Bench, size_mib: int) -> Figures:
    block = bench.scratch / "file.block"
    block.write_bytes(bytes(MEBIBYTE))
    path = f"{bench.s3().bucket}/{KEY}-up"
    request = bench.s3().signer().request("PUT", path, body_bytes=size_mib * MEBIBYTE)
    requests = write_requests(bench.scratch / "file.put", [request])
    return _s3_transfer(bench, HttpLoad(requests, 1, calls=1, repeat=block, repeat_count=size_mib), size_mib)


def _s3_transfer(bench: Bench, load: HttpLoad, size_mib: int) -> Figures:
    figures = bench.s3().under_load(load, seconds=LONGEST_SECONDS, warm_seconds=0)
    return {"mib_per_second": size_mib * figures["calls_per_second"], "cpu_us_a_mib": figures[CPU] / size_mib}


def _by_itself(mib_per_second: float) -> Figures:
    return {"mib_per_second": mib_per_second, "cpu_us_a_mib": 0.0}


def _transfer(endpoint: Endpoint, load: Load, size_mib: int) -> Figures:
    """One call from beginning to end, so that the last fsync counts too."""
    figures = under_load(endpoint, dataclasses.replace(load, calls=1), seconds=LONGEST_SECONDS, warm_seconds=0)
    return {"mib_per_second": size_mib * figures["calls_per_second"], "cpu_us_a_mib": figures["cpu_us"] / size_mib}
