"""A process that writes objects from many writers at once, with the collector at work beside them.

    python -m tests.faults.power.loads.objects DATA SEED STEPS

It says `begun WRITER STEP` and `done WRITER STEP`, the latter once the step was answered; and of what a queue tells, as
it acknowledges that, `told NUMBER EVENT SIZE MARKER BUCKET/KEY` and `acknowledged NUMBER`.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from portico.objects.v1.buckets_pb2 import Bucket, NotificationRule, ObjectLock
from portico.objects.v1.notifications_pb2 import Notification
from portico_server.host.supervisor.first_start import prepare
from portico_server.objects.uploads import composing
from portico_server.platform.database import ANY, Batch, Statement
from portico_server.platform.settings import Settings
from tests.contract.objects.stand import ACCOUNT, ENABLED, Stand, standing
from tests.faults.power.loads.object_plan import KEPT, PLAIN, Plan, Step, Told, parts_of
from tests.faults.power.loads.saying import say

WRITERS = 5
QUEUE = f"{ACCOUNT}/queues/told"
_COLLECTED_EVERY = 8  # steps of one writer
_EVENTS = {
    NotificationRule.EVENT_OBJECT_CREATED: "created",
    NotificationRule.EVENT_OBJECT_DELETED: "deleted",
    NotificationRule.EVENT_OBJECT_TAGGED: "tagged",
}


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
        case "hold":
            version = (await stand.list_versions(bucket, prefix=step.keys[0])).objects[step.index].version_id
            held = (await stand.head(step.keys[0], bucket, version_id=version)).legal_hold
            await stand.update(step.keys[0], "legal_hold", bucket=bucket, version_id=version, legal_hold=not held)
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
            await acknowledge(stand)


async def acknowledge(stand: Stand) -> None:
    """All but the last of what a queue tells."""
    found = (await stand.list_notifications(QUEUE)).notifications
    for notification in found[:-1]:
        told, name = told_by(notification)
        say(f"told {notification.sequence} {told.event} {told.size_bytes} {int(told.is_marker)} {name}")
    if found[:-1]:
        await stand.acknowledge(QUEUE, found[-2].sequence)
        say(f"acknowledged {found[-2].sequence}")


def told_by(notification: Notification) -> tuple[Told, str]:
    """What it tells, and of which `BUCKET/KEY`."""
    _, _, _, bucket, _, key = notification.object.split("/", 5)
    event = _EVENTS[notification.event]
    return Told(event, notification.size_bytes, notification.delete_marker), f"{bucket}/{key}"


async def main() -> None:
    composing.MIN_PART_BYTES = 0
    data, seed, count = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    prepare(data)
    async with standing(Settings(data=data)) as stand:
        await stand.database.batch(Batch([Statement("PRAGMA wal_autocheckpoint = 60", (), ANY)]))
        rules = [NotificationRule(events=list(_EVENTS), queue=QUEUE)]
        await stand.create_bucket(bucket_name(PLAIN), Bucket(notification_rules=rules))
        locked = Bucket(versioning=ENABLED, object_lock=ObjectLock(enabled=True), notification_rules=rules)
        await stand.create_bucket(bucket_name(KEPT), locked)
        say("buckets")
        await asyncio.gather(*(write(stand, Plan(seed, writer), count) for writer in range(WRITERS)))


if __name__ == "__main__":
    asyncio.run(main())
