"""What a bucket can be set to besides its versioning: kept, changed field by field, and checked."""

from __future__ import annotations

import json
from typing import Any

import pytest
from google.protobuf.field_mask_pb2 import FieldMask

from portico.objects.v1.buckets_pb2 import Bucket, CorsRule, LifecycleRule, NotificationRule, ObjectLock
from portico.objects.v1.objects_pb2 import RETENTION_MODE_GOVERNANCE
from portico_server.objects import errors
from portico_server.platform.outbox import AUDIT, Outbox
from tests.contract.objects.stand import ACCOUNT, BUCKET, ENABLED, SUSPENDED, Stand

PUBLIC, PRIVATE = 2, 1
OTHER = f"{ACCOUNT}/buckets/other"
CORS = CorsRule(id="pages", allowed_origins=["https://*.example.com"], allowed_methods=["GET"])
LOCK = ObjectLock(enabled=True, default_mode=RETENTION_MODE_GOVERNANCE, default_days=30)


def after_days(days: int, **fields: Any) -> LifecycleRule:
    return LifecycleRule(enabled=True, expire_after_days=days, **fields)


def queue(name: str = f"{ACCOUNT}/queues/events", **fields: Any) -> NotificationRule:
    return NotificationRule(events=[NotificationRule.EVENT_OBJECT_CREATED], queue=name, **fields)


def mask(*paths: str) -> FieldMask:
    return FieldMask(paths=paths)


async def test_all_settings_are_answered_as_they_were_given(stand: Stand) -> None:
    wanted = Bucket(
        public_access=PUBLIC,
        cors_rules=[CORS],
        lifecycle_rules=[after_days(3, id="old", filter={"prefix": "logs/", "tags": {"kind": "log"}})],
        object_lock=LOCK,
        tags={"team": "storage", "cost": "7"},
        notification_rules=[queue(id="all")],
    )
    made = await stand.create_bucket(OTHER, wanted)
    assert made == await stand.get_bucket(OTHER)
    assert made.versioning == ENABLED
    changed = await stand.update_bucket(**{name.name: value for name, value in wanted.ListFields()})
    for bucket in (made, changed):
        for field, value in wanted.ListFields():
            assert getattr(bucket, field.name) == value


async def test_a_bucket_is_private_and_set_to_nothing_unless_told_to(stand: Stand) -> None:
    bucket = await stand.get_bucket()
    assert bucket.public_access == PRIVATE
    assert not bucket.HasField("object_lock")
    set_to = [bucket.cors_rules, bucket.lifecycle_rules, bucket.tags, bucket.notification_rules]
    assert not any(map(len, set_to))


async def test_an_update_without_a_mask_changes_what_is_set(stand: Stand) -> None:
    await stand.update_bucket(tags={"a": "1"}, cors_rules=[CORS])
    changed = await stand.update_bucket(public_access=PUBLIC)
    assert (changed.public_access, dict(changed.tags), list(changed.cors_rules)) == (PUBLIC, {"a": "1"}, [CORS])
    assert dict((await stand.update_bucket(tags={"b": "2"})).tags) == {"b": "2"}


async def test_a_mask_says_what_is_changed_and_can_empty_it(stand: Stand) -> None:
    await stand.update_bucket(tags={"a": "1"}, cors_rules=[CORS], public_access=PUBLIC)
    changed = await stand.update_bucket(tags={"b": "2"}, update_mask=mask("cors_rules"))
    assert (dict(changed.tags), list(changed.cors_rules)) == ({"a": "1"}, [])
    changed = await stand.update_bucket(cors_rules=[CORS], update_mask=mask("*"))
    assert (dict(changed.tags), list(changed.cors_rules)) == ({}, [CORS])
    assert changed.public_access == PUBLIC, "unspecified means: as it is"


async def test_an_update_that_changes_nothing_leaves_the_etag(stand: Stand) -> None:
    before = await stand.update_bucket(tags={"a": "1", "b": "2"}, cors_rules=[CORS])
    assert await stand.update_bucket(tags={"b": "2", "a": "1"}, update_mask=mask("tags")) == before


async def test_lists_of_buckets_say_who_may_read_and_leave_the_rest_out(stand: Stand) -> None:
    await stand.update_bucket(tags={"a": "1"}, public_access=PUBLIC)
    (listed,) = (await stand.list_buckets()).buckets
    assert (listed.public_access, dict(listed.tags)) == (PUBLIC, {})


async def test_rules_without_an_id_are_given_one(stand: Stand) -> None:
    changed = await stand.update_bucket(lifecycle_rules=[after_days(1), after_days(2)], notification_rules=[queue()])
    ids = [rule.id for rule in changed.lifecycle_rules] + [rule.id for rule in changed.notification_rules]
    assert all(ids)
    assert len(set(ids)) == 3
    assert await stand.get_bucket() == changed


async def test_object_lock_brings_versions_and_cannot_be_taken_back(stand: Stand) -> None:
    assert (await stand.update_bucket(object_lock=LOCK)).versioning == ENABLED
    changed = await stand.update_bucket(object_lock=ObjectLock(enabled=True))
    assert changed.object_lock == ObjectLock(enabled=True), "what is kept by default can be taken back"
    for update_mask in (mask("object_lock"), mask("*")):
        with pytest.raises(errors.ObjectLockCannotEnd) as refused:
            await stand.update_bucket(update_mask=update_mask)
        assert refused.value.field == "bucket.object_lock.enabled"
    with pytest.raises(errors.VersioningCannotEnd):
        await stand.update_bucket(versioning=SUSPENDED)
    assert await stand.get_bucket() == changed


async def test_object_lock_and_no_versions_contradict_each_other(stand: Stand) -> None:
    with pytest.raises(errors.VersioningCannotEnd):
        await stand.create_bucket(OTHER, Bucket(versioning=SUSPENDED, object_lock=LOCK))


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        (Bucket(cors_rules=[CORS, CORS]), "bucket.cors_rules[1].id"),
        (Bucket(lifecycle_rules=[after_days(1, id="a"), after_days(2, id="a")]), "bucket.lifecycle_rules[1].id"),
        (Bucket(lifecycle_rules=[LifecycleRule(enabled=True, id="idle")]), "bucket.lifecycle_rules[0]"),
        (
            Bucket(lifecycle_rules=[after_days(1), after_days(1), after_days(3, expire_after_seconds=60)]),
            "bucket.lifecycle_rules[2].expire_after_days",
        ),
        (
            Bucket(lifecycle_rules=[after_days(1, expire_time={"seconds": 60})]),
            "bucket.lifecycle_rules[0].expire_time",
        ),
        (
            Bucket(lifecycle_rules=[after_days(1, keep_noncurrent_versions=2)]),
            "bucket.lifecycle_rules[0].keep_noncurrent_versions",
        ),
        (
            Bucket(lifecycle_rules=[after_days(1, filter={"size_greater_than_bytes": 5, "size_less_than_bytes": 6})]),
            "bucket.lifecycle_rules[0].filter.size_less_than_bytes",
        ),
        (
            Bucket(lifecycle_rules=[LifecycleRule(expire_delete_markers=True, filter={"tags": {"a": "b"}})]),
            "bucket.lifecycle_rules[0].expire_delete_markers",
        ),
        (
            Bucket(lifecycle_rules=[LifecycleRule(abort_uploads_after_days=1, filter={"size_less_than_bytes": 6})]),
            "bucket.lifecycle_rules[0].abort_uploads_after_days",
        ),
        (Bucket(object_lock=ObjectLock(default_mode=1, default_days=1)), "bucket.object_lock.enabled"),
        (
            Bucket(object_lock=ObjectLock(enabled=True, default_mode=1, default_days=1, default_years=1)),
            "bucket.object_lock.default_years",
        ),
        (Bucket(object_lock=ObjectLock(enabled=True, default_mode=1)), "bucket.object_lock.default_days"),
        (Bucket(object_lock=ObjectLock(enabled=True, default_years=1)), "bucket.object_lock.default_mode"),
        (Bucket(notification_rules=[queue(id="a"), queue(id="a")]), "bucket.notification_rules[1].id"),
        (Bucket(notification_rules=[queue("")]), "bucket.notification_rules[0].queue"),
        (Bucket(notification_rules=[queue("accounts/others/queues/events")]), "bucket.notification_rules[0].queue"),
        (
            Bucket(notification_rules=[queue(webhook_url="https://example.com")]),
            "bucket.notification_rules[0].webhook_url",
        ),
        (
            Bucket(notification_rules=[NotificationRule(events=[1], webhook_url="http://example.com")]),
            "bucket.notification_rules[0].webhook_url",
        ),
    ],
)
async def test_what_cannot_be_is_refused_and_named(stand: Stand, wanted: Bucket, field: str) -> None:
    before = await stand.get_bucket()
    with pytest.raises(errors.InvalidField) as refused:
        await stand.update_bucket(**{name.name: value for name, value in wanted.ListFields()})
    assert refused.value.field == field
    assert field in refused.value.message
    with pytest.raises(errors.InvalidField):
        await stand.create_bucket(OTHER, wanted)
    assert await stand.get_bucket() == before


async def test_settings_have_a_bound(stand: Stand) -> None:
    rules = [after_days(1, filter={"prefix": f"{number:0>1000}"}) for number in range(600)]
    with pytest.raises(errors.InvalidField) as refused:
        await stand.update_bucket(lifecycle_rules=rules)
    assert refused.value.field == "bucket"


async def test_a_change_of_settings_leaves_an_audit_event_that_names_them(stand: Stand) -> None:
    await stand.update_bucket(public_access=PUBLIC, tags={"a": "1"})
    events = [json.loads(event.body) for event in await Outbox(stand.database).take(100) if event.dataset == AUDIT]
    assert events[-1]["action"] == "objects.bucket.update"
    assert (events[-1]["resource"], events[-1]["fields"]) == (BUCKET, ["public_access", "tags"])


async def test_a_put_follows_settings_that_another_process_changed(stand: Stand) -> None:
    """A process remembers what it has seen of a bucket; the put's guard tells when that is not so any more."""
    await stand.put("key")
    await stand.update_bucket(versioning=ENABLED)
    remembered = stand.objects._objects._buckets._remembered
    seen = remembered.get(BUCKET)
    assert seen is not None
    remembered.note(seen._replace(versioning=1, etag="an earlier state"))
    assert (await stand.put("key")).version_id != "null"
