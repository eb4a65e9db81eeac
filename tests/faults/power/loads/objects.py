"""A process that writes objects from many writers at once, with the collector at work beside them.

    python -m tests.faults.power.loads.objects DATA SEED STEPS

It says `begun WRITER STEP` and `done WRITER STEP`, the latter once the step was answered.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from portico.objects.v1.buckets_pb2 import Bucket
from portico_server.host.supervisor.first_start import prepare
from portico_server.objects.uploads import composing
from portico_server.platform.database import ANY, Batch, Statement
from portico_server.platform.settings import Settings
from tests.contract.objects.stand import ACCOUNT, ENABLED, Stand, standing
from tests.faults.power.loads.object_plan import KEPT, PLAIN, Plan, Step, parts_of
from tests.faults.power.loads.saying import say

WRITERS = 5
_COLLECTED_EVERY = 8  # steps of one writer


def bucket_name(bucket: str) -> str:
    return f"{ACCOUNT}/buckets/{bucket}"


def tags_of(tag: str) -> dict[str, str]:
    return {"tag": tag} if tag else {}


async def take(stand: Stand, step: Step, uploads: dict[str, str]) -> None:
    """`uploads`: by bucket the id of the writer's upload that is underway."""
    bucket = bucket_name(step.bucket)
    match step.kind:
        case "put":
            await stand.put(step.keys[0], step.data, bucket, tags=tags_of(step.tag))
        case "put_parts":
            await stand.put_in_parts(step.keys[0], parts_of(step.data), bucket)
        case "copy":
            await stand.copy(step.source, step.keys[0], bucket, bucket)
        case "tag":
            await stand.update(step.keys[0], "tags", bucket=bucket, tags=tags_of(step.tag))
        case "begin":
            uploads[bucket] = await stand.create_upload(step.keys[0], bucket)
        case "add_part":
            await stand.upload_part(step.keys[0], uploads[bucket], step.index, step.data, bucket)
        case "complete":
            parts = (await stand.list_parts(step.keys[0], uploads[bucket], bucket)).parts
            await stand.complete(step.keys[0], uploads[bucket], [part.number for part in parts], bucket)
        case "abort":
            await stand.abort(step.keys[0], uploads[bucket], bucket)
        case "delete":
            await stand.delete(step.keys[0], bucket)
        case "delete_version":
            page = await stand.list_versions(bucket, prefix=step.keys[0])
            await stand.delete(step.keys[0], bucket, version_id=page.objects[step.index].version_id)
        case "delete_many":
            await stand.delete_many([(key, "") for key in step.keys], bucket)


async def write(stand: Stand, plan: Plan, count: int) -> None:
    uploads: dict[str, str] = {}
    for number, step in zip(range(1, count + 1), plan.steps(), strict=False):
        say(f"begun {plan.writer} {number}")
        await take(stand, step, uploads)
        say(f"done {plan.writer} {number}")
        if plan.writer == 0 and number % _COLLECTED_EVERY == 0:
            await stand.collect()


async def main() -> None:
    composing.MIN_PART_BYTES = 0
    data, seed, count = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    prepare(data)
    async with standing(Settings(data=data)) as stand:
        await stand.database.batch(Batch([Statement("PRAGMA wal_autocheckpoint = 60", (), ANY)]))
        await stand.create_bucket(bucket_name(PLAIN))
        await stand.create_bucket(bucket_name(KEPT), Bucket(versioning=ENABLED))
        say("buckets")
        await asyncio.gather(*(write(stand, Plan(seed, writer), count) for writer in range(WRITERS)))


if __name__ == "__main__":
    asyncio.run(main())
