"""A process that puts objects in parts until it is killed, and tells of all that was acknowledged.

    python -m tests.contract.objects.uploading_process DATA DATABASE SEED

DATABASE is empty for SQLite. Each line is one of

    part UPLOAD NUMBER ETAG     the part was acknowledged
    again UPLOAD NUMBER         it is about to be replaced
    ending UPLOAD               the upload is about to be completed, or aborted
    whole KEY NUMBER            the object of this number was acknowledged
"""

from __future__ import annotations

import asyncio
import itertools
import os
import random
import sys
from pathlib import Path

from portico_server.objects.uploads import composing
from portico_server.platform.settings import Settings
from tests.contract.objects.putting_process import content
from tests.contract.objects.stand import Stand, standing

WRITERS = 6
PART_BYTES = (10, 1_000, 20_000, 40_000)
_ABORTED_ONE_IN = 5
_COLLECTED_EVERY = 6


def say(*words: object) -> None:
    os.write(1, (" ".join(map(str, words)) + "\n").encode())


async def write(stand: Stand, writer: int, chance: random.Random) -> None:
    for number in itertools.count():
        key = f"{writer}/{number // 2}"  # two a key: every second replaces something
        upload = await stand.create_upload(key)
        sizes = [chance.choice(PART_BYTES) for _ in range(chance.randrange(1, 5))]
        data, ends = content(key, number, sum(sizes)), list(itertools.accumulate(sizes))
        parts = [data[end - size : end] for size, end in zip(sizes, ends, strict=True)]
        parts[-1] += data[ends[-1] :]

        async def put(place: int, upload: str = upload, key: str = key, parts: list[bytes] = parts) -> None:
            part = await stand.upload_part(key, upload, place + 1, parts[place])
            say("part", upload, place + 1, part.etag)

        await asyncio.gather(*map(put, range(len(parts))))
        if chance.random() < 0.3:
            say("again", upload, 1)
            await put(0)
        say("ending", upload)
        if chance.randrange(_ABORTED_ONE_IN):
            await stand.complete(key, upload, range(1, len(parts) + 1))
            say("whole", key, number)
        else:
            await stand.abort(key, upload)
        if writer == 0 and number % _COLLECTED_EVERY == 0:
            await stand.collect()


async def main() -> None:
    composing.MIN_PART_BYTES = 0
    data, database, seed = sys.argv[1:]
    chance = random.Random(seed)
    async with standing(Settings(data=Path(data), database=database)) as stand:
        await stand.create_bucket()
        await asyncio.gather(*(write(stand, writer, chance) for writer in range(WRITERS)))


if __name__ == "__main__":
    asyncio.run(main())
