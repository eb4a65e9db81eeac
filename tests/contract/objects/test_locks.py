"""Object lock: retention and legal hold keep versions from deletion, and who may do what about it."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC

import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from portico.objects.v1 import buckets_pb2, objects_pb2
from portico_server.objects import errors
from tests.contract.objects.stand import BUCKET, Stand, keys
from tests.contract.objects.test_buckets import ended

GOVERNANCE, COMPLIANCE = objects_pb2.RETENTION_MODE_GOVERNANCE, objects_pb2.RETENTION_MODE_COMPLIANCE
MODES = pytest.mark.parametrize("mode", [GOVERNANCE, COMPLIANCE], ids=["governance", "compliance"])
DAY = 86_400


async def locking(stand: Stand, **lock: int) -> None:
    await stand.update_bucket(object_lock=buckets_pb2.ObjectLock(enabled=True, **lock))


def retention(stand: Stand, mode: int, days: float) -> objects_pb2.Retention:
    end = Timestamp()
    end.FromMicroseconds(stand.clock.time_us + int(days * DAY * 1e6))
    return objects_pb2.Retention(mode=mode, retain_until_time=end)


@MODES
@pytest.mark.parametrize("size", [10, 100_000])
async def test_a_version_under_retention_is_deleted_only_when_that_has_ended(
    stand: Stand, mode: int, size: int
) -> None:
    await locking(stand)
    locked = await stand.put("k", bytes(size), retention=retention(stand, mode, 2))
    assert (locked.retention.mode, locked) == (mode, await stand.head("k"))
    stand.clock.pass_seconds(1.9 * DAY)
    with pytest.raises(errors.ObjectLocked) as refused:
        await stand.delete("k", version_id=locked.version_id)
    assert refused.value.metadata["version_id"] == locked.version_id
    assert len(await stand.get("k")) == size
    stand.clock.pass_seconds(0.2 * DAY)
    assert (await stand.delete("k", version_id=locked.version_id)).version_id == locked.version_id


async def test_a_legal_hold_holds_until_it_is_taken_back(stand: Stand) -> None:
    await locking(stand)
    held = await stand.put("k", legal_hold=True)
    assert held.legal_hold
    stand.clock.pass_seconds(1000 * DAY)
    with pytest.raises(errors.ObjectLocked, match="legal hold"):
        await stand.delete("k", version_id=held.version_id, bypass_governance=True)
    assert not (await stand.update("k", "legal_hold")).legal_hold
    await stand.delete("k", version_id=held.version_id)


async def test_a_legal_hold_and_a_retention_hold_one_without_the_other(stand: Stand) -> None:
    await locking(stand)
    locked = await stand.put("k", retention=retention(stand, COMPLIANCE, 1), legal_hold=True)
    await stand.update("k", "legal_hold")
    with pytest.raises(errors.ObjectLocked, match="COMPLIANCE"):
        await stand.delete("k", version_id=locked.version_id)
    await stand.update("k", "legal_hold", legal_hold=True)
    stand.clock.pass_seconds(2 * DAY)
    with pytest.raises(errors.ObjectLocked, match="legal hold"):
        await stand.delete("k", version_id=locked.version_id)


async def test_a_locked_object_is_overwritten_and_deleted_by_a_marker_and_its_version_stays(stand: Stand) -> None:
    await locking(stand)
    locked = await stand.put("k", b"locked", legal_hold=True)
    await stand.put("k", b"new")
    marker = await stand.delete("k")
    assert marker.delete_marker
    assert await stand.get("k", version_id=locked.version_id) == b"locked"
    with pytest.raises(errors.ObjectLocked):
        await stand.delete("k", version_id=locked.version_id)
    await stand.delete("k", version_id=marker.version_id)


async def test_of_many_deletes_one_locked_refuses_all_and_is_named(stand: Stand) -> None:
    await locking(stand)
    versions = [await stand.put(f"{number:03}", b"") for number in range(120)]
    locked = await stand.put("110", b"", legal_hold=True)
    targets = [(version.name.rpartition("/")[2], version.version_id) for version in versions]
    with pytest.raises(errors.ObjectLocked, match="nothing was deleted") as refused:
        await stand.delete_many([*targets, ("110", locked.version_id)])
    assert refused.value.metadata == {"resource": f"{BUCKET}/objects/110", "version_id": locked.version_id}
    assert len((await stand.list_versions()).objects) == 121
    await stand.delete_many(targets)
    assert keys(await stand.list_versions()) == ["110"]


async def test_governance_is_bypassed_by_who_may_and_asks_to_and_an_event_tells_it(stand: Stand) -> None:
    await locking(stand)
    locked = await stand.put("k", retention=retention(stand, GOVERNANCE, 9))
    with pytest.raises(errors.ObjectLocked, match="bypass_governance"):
        await stand.delete("k", version_id=locked.version_id)
    stand.caller.asked = frozenset({"objects.object.lock"})
    with pytest.raises(errors.PermissionMissing, match=r"objects\.object\.bypass_governance"):
        await stand.delete("k", version_id=locked.version_id, bypass_governance=True)
    with pytest.raises(errors.PermissionMissing):
        await stand.delete_many([("k", locked.version_id)], bypass_governance=True)
    stand.caller.asked = frozenset({"objects.object.bypass_governance"})
    await stand.delete_many([("k", locked.version_id)], bypass_governance=True)
    assert [event["action"] for event in await audit_events(stand)][-1] == "objects.object.bypass_governance"


async def test_compliance_is_bypassed_by_nobody(stand: Stand) -> None:
    await locking(stand)
    locked = await stand.put("k", retention=retention(stand, COMPLIANCE, 9))
    with pytest.raises(errors.ObjectLocked):
        await stand.delete("k", version_id=locked.version_id, bypass_governance=True)
    with pytest.raises(errors.ObjectLocked):
        await stand.update("k", "retention", bypass_governance=True)


@pytest.mark.parametrize(
    ("before", "after", "days", "without_bypass", "with_bypass"),
    [
        (GOVERNANCE, GOVERNANCE, 3, True, True),
        (GOVERNANCE, GOVERNANCE, 1, False, True),
        (GOVERNANCE, COMPLIANCE, 3, False, True),
        (GOVERNANCE, 0, 0, False, True),
        (COMPLIANCE, COMPLIANCE, 3, True, True),
        (COMPLIANCE, COMPLIANCE, 1, False, False),
        (COMPLIANCE, GOVERNANCE, 3, False, False),
        (COMPLIANCE, 0, 0, False, False),
    ],
)
async def test_a_retention_is_prolonged_by_all_and_weakened_only_where_it_may_be(
    stand: Stand, before: int, after: int, days: int, without_bypass: bool, with_bypass: bool
) -> None:
    await locking(stand)
    await stand.put("k", retention=retention(stand, before, 2))
    wanted = retention(stand, after, days) if after else None
    for bypass, allowed in ((False, without_bypass), (True, with_bypass)):
        if allowed:
            changed = await stand.update("k", "retention", retention=wanted, bypass_governance=bypass)
            assert changed.retention.mode == after
            assert changed.HasField("retention") == bool(after)
        else:
            with pytest.raises(errors.ObjectLocked):
                await stand.update("k", "retention", retention=wanted, bypass_governance=bypass)


async def test_a_retention_that_has_ended_may_be_anything(stand: Stand) -> None:
    await locking(stand)
    await stand.put("k", retention=retention(stand, COMPLIANCE, 1))
    stand.clock.pass_seconds(2 * DAY)
    assert not (await stand.update("k", "retention")).HasField("retention")


async def test_a_retention_has_a_mode_and_an_end_in_the_future(stand: Stand) -> None:
    await locking(stand)
    await stand.put("k")
    for wrong, field in (
        (objects_pb2.Retention(mode=GOVERNANCE), "retain_until_time"),
        (objects_pb2.Retention(retain_until_time=Timestamp(seconds=4_000_000_000)), "mode"),
        (retention(stand, GOVERNANCE, -1), "retain_until_time"),
    ):
        with pytest.raises(errors.InvalidField) as refused:
            await stand.put("other", retention=wrong)
        assert refused.value.field == f"retention.{field}"
        with pytest.raises(errors.InvalidField):
            await stand.update("k", "retention", retention=wrong)


@pytest.mark.parametrize("size", [10, 100_000])
async def test_without_object_lock_of_the_bucket_nothing_is_locked(stand: Stand, size: int) -> None:
    await stand.put("source", bytes(size))
    for lock in ({"legal_hold": True}, {"retention": retention(stand, GOVERNANCE, 1)}):
        with pytest.raises(errors.ObjectLockDisabled):
            await stand.put("k", bytes(size), **lock)
        with pytest.raises(errors.ObjectLockDisabled):
            await stand.copy("source", "k", **lock)
        with pytest.raises(errors.ObjectLockDisabled):
            await stand.update("source", next(iter(lock)), **lock)
    assert keys(await stand.list()) == ["source"]
    await stand.collect()
    assert len(stand.files()) == int(size > 20_000)


async def test_who_locks_needs_the_permission_for_it(stand: Stand) -> None:
    await locking(stand)
    await stand.put("k")
    stand.caller.asked = frozenset()
    for lock in ({"legal_hold": True}, {"retention": retention(stand, GOVERNANCE, 1)}):
        with pytest.raises(errors.PermissionMissing, match=r"objects\.object\.lock"):
            await stand.put("k", **lock)
        with pytest.raises(errors.PermissionMissing):
            await stand.copy("k", "l", **lock)
        with pytest.raises(errors.PermissionMissing):
            await stand.update("k", next(iter(lock)), **lock)


@pytest.mark.parametrize(
    ("period", "end"),
    [({"default_days": 10}, "2027-01-25"), ({"default_years": 1}, "2028-01-15"), ({"default_years": 30}, "2057-01-15")],
)
async def test_a_bucket_keeps_new_versions_by_default(stand: Stand, period: dict[str, int], end: str) -> None:
    await locking(stand, default_mode=COMPLIANCE, **period)
    await stand.put("k", tags={"a": "b"})
    for made in (await stand.head("k"), await stand.copy("k", "l"), await stand.put("m", bytes(100_000))):
        assert made.retention.mode == COMPLIANCE
        kept_until = made.retention.retain_until_time.ToDatetime(UTC)
        assert kept_until.date().isoformat() == end
    own = await stand.put("k", retention=retention(stand, GOVERNANCE, 1))
    assert own.retention.mode == GOVERNANCE


async def test_a_new_default_holds_for_the_next_put(stand: Stand) -> None:
    await locking(stand)
    assert not (await stand.put("k")).HasField("retention")
    await locking(stand, default_mode=GOVERNANCE, default_days=1)
    assert (await stand.put("k")).retention.mode == GOVERNANCE


async def test_a_copy_does_not_take_its_sources_locks_over(stand: Stand) -> None:
    await locking(stand)
    await stand.put("k", tags={"a": "b"}, retention=retention(stand, GOVERNANCE, 1), legal_hold=True)
    copy = await stand.copy("k", "l")
    assert (dict(copy.tags), copy.HasField("retention"), copy.legal_hold) == ({"a": "b"}, False, False)


async def test_a_bucket_with_a_locked_version_is_not_emptied_and_loses_nothing(stand: Stand) -> None:
    await locking(stand)
    for key in ("a", "b"):
        await stand.put(key)
    locked = await stand.put("a", legal_hold=True)
    await stand.put("a")
    begun = await stand.delete_bucket(force=True)
    failed = await ended(stand, begun)
    assert failed.error.code == 9
    assert locked.version_id in failed.error.message
    assert len((await stand.list_versions()).objects) == 4
    await stand.update("a", "legal_hold", version_id=locked.version_id)
    begun = await stand.delete_bucket(force=True)
    assert not (await ended(stand, begun)).HasField("error")


async def test_a_delete_that_judged_before_a_lock_does_not_win_over_it(stand: Stand) -> None:
    """Locks and deletes of the same versions at once: what was acknowledged as locked is there."""
    await locking(stand)
    for current in (True, False):
        versions = [await stand.put(f"{number}", b"") for number in range(30)]
        if not current:
            await asyncio.gather(*(stand.put(f"{number}", b"") for number in range(30)))

        async def lock(version: objects_pb2.Object) -> str:
            key = version.name.rpartition("/")[2]
            try:
                await stand.update(key, "legal_hold", legal_hold=True, version_id=version.version_id)
            except errors.VersionNotFound:
                return ""
            return key

        async def delete(version: objects_pb2.Object) -> str:
            key = version.name.rpartition("/")[2]
            try:
                await stand.delete(key, version_id=version.version_id)
            except errors.ObjectLocked:
                return ""
            return key

        both = [work for version in versions for work in (delete(version), lock(version))]
        done = await asyncio.gather(*both)
        for number, version in enumerate(versions):
            deleted, locked = done[2 * number], done[2 * number + 1]
            assert bool(deleted) != bool(locked)
            if locked:
                assert (await stand.head(locked, version_id=version.version_id)).legal_hold


async def test_a_change_of_locks_leaves_an_event_of_what_was_and_what_is(stand: Stand) -> None:
    await locking(stand)
    stored = await stand.put("k")
    await stand.update("k", "legal_hold", "tags", legal_hold=True)
    event = (await audit_events(stand))[-1]
    assert event["action"] == "objects.object.lock"
    assert event["resource"] == stored.name
    assert event["version_id"] == stored.version_id
    assert (event["before"], event["after"]) == ({"legal_hold": False}, {"legal_hold": True})


async def audit_events(stand: Stand) -> list[dict[str, object]]:
    rows = await stand.database.scan("SELECT body FROM platform_outbox WHERE dataset = 'audit' ORDER BY id")
    return [json.loads(row[0]) for row in rows]


async def test_what_an_upload_is_begun_with_locks_what_it_becomes(stand: Stand) -> None:
    with pytest.raises(errors.ObjectLockDisabled):
        await stand.create_upload("k", legal_hold=True)
    await locking(stand, default_mode=GOVERNANCE, default_days=1)
    made = await stand.put_in_parts("k", [b"bytes"], legal_hold=True, tags={"a": "b"})
    assert (made.legal_hold, made.retention.mode, dict(made.tags)) == (True, GOVERNANCE, {"a": "b"})
    with pytest.raises(errors.ObjectLocked):
        await stand.delete("k", version_id=made.version_id)
    stand.caller.asked = frozenset()
    with pytest.raises(errors.PermissionMissing):
        await stand.create_upload("k", legal_hold=True)
