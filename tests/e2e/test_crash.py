"""kill -9 of the front in the middle of puts: what was acknowledged is there and whole, the rest is whole or not there.

This proves atomicity and that nothing is acknowledged before it is written; that it was synced is shown elsewhere.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
from pathlib import Path

import grpc
import pytest

from portico.objects.v1 import buckets_pb2, buckets_pb2_grpc, objects_pb2, objects_pb2_grpc
from tests.e2e.calls import ACCOUNT, puts
from tests.harness import RunningPlatform, running_platform

PUTS = 1_000
IN_FLIGHT = 32
BUCKET = f"{ACCOUNT}/buckets/crash"
CHUNK_BYTES = 64 * 1024


def content(key: str) -> bytes:
    """What an object of this key holds: small ones beside their metadata, some in files of several messages."""
    source = random.Random(key)
    return source.randbytes(source.choice((1, 1024, 1024, 1024, 20_000, 200_000)))


async def put_until_it_dies(platform: RunningPlatform, round_: int, kill_after: float) -> dict[str, bytes]:
    """Puts up to 1,000 objects, kills the front on the way; what was acknowledged."""
    acknowledged: dict[str, bytes] = {}
    keys = iter([f"{round_}/{number}" for number in range(PUTS)])
    async with platform.aio_channel() as channel:
        stub = objects_pb2_grpc.ObjectServiceStub(channel)

        async def work() -> None:
            for key in keys:
                data = content(key)
                try:
                    await stub.PutObject(puts(f"{BUCKET}/objects/{key}", data, chunk_bytes=CHUNK_BYTES), timeout=20)
                except (grpc.aio.AioRpcError, asyncio.CancelledError):
                    return  # the front is dead, which grpcio tells a call that is just writing as a cancellation
                acknowledged[key] = data

        async def kill() -> None:
            await asyncio.sleep(kill_after)  # a moment at random, not a state to wait for
            os.kill(platform.front_pid, signal.SIGKILL)

        await asyncio.gather(kill(), *(work() for _ in range(IN_FLIGHT)))
    return acknowledged


async def stored(platform: RunningPlatform, prefix: str) -> dict[str, bytes]:
    """All objects below a prefix, read back."""
    async with platform.aio_channel() as channel:
        stub = objects_pb2_grpc.ObjectServiceStub(channel)
        found: dict[str, bytes] = {}
        token = ""
        while True:
            request = objects_pb2.ListObjectsRequest(parent=BUCKET, prefix=prefix, page_token=token)
            page = await stub.ListObjects(request, timeout=20)
            for item in page.objects:
                answers = stub.GetObject(objects_pb2.GetObjectRequest(name=item.name), timeout=20)
                data = b"".join([answer.data.data async for answer in answers])
                found[item.name.partition("/objects/")[2]] = data
            token = page.next_page_token
            if not token:
                return found


def check(platform: RunningPlatform, round_: int, acknowledged: dict[str, bytes]) -> None:
    found = asyncio.run(stored(platform, f"{round_}/"))
    lost = acknowledged.keys() - found.keys()
    assert not lost, f"round {round_}: acknowledged and lost: {sorted(lost)[:5]}"
    torn = [key for key, data in found.items() if data != content(key)]
    assert not torn, f"round {round_}: torn: {torn[:5]}"


def crash(folder: Path, rounds: int, seed: int) -> None:
    """Each round looks at what the one before left behind, on a platform started anew on the same data."""
    chance = random.Random(seed)
    acknowledged: dict[str, bytes] = {}
    acknowledged_in_all = 0
    for round_ in range(rounds + 1):
        with running_platform(folder) as platform:
            if round_ == 0:
                make_bucket(platform)
            else:
                check(platform, round_ - 1, acknowledged)
            if round_ < rounds:
                acknowledged = asyncio.run(put_until_it_dies(platform, round_, chance.uniform(0.05, 0.5)))
                acknowledged_in_all += len(acknowledged)
    assert acknowledged_in_all > rounds, "hardly anything was put before the kills"


def make_bucket(platform: RunningPlatform) -> None:
    with platform.channel() as channel:
        request = buckets_pb2.CreateBucketRequest(parent=ACCOUNT, bucket_id="crash")
        buckets_pb2_grpc.BucketServiceStub(channel).CreateBucket(request, timeout=10)


def test_nothing_acknowledged_is_lost_or_torn_by_kill_9(tmp_path: Path) -> None:
    crash(tmp_path, rounds=4, seed=1)


@pytest.mark.long
def test_nothing_acknowledged_is_lost_or_torn_by_a_hundred_kills(tmp_path: Path) -> None:
    crash(tmp_path, rounds=100, seed=2)
