"""What queues are told of objects: with the change or not at all, in order, until it is acknowledged."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from portico.objects.v1.buckets_pb2 import Bucket, LifecycleRule, NotificationRule
from portico.objects.v1.notifications_pb2 import Notification
from portico_server.objects import errors
from portico_server.objects.buckets import settings
from portico_server.objects.buckets.buckets import Buckets
from portico_server.objects.notifications import queues
from portico_server.objects.notifications.queues import Queues
from portico_server.objects.versions.deleting import Target
from portico_server.platform.database import Batch, GuardFailed, Statement
from tests.contract.objects.stand import ACCOUNT, BUCKET, ENABLED, Stand

QUEUE = f"{ACCOUNT}/queues/events"
OTHER_QUEUE = f"{ACCOUNT}/queues/others"
CREATED, DELETED, EXPIRED, TAGGED = 1, 2, 3, 4
DAY = 24 * 3600


def rule(queue: str = QUEUE, *events: int, **fields: Any) -> NotificationRule:
    return NotificationRule(queue=queue, events=events or (CREATED, DELETED, EXPIRED, TAGGED), **fields)  # type: ignore[arg-type]


async def listed(stand: Stand, queue: str = QUEUE, **request: Any) -> list[Notification]:
    return list((await stand.list_notifications(queue, **request)).notifications)


async def told(stand: Stand, queue: str = QUEUE) -> list[tuple[int, str]]:
    """What happened to which key."""
    return [(one.event, one.object.partition("/objects/")[2]) for one in await listed(stand, queue)]


def queues_of(stand: Stand) -> Queues:
    (job,) = (job for job in stand.running.jobs if job.name == "objects.notifications")
    found: Queues = job.run.__self__  # type: ignore[attr-defined]
    return found


async def test_a_notification_tells_what_was_done_by_whom(stand: Stand) -> None:
    await stand.update_bucket(notification_rules=[rule()])
    put = await stand.put("a", b"12345")
    (one,) = await listed(stand)
    assert (one.sequence, one.event, one.object) == (1, CREATED, f"{BUCKET}/objects/a")
    assert (one.size_bytes, one.etag, one.version_id) == (5, put.etag, "null")
    assert one.principal == stand.caller.name
    assert one.id
    assert one.event_time.ToMicroseconds() > put.create_time.ToMicroseconds()


async def test_a_queue_is_there_as_soon_as_a_rule_names_it_and_stays(stand: Stand) -> None:
    for ask in (stand.list_notifications(QUEUE, wait_seconds=20), stand.acknowledge(QUEUE, 1)):
        with pytest.raises(errors.QueueNotFound):
            await ask
    await stand.update_bucket(notification_rules=[rule()])
    assert await listed(stand) == []
    with pytest.raises(errors.NotificationNotTold):
        await stand.acknowledge(QUEUE, 1)
    with pytest.raises(errors.QueueNotFound):
        await listed(stand, OTHER_QUEUE)
    await stand.put("a")
    await stand.update_bucket(notification_rules=[])
    await stand.acknowledge(QUEUE, (await listed(stand))[0].sequence)
    assert await listed(stand) == []


@pytest.mark.usefixtures("small_parts")
async def test_each_kind_of_change_is_told(stand: Stand) -> None:
    await stand.update_bucket(notification_rules=[rule()])
    await stand.put("a")
    await stand.copy("a", "b")
    await stand.put_in_parts("c", [b"1", b"2"])
    await stand.update("a", "tags", tags={"x": "1"})
    await stand.update("a", "tags", tags={"x": "1"})  # changes nothing
    await stand.delete("a")
    await stand.delete("a")  # there is nothing
    await stand.delete_many([("b", ""), ("c", "")])
    assert await told(stand) == [
        (CREATED, "a"),
        (CREATED, "b"),
        (CREATED, "c"),
        (TAGGED, "a"),
        (DELETED, "a"),
        (DELETED, "b"),
        (DELETED, "c"),
    ]


async def test_delete_markers_and_versions_are_told(stand: Stand) -> None:
    await stand.update_bucket(versioning=ENABLED, notification_rules=[rule(QUEUE, DELETED)])
    put = await stand.put("a", b"12345")
    marker = await stand.delete("a")
    await stand.delete("a", version_id=put.version_id)
    await stand.delete("a", version_id=marker.version_id)
    first, second, third = await listed(stand)
    assert (first.delete_marker, first.version_id, first.size_bytes) == (True, marker.version_id, 0)
    assert (second.delete_marker, second.version_id, second.size_bytes) == (False, put.version_id, 5)
    assert (third.delete_marker, third.version_id) == (True, marker.version_id)


@pytest.mark.parametrize("versioning", [0, ENABLED])
async def test_what_a_lifecycle_deletes_is_told_as_expired(stand: Stand, versioning: int) -> None:
    await stand.update_bucket(
        versioning=versioning,
        notification_rules=[rule()],
        lifecycle_rules=[LifecycleRule(enabled=True, expire_after_seconds=60)],
    )
    await stand.put("a")
    await stand.put("b")
    stand.clock.pass_seconds(61)
    await stand.run_job("objects.expiry")
    assert (await told(stand))[2:] == [(EXPIRED, "a"), (EXPIRED, "b")]
    assert [one.delete_marker for one in await listed(stand)][2:] == [bool(versioning)] * 2
    assert {one.principal for one in (await listed(stand))[2:]} <= {"", stand.caller.name}


async def test_only_what_a_rule_is_about_is_told_and_once_a_queue(stand: Stand) -> None:
    await stand.update_bucket(
        notification_rules=[
            rule(QUEUE, CREATED, prefix="in/", suffix=".jpg"),
            rule(QUEUE, CREATED, prefix="in/"),
            rule(OTHER_QUEUE, DELETED),
        ]
    )
    for key in ("in/a.jpg", "in/b", "out/a.jpg"):
        await stand.put(key)
    await stand.delete("out/a.jpg")
    assert await told(stand) == [(CREATED, "in/a.jpg"), (CREATED, "in/b")]
    assert await told(stand, OTHER_QUEUE) == [(DELETED, "out/a.jpg")]


async def test_a_bucket_without_rules_writes_nothing(stand: Stand) -> None:
    await stand.put("a")
    assert await stand.database.scan("SELECT 1 FROM notice") == []


async def test_a_rule_that_another_process_was_told_of_holds_for_each_later_write(stand: Stand) -> None:
    await stand.put("before")
    ids, webhooks = stand.buckets._buckets._ids, stand.buckets._buckets._webhooks

    async def nothing_runs(_: str) -> bool:
        return False

    others = Buckets(stand.database, stand.clock, ids, nothing_runs, webhooks)
    wanted = Bucket(notification_rules=[rule()])
    await others.update(BUCKET, settings.change_of(wanted, []), "")
    await stand.put("after")
    assert await told(stand) == [(CREATED, "after")]


async def test_what_is_refused_is_not_told(stand: Stand) -> None:
    await stand.put("a")
    await stand.update_bucket(notification_rules=[rule()])
    with pytest.raises(errors.ObjectExists):
        await stand.put("a", conditions={"if_none_match": ["*"]})

    def failing(_: Any) -> list[Statement]:
        return [Statement("SELECT 1 FROM bucket WHERE name = $1", ("none",), 1, "fails behind all else")]

    with pytest.raises(GuardFailed):
        await stand.objects._deleting.delete(BUCKET, [Target("a")], failing)
    assert await stand.get("a") == b"bytes"
    assert await told(stand) == []


async def test_who_commits_late_is_told_late(stand: Stand) -> None:
    """A writer may have begun, by its clock, long before what readers have read."""
    await stand.update_bucket(notification_rules=[rule()])
    await stand.put("a", b"1")
    read = await listed(stand)
    stand.clock.pass_seconds(-3600)
    late, later = await stand.put("b"), await stand.put("a", b"2")
    news = await listed(stand, start_after_sequence=read[-1].sequence)
    assert [(one.sequence, one.etag) for one in news] == [(2, late.etag), (3, later.etag)]


async def test_one_object_is_told_in_the_order_of_its_changes_whatever_clocks_say(stand: Stand) -> None:
    await stand.update_bucket(notification_rules=[rule()])
    puts = []
    for number in range(5):
        puts.append(await stand.put("a", b"%d" % number))
        stand.clock.pass_seconds(-60)
    assert [one.etag for one in await listed(stand)] == [put.etag for put in puts]


async def test_a_reader_beside_writers_misses_nothing_and_keeps_the_order_of_keys(stand: Stand) -> None:
    await stand.update_bucket(notification_rules=[rule()])
    put: dict[str, list[str]] = {f"k{writer}": [] for writer in range(12)}

    async def write(key: str) -> None:
        for number in range(20):
            put[key].append((await stand.put(key, f"{key} {number}".encode())).etag)

    writers = asyncio.gather(*map(write, put))
    seen: list[Notification] = []
    while len(seen) < 240:
        all_is_put = writers.done()
        found = await listed(stand, start_after_sequence=seen[-1].sequence if seen else 0, page_size=7)
        assert found or not all_is_put, "what was put is not told"
        seen += found
        await asyncio.sleep(0)  # a look at SQLite lets nobody else work
    await writers
    assert [one.sequence for one in seen] == list(range(1, 241))
    for key, etags in put.items():
        assert [one.etag for one in seen if one.object.endswith(f"/{key}")] == etags


async def test_what_is_acknowledged_is_listed_no_more(stand: Stand) -> None:
    await stand.update_bucket(notification_rules=[rule()])
    for key in "abc":
        await stand.put(key)
    assert len(await listed(stand)) == 3
    assert await stand.acknowledge(QUEUE, 2) == 2
    assert await stand.acknowledge(QUEUE, 1) == 2
    assert await told(stand) == [(CREATED, "c")]
    with pytest.raises(errors.NotificationNotTold):
        await stand.acknowledge(QUEUE, 4)
    assert await stand.acknowledge(QUEUE, 3) == 3
    await stand.put("d")
    assert [one.sequence for one in await listed(stand)] == [4]
    await stand.run_job("objects.notifications")
    assert await stand.database.scan("SELECT sequence FROM notification") == [(4,)]


async def test_pages_follow_each_other(stand: Stand) -> None:
    await stand.update_bucket(notification_rules=[rule()])
    for number in range(5):
        await stand.put(str(number))
    found, token = [], ""
    for _ in range(3):
        page = await stand.list_notifications(QUEUE, page_size=2, page_token=token)
        found += [one.sequence for one in page.notifications]
        token = page.next_page_token
    assert (found, token) == ([1, 2, 3, 4, 5], "")


async def test_who_waits_is_told_as_soon_as_something_happens(stand: Stand) -> None:
    await stand.update_bucket(notification_rules=[rule()])
    assert await listed(stand, wait_seconds=1) == []
    waiting = asyncio.ensure_future(stand.list_notifications(QUEUE, wait_seconds=20))
    await asyncio.sleep(0)
    await stand.put("a")
    assert len((await waiting).notifications) == 1


async def test_what_is_too_old_or_too_much_is_dropped_and_counted(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    await stand.update_bucket(notification_rules=[rule()])
    for key in "ab":
        await stand.put(key)
    await listed(stand)
    stand.clock.pass_seconds(queues.KEPT_DAYS * DAY + 1)
    for key in "cdef":
        await stand.put(key)
    await queues_of(stand).keep_in_bounds()
    page = await stand.list_notifications(QUEUE)
    assert (page.dropped_notifications, page.acknowledged_sequence, len(page.notifications)) == (2, 2, 4)
    monkeypatch.setattr(queues, "KEPT_NOTIFICATIONS", 1)
    await queues_of(stand).keep_in_bounds()
    page = await stand.list_notifications(QUEUE)
    assert (page.dropped_notifications, [one.sequence for one in page.notifications]) == (5, [6])
    assert await stand.database.scan("SELECT sequence FROM notification") == [(6,)]


async def test_more_wait_than_are_numbered_at_once(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queues.store, "NUMBERED_AT_ONCE", 2)
    await stand.update_bucket(notification_rules=[rule()])
    for number in range(5):
        await stand.put(str(number))
    await stand.run_job("objects.notifications")
    assert [one.sequence for one in await listed(stand)] == [1, 2, 3, 4, 5]
    assert await stand.database.scan(*_COUNT) == [(0,)]


_COUNT = ("SELECT count(*) FROM notice",)


async def test_a_bucket_that_is_emptied_tells_nobody(stand: Stand) -> None:
    await stand.update_bucket(notification_rules=[rule()])
    await stand.put("a")
    await stand.delete_bucket(force=True)
    assert await told(stand) == [(CREATED, "a")]


async def test_batches_without_locks_of_their_own_do_not_number_twice(stand: Stand) -> None:
    await stand.update_bucket(notification_rules=[rule()])
    for number in range(20):
        await stand.put(str(number))
    pages = await asyncio.gather(*(stand.list_notifications(QUEUE) for _ in range(5)))
    assert {tuple(one.id for one in page.notifications) for page in pages} == {
        tuple(one.id for one in await listed(stand))
    }
    assert await stand.database.batch(Batch([Statement(*_COUNT)]))
