"""A process that puts objects until it is killed, and tells of each that was acknowledged.

    python -m tests.contract.objects.putting_process DATA SEED

Each line is a key, the number of the put, and the MD5 of the bytes; it is written after the put was answered.
"""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import os
import random
import sys
from pathlib import Path

from portico.objects.v1.buckets_pb2 import Bucket, NotificationRule
from portico_server.platform.settings import Settings
from tests.contract.objects.stand import ACCOUNT, Stand, standing

QUEUE = f"{ACCOUNT}/queues/puts"
"""Is told of each put."""
WRITERS = 12
LARGEST_BYTES = 40_000


def content(key: str, number: int, size: int) -> bytes:
    """Bytes that tell which put they are of."""
    line = f"{key} {number}\n".encode()
    return (line * (size // len(line) + 1))[: max(size, len(line))]


async def write(stand: Stand, writer: int, chance: random.Random) -> None:
    for number in itertools.count():
        key = f"{writer}/{number // 3}"  # three puts a key: most replace something
        data = content(key, number, chance.choice([0, 1_000, LARGEST_BYTES]))
        put = await stand.put(key, data)
        assert put.etag == hashlib.md5(data).hexdigest()
        os.write(1, f"{key} {number} {put.etag}\n".encode())


async def main() -> None:
    chance = random.Random(sys.argv[2])
    rule = NotificationRule(events=[NotificationRule.EVENT_OBJECT_CREATED], queue=QUEUE)
    async with standing(Settings(data=Path(sys.argv[1]))) as stand:
        await stand.create_bucket(settings=Bucket(notification_rules=[rule]))
        await asyncio.gather(*(write(stand, writer, chance) for writer in range(WRITERS)))


if __name__ == "__main__":
    asyncio.run(main())
