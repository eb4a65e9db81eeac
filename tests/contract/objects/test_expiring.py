"""The job that deletes what lifecycles have expired: objects, versions, delete markers; never what is locked."""

from __future__ import annotations

from typing import Any

import pytest

from portico.objects.v1.buckets_pb2 import LifecycleRule, ObjectLock
from portico.objects.v1.objects_pb2 import RETENTION_MODE_GOVERNANCE, Retention
from portico_server.objects.store import objects
from portico_server.objects.upkeep.expiring import Expiring
from portico_server.platform.database import Batch, Done
from tests.contract.objects.stand import BUCKET, ENABLED, SUSPENDED, Stand, keys

HOUR = 3600
DAY = 24 * HOUR


def rule(rule_id: str = "rule", prefix: str = "", **fields: Any) -> LifecycleRule:
    return LifecycleRule(id=rule_id, enabled=True, filter={"prefix": prefix}, **fields)


def expiring(stand: Stand) -> Expiring:
    return next(job.run.__self__ for job in stand.running.jobs if job.name == "objects.expiry")  # type: ignore[attr-defined]


async def expire(stand: Stand, *rules: LifecycleRule, after_seconds: int = HOUR) -> None:
    await stand.update_bucket(lifecycle_rules=rules)
    stand.clock.pass_seconds(after_seconds)
    await expiring(stand).expire()


async def versions(stand: Stand) -> list[tuple[str, str]]:
    """Keys with their content, or `marker`, the newest first."""
    found = []
    for one in (await stand.list_versions()).objects:
        key = one.name.partition("/objects/")[2]
        data = "marker" if one.delete_marker else (await stand.get(key, version_id=one.version_id)).decode()
        found.append((key, data))
    return found


async def test_expired_objects_are_deleted_and_their_space_is_freed(stand: Stand) -> None:
    for number in range(250):
        await stand.put(f"tmp/{number:03}")
    await stand.put("large", b"x" * 100_000)
    await stand.put("kept")
    await expire(stand, rule(prefix="tmp/", expire_after_seconds=HOUR), rule("l", "large", expire_after_seconds=HOUR))
    await stand.update_bucket(lifecycle_rules=[rule(expire_after_days=1000)])
    assert keys(await stand.list()) == ["kept"]
    await stand.collect()
    assert await stand.usage() == (1, 5)
    assert stand.files() == []


async def test_what_has_not_expired_stays(stand: Stand) -> None:
    await stand.put("small", tags={"a": "1"})
    await stand.put("large", b"x" * 100)
    by_filter = [
        rule("a", expire_after_seconds=2 * HOUR),
        rule("b", "other", expire_after_seconds=1),
        rule("c", expire_after_days=1),
        LifecycleRule(id="d", enabled=True, expire_after_seconds=1, filter={"tags": {"a": "2"}}),
        LifecycleRule(id="e", enabled=True, expire_after_seconds=1, filter={"size_greater_than_bytes": 100}),
        LifecycleRule(id="f", enabled=False, expire_after_seconds=1),
    ]
    await expire(stand, *by_filter)
    await stand.update_bucket(lifecycle_rules=[rule(expire_after_days=1000)])
    assert keys(await stand.list()) == ["large", "small"]


async def test_where_versions_are_kept_a_delete_marker_is_put_in_front_once(stand: Stand) -> None:
    await stand.update_bucket(versioning=ENABLED)
    await stand.put("key", b"first")
    await stand.put("key", b"second")
    await expire(stand, rule(expire_after_seconds=HOUR))
    await expiring(stand).expire()
    assert await versions(stand) == [("key", "marker"), ("key", "second"), ("key", "first")]


async def test_a_marker_of_a_suspended_bucket_takes_the_null_versions_place(stand: Stand) -> None:
    await stand.update_bucket(versioning=SUSPENDED)
    await stand.put("key")
    await expire(stand, rule(expire_after_seconds=HOUR))
    assert await versions(stand) == [("key", "marker")]
    await stand.collect()
    assert await stand.usage() == (0, 0)


async def test_versions_go_days_after_they_were_replaced_but_for_the_newest_of_them(stand: Stand) -> None:
    await stand.update_bucket(versioning=ENABLED)
    for content in (b"1", b"2", b"3", b"4"):
        await stand.put("key", content)
    await stand.put("other")
    await stand.delete("gone")
    await stand.put("gone", b"a")
    await stand.delete("gone")
    rules = rule(expire_noncurrent_after_days=1, keep_noncurrent_versions=1)
    await expire(stand, rules, after_seconds=DAY // 2)
    assert len(await versions(stand)) == 8
    await expire(stand, rules, after_seconds=2 * DAY)
    assert await versions(stand) == [("gone", "marker"), ("gone", "a"), ("key", "4"), ("key", "3"), ("other", "bytes")]


async def test_versions_are_counted_over_all_pages_that_the_job_reads(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("portico_server.objects.upkeep.expiring._READ_AT_ONCE", 2)
    await stand.update_bucket(versioning=ENABLED)
    for key in ("a", "b"):
        for number in range(6):
            await stand.put(key, str(number).encode())
    await expire(stand, rule(expire_noncurrent_after_days=1, keep_noncurrent_versions=3), after_seconds=3 * DAY)
    assert await versions(stand) == [(key, str(number)) for key in "ab" for number in (5, 4, 3, 2)]


async def test_a_delete_marker_goes_when_it_is_alone(stand: Stand) -> None:
    await stand.update_bucket(versioning=ENABLED)
    await stand.delete("alone")
    await stand.put("hidden", b"x")
    await stand.delete("hidden")
    await stand.put("there", b"x")
    await expire(stand, rule(expire_delete_markers=True))
    assert await versions(stand) == [("hidden", "marker"), ("hidden", "x"), ("there", "x")]


async def test_an_object_runs_through_its_whole_life(stand: Stand) -> None:
    """Expired, then its version, then the marker that is left."""
    await stand.update_bucket(versioning=ENABLED)
    await stand.put("key")
    rules = [rule("a", expire_after_days=1), rule("b", expire_noncurrent_after_days=1)]
    seen = []
    for _ in range(4):
        await expire(stand, *rules, after_seconds=2 * DAY)
        seen.append([data for _, data in await versions(stand)])
    assert seen[0] == ["marker", "bytes"]
    assert seen[-1] == []


async def test_what_is_locked_stays_until_it_is_not(stand: Stand) -> None:
    await stand.update_bucket(object_lock=ObjectLock(enabled=True))
    until = stand.clock.time_us // 1_000_000 + 10 * DAY
    retention = Retention(mode=RETENTION_MODE_GOVERNANCE, retain_until_time={"seconds": until})
    await stand.put("kept", b"locked", retention=retention)
    await stand.put("held", b"held", legal_hold=True)
    for key in ("kept", "held", "plain"):
        await stand.put(key, b"old")
        await stand.put(key, b"new")
    rules = rule(expire_noncurrent_after_days=1)
    await expire(stand, rules, after_seconds=3 * DAY)
    locked = [("held", "new"), ("held", "held"), ("kept", "new"), ("kept", "locked"), ("plain", "new")]
    assert await versions(stand) == locked
    await expire(stand, rules, after_seconds=10 * DAY)
    assert await versions(stand) == [("held", "new"), ("held", "held"), ("kept", "new"), ("plain", "new")]


async def test_uploads_are_aborted_when_rules_say_be_that_sooner_or_later_than_usual(stand: Stand) -> None:
    rules = [rule("soon", "soon/", abort_uploads_after_days=1), rule("late", "late/", abort_uploads_after_days=20)]
    await stand.update_bucket(lifecycle_rules=rules)
    for key in ("soon/a", "late/a", "usual"):
        await stand.create_upload(key)
    told = (await stand.list_uploads()).uploads
    assert [one.abort_rule_id for one in told] == ["late", "soon", ""]
    assert [(one.abort_time.seconds - one.create_time.seconds) // DAY for one in told] == [20, 1, 7]
    seen = []
    for days in (0, 2, 6, 14):
        stand.clock.pass_seconds(days * DAY)
        await stand.run_job("objects.uploads")
        uploads = (await stand.list_uploads()).uploads
        seen.append([one.name.partition("/objects/")[2] for one in uploads])
    assert seen == [["late/a", "soon/a", "usual"], ["late/a", "usual"], ["late/a"], []]


async def test_what_changes_between_look_and_commit_is_left_alone(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    for key in ("a", "b", "c"):
        await stand.put(key)
    await stand.update_bucket(lifecycle_rules=[rule(expire_after_seconds=HOUR)])
    stand.clock.pass_seconds(HOUR)
    database = stand.database
    plain = type(database).batch
    changed = False

    async def batch(self: Any, batch: Batch) -> list[Done]:
        nonlocal changed
        if not changed:
            changed = True
            await stand.put("b", b"new")
        return await plain(self, batch)

    monkeypatch.setattr(type(database), "batch", batch)
    await expiring(stand).expire()
    monkeypatch.undo()
    assert keys(await stand.list()) == ["b"]
    assert await stand.get("b") == b"new"
    await stand.update_bucket(lifecycle_rules=[rule(expire_after_days=1000)])
    assert keys(await stand.list()) == ["b"]


async def test_a_batch_that_was_judged_by_rules_that_are_no_more_deletes_nothing(stand: Stand) -> None:
    await stand.put("key")
    await stand.update_bucket(lifecycle_rules=[rule(expire_after_seconds=HOUR)])
    job = expiring(stand)
    bucket = await job._buckets.open(BUCKET)
    current = await objects.head(stand.database, BUCKET, "key")
    assert current is not None
    await stand.update_bucket(lifecycle_rules=[rule(expire_after_days=1000)])
    await job._each_at_worst(bucket, [current], job._expire_objects)
    assert await stand.get("key") == b"bytes"
