"""Buckets made, listed, changed and deleted."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Coroutine
from typing import Any

import pytest
from google.longrunning.operations_pb2 import Operation
from google.protobuf.field_mask_pb2 import FieldMask

from portico.objects.v1.buckets_pb2 import Bucket, DeleteBucketMetadata, DeleteBucketResult, Placement
from portico_server.objects import errors
from portico_server.objects.names import ObjectName
from portico_server.objects.store import buckets as bucket_store
from portico_server.objects.store import locks
from portico_server.objects.versions.objects import Put
from portico_server.platform.authorization import Filter, Part
from portico_server.platform.database import ANY, Batch, Statement
from portico_server.platform.outbox import AUDIT, Outbox
from tests.contract.objects.stand import ACCOUNT, BUCKET, DISABLED, ENABLED, SUSPENDED, Stand, keys

ABSENT = f"{ACCOUNT}/buckets/absent"


async def ended(stand: Stand, operation: Operation) -> Operation:
    """The operation when it has ended."""
    async with asyncio.timeout(20):
        while not operation.done:
            await asyncio.sleep(0.005)
            assert stand.running.operations is not None
            operation = await stand.running.operations.get(operation.name)
    return operation


async def test_a_bucket_is_answered_as_it_was_created(stand: Stand) -> None:
    settings = Bucket(versioning=ENABLED, location_hint="weur", jurisdiction="eu")
    made = await stand.create_bucket(f"{ACCOUNT}/buckets/other", settings)
    assert made == await stand.get_bucket(made.name)
    assert (made.name, made.versioning) == (f"{ACCOUNT}/buckets/other", ENABLED)
    assert (made.location_hint, made.jurisdiction) == ("weur", "eu")
    assert made.create_time == made.update_time
    assert made.etag


async def test_a_bucket_keeps_no_versions_unless_told_to(stand: Stand) -> None:
    assert (await stand.create_bucket(f"{ACCOUNT}/buckets/other")).versioning == DISABLED


async def test_a_bucket_id_is_unique_in_its_account(stand: Stand) -> None:
    with pytest.raises(errors.BucketAlreadyExists):
        await stand.create_bucket()
    await stand.create_bucket("accounts/other/buckets/bucket")


async def test_a_placement_that_is_asked_for_is_not_dropped(stand: Stand) -> None:
    with pytest.raises(errors.InvalidField, match="jurisdiction or location_hint") as refused:
        await stand.create_bucket(f"{ACCOUNT}/buckets/other", Bucket(placement=Placement(jurisdiction="eu")))
    assert refused.value.field == "bucket.placement"


async def test_a_name_in_the_settings_must_agree_with_the_id(stand: Stand) -> None:
    name = f"{ACCOUNT}/buckets/other"
    with pytest.raises(errors.InvalidField):
        await stand.create_bucket(name, Bucket(name=BUCKET))
    await stand.create_bucket(name, Bucket(name=name))


async def test_a_request_id_makes_a_retry_answer_as_the_first_time(stand: Stand) -> None:
    request_id = "0e5e8a6c-1f0e-4c07-9d59-3f0d6c0c0a01"
    made = [await stand.create_bucket(f"{ACCOUNT}/buckets/other", request_id=request_id) for _ in range(2)]
    assert made[0] == made[1]


async def test_a_bucket_that_is_not_there_is_named(stand: Stand) -> None:
    for attempt in (stand.get_bucket, stand.update_bucket, stand.delete_bucket, stand.list, stand.list_versions):
        with pytest.raises(errors.BucketNotFound) as refused:
            await attempt(ABSENT)
        assert refused.value.metadata == {"resource": ABSENT}


async def test_buckets_are_listed_by_id_a_page_at_a_time(stand: Stand) -> None:
    ids = [f"b{number:02}" for number in range(7)]
    for bucket_id in reversed(ids):
        await stand.create_bucket(f"{ACCOUNT}/buckets/{bucket_id}")
    await stand.create_bucket("accounts/another/buckets/b03")
    found, token = [], ""
    while True:
        page = await stand.list_buckets(page_size=3, page_token=token, prefix="b0")
        assert len(page.buckets) <= 3
        found += [bucket.name for bucket in page.buckets]
        token = page.next_page_token
        if not token:
            break
    assert found == [f"{ACCOUNT}/buckets/{bucket_id}" for bucket_id in ids]


async def test_a_list_shows_the_buckets_that_the_caller_may_see(stand: Stand) -> None:
    for bucket_id in ("aaa", "aaa-1", "bbb"):
        await stand.create_bucket(f"{ACCOUNT}/buckets/{bucket_id}")

    async def seen(filter: Filter) -> list[str]:
        stand.caller.filter = filter
        return [bucket.name.rpartition("/")[2] for bucket in (await stand.list_buckets()).buckets]

    assert await seen(Filter(True)) == ["aaa", "aaa-1", "bbb", "bucket"]
    assert await seen(Filter(False)) == []
    assert await seen(Filter(False, (ACCOUNT,), (f"{ACCOUNT}/buckets/aaa",))) == ["aaa-1", "bbb", "bucket"]
    assert await seen(Filter(False, (f"{ACCOUNT}/buckets/aaa", f"{ACCOUNT}/buckets/bbb/objects/x"))) == ["aaa"]
    part = Part(ACCOUNT, (f"{ACCOUNT}/buckets/aaa", f"{ACCOUNT}/buckets/bbb"))
    assert await seen(Filter(False, (f"{ACCOUNT}/buckets/bbb",), parts=(part,))) == ["aaa-1", "bbb", "bucket"]


async def test_versioning_can_be_enabled_and_suspended_but_not_disabled_again(stand: Stand) -> None:
    before = await stand.get_bucket()
    for versioning in (ENABLED, SUSPENDED, ENABLED):
        changed = await stand.update_bucket(versioning=versioning)
        assert changed == await stand.get_bucket()
        assert changed.versioning == versioning
        assert changed.etag != before.etag
        assert changed.update_time.ToNanoseconds() > before.update_time.ToNanoseconds()
        before = changed
    with pytest.raises(errors.VersioningCannotEnd):
        await stand.update_bucket(versioning=DISABLED)


async def test_an_update_with_another_etag_is_refused(stand: Stand) -> None:
    etag = (await stand.get_bucket()).etag
    await stand.update_bucket(versioning=ENABLED, etag=etag)
    with pytest.raises(errors.BucketChanged):
        await stand.update_bucket(versioning=SUSPENDED, etag=etag)


async def test_an_update_that_says_nothing_changes_nothing(stand: Stand) -> None:
    before = await stand.get_bucket()
    assert await stand.update_bucket() == before
    assert await stand.update_bucket(versioning=DISABLED) == before
    assert await stand.update_bucket(update_mask=FieldMask(paths=["*"])) == before


async def test_where_the_bytes_live_is_fixed(stand: Stand) -> None:
    with pytest.raises(errors.InvalidField) as refused:
        await stand.update_bucket(location_hint="weur")
    assert refused.value.field == "bucket.location_hint"
    masked = await stand.update_bucket(location_hint="weur", versioning=2, update_mask=FieldMask(paths=["versioning"]))
    assert (masked.location_hint, masked.versioning) == ("", ENABLED)


async def test_an_empty_bucket_is_deleted_at_once(stand: Stand) -> None:
    operation = await stand.delete_bucket()
    assert operation.done
    assert operation.response.Is(DeleteBucketResult.DESCRIPTOR)
    assert stand.running.operations is not None
    assert await stand.running.operations.get(operation.name) == operation
    with pytest.raises(errors.BucketNotFound):
        await stand.get_bucket()
    await stand.create_bucket()


async def test_a_bucket_that_holds_anything_is_not_deleted(stand: Stand) -> None:
    await stand.put("k")
    with pytest.raises(errors.BucketNotEmpty):
        await stand.delete_bucket()
    await stand.update_bucket(versioning=ENABLED)
    marker = await stand.delete("k")
    with pytest.raises(errors.BucketNotEmpty):
        await stand.delete_bucket()
    await stand.delete("k", version_id="null")
    with pytest.raises(errors.BucketNotEmpty):
        await stand.delete_bucket()
    await stand.delete("k", version_id=marker.version_id)
    assert (await stand.delete_bucket()).done


async def test_a_bucket_of_another_etag_is_not_deleted(stand: Stand) -> None:
    with pytest.raises(errors.BucketChanged):
        await stand.delete_bucket(etag="other")
    await stand.delete_bucket(etag=(await stand.get_bucket()).etag)


async def test_with_force_a_bucket_is_emptied_and_deleted_by_an_operation(stand: Stand) -> None:
    await stand.update_bucket(versioning=ENABLED)
    await asyncio.gather(*(stand.put(f"k{number % 150}", bytes(20_000 * (number % 2))) for number in range(250)))
    await stand.delete("k7")
    operation = await stand.delete_bucket(force=True)
    assert operation.name.startswith("operations/objects/")
    operation = await ended(stand, operation)
    assert operation.response.Is(DeleteBucketResult.DESCRIPTOR)
    metadata = DeleteBucketMetadata()
    operation.metadata.Unpack(metadata)
    assert (metadata.name, metadata.deleted_versions) == (BUCKET, 251)
    with pytest.raises(errors.BucketNotFound):
        await stand.get_bucket()
    await stand.collect()
    assert await stand.usage() == (0, 0)
    assert stand.files() == []


async def close_for_deletion(stand: Stand, operation: str) -> None:
    """As if a process had died right after it started the operation."""
    change = Statement("UPDATE bucket SET deletion = $2 WHERE name = $1", (BUCKET, operation))
    await stand.database.batch(Batch([change]))


async def test_a_bucket_that_is_being_deleted_takes_no_writes(stand: Stand) -> None:
    assert stand.running.operations is not None
    await stand.put("k")
    operation, starting = stand.running.operations.starting("empty bucket", BUCKET.encode(), DeleteBucketMetadata())
    await stand.database.batch(Batch([starting]))
    await close_for_deletion(stand, operation.name)
    for size in (1, 20_000):
        with pytest.raises(errors.BucketBeingDeleted):
            await stand.put("k", bytes(size))
    with pytest.raises(errors.BucketBeingDeleted):
        await stand.delete("k")
    with pytest.raises(errors.BucketBeingDeleted):
        await stand.update_bucket(versioning=ENABLED)
    with pytest.raises(errors.BucketAlreadyExists):
        await stand.create_bucket()


async def test_a_bucket_whose_deletion_is_over_without_success_can_be_used_again(stand: Stand) -> None:
    await close_for_deletion(stand, "operations/objects/forgotten")
    await stand.put("k")
    assert await stand.get("k") == b"bytes"


async def test_a_deletion_whose_operation_is_over_can_be_begun_again(stand: Stand) -> None:
    await stand.put("k")
    await close_for_deletion(stand, "operations/objects/forgotten")
    assert (await ended(stand, await stand.delete_bucket(force=True))).HasField("response")


async def test_who_deletes_again_is_answered_the_operation_and_others_are_refused(stand: Stand) -> None:
    assert stand.running.operations is not None
    await stand.put("k")
    operation, starting = stand.running.operations.starting("empty bucket", BUCKET.encode(), DeleteBucketMetadata())
    await stand.database.batch(Batch([starting]))
    await close_for_deletion(stand, operation.name)
    assert (await stand.delete_bucket(force=True)).name == operation.name
    stand.caller.name = f"{ACCOUNT}/principals/another"
    with pytest.raises(errors.BucketBeingDeleted):
        await stand.delete_bucket(force=True)


async def test_an_emptying_that_a_process_left_behind_is_taken_up(stand: Stand) -> None:
    assert stand.running.operations is not None
    await stand.put("k")
    stand.enter("BucketService/DeleteBucket")
    operation, starting = stand.running.operations.starting("empty bucket", BUCKET.encode(), DeleteBucketMetadata())
    await stand.database.batch(Batch([starting]))
    await close_for_deletion(stand, operation.name)
    await stand.running.operations.start()
    assert (await ended(stand, operation)).HasField("response")


async def test_an_emptying_that_had_come_to_its_end_leaves_a_new_bucket_of_that_name_alone(stand: Stand) -> None:
    """Its process died between the bucket's end and the operation's."""
    assert stand.running.operations is not None
    await stand.put("k")
    stand.enter("BucketService/DeleteBucket")
    operation, starting = stand.running.operations.starting("empty bucket", BUCKET.encode(), DeleteBucketMetadata())
    await stand.database.batch(Batch([starting]))
    await stand.running.operations.start()
    assert (await ended(stand, operation)).HasField("response")
    assert await stand.get("k") == b"bytes"


async def test_a_cancelled_emptying_gives_the_bucket_back(stand: Stand) -> None:
    assert stand.running.operations is not None
    await asyncio.gather(*(stand.put(f"k{number}") for number in range(1000)))
    operation = await stand.delete_bucket(force=True)
    await stand.running.operations.cancel(operation.name)
    ending = await ended(stand, operation)
    assert ending.error.code == 1  # CANCELLED
    assert (await stand.get_bucket()).name == BUCKET
    await stand.put("new")
    assert "new" in keys(await stand.list(prefix="new"))


@pytest.mark.parametrize("size", [1, 20_000])
async def test_of_puts_and_a_deletion_of_their_bucket_either_all_or_the_deletion_is_refused(
    stand: Stand, size: int
) -> None:
    for number in range(40):
        bucket = f"{ACCOUNT}/buckets/race{number}"
        await stand.create_bucket(bucket)
        works: list[Coroutine[Any, Any, object]] = [
            stand.put(f"k{key}", bytes(size), bucket=bucket) for key in range(6)
        ]
        works.insert(number % 7, stand.delete_bucket(bucket))
        ends = await asyncio.gather(*works, return_exceptions=True)
        deletion = ends.pop(number % 7)
        if isinstance(deletion, errors.BucketNotEmpty):
            assert len(keys(await stand.list(bucket))) == sum(not isinstance(end, BaseException) for end in ends) > 0
        else:
            assert isinstance(deletion, Operation), deletion
            assert {type(end) for end in ends} == {errors.BucketNotFound}
    left = await stand.database.scan("SELECT count(*) FROM object o WHERE o.bucket NOT IN (SELECT name FROM bucket)")
    assert left == [(0,)]


LINGER = Statement("SELECT CAST(pg_sleep(0.6) AS TEXT)", (), ANY)
"""Keeps a transaction of PostgreSQL open between what it has seen and its commit."""
LINGERS = "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()"


async def lingering(stand: Stand) -> None:
    """Until a transaction lingers."""
    async with asyncio.timeout(20):
        while not await stand.database.read(LINGERS):  # noqa: ASYNC110  # the server tells of it, when asked
            await asyncio.sleep(0.005)


async def test_a_deletion_waits_for_a_put_that_is_about_to_commit(stand: Stand, engine: str) -> None:
    if engine == "sqlite":
        pytest.skip("SQLite takes one batch after the other")

    async def bytes_of_it() -> AsyncIterator[bytes]:
        yield b"x"

    put = Put(ObjectName(BUCKET, "k"))
    putting = asyncio.create_task(stand.objects._objects.put(put, bytes_of_it(), lambda _: [LINGER]))
    await lingering(stand)
    with pytest.raises(errors.BucketNotEmpty):
        await stand.delete_bucket()
    await putting
    assert keys(await stand.list()) == ["k"]


async def test_a_put_waits_for_a_deletion_that_is_about_to_commit(stand: Stand, engine: str) -> None:
    if engine == "sqlite":
        pytest.skip("SQLite takes one batch after the other")
    etag = (await stand.get_bucket()).etag
    statements = [*bucket_store.delete_empty(BUCKET, etag), LINGER]
    deleting = asyncio.create_task(stand.database.batch(Batch(statements, locks.of_bucket(BUCKET))))
    await lingering(stand)
    with pytest.raises(errors.BucketNotFound):
        await stand.put("k")
    await deleting
    assert await stand.database.scan("SELECT count(*) FROM object") == [(0,)]


async def test_a_put_races_with_a_change_of_versioning_and_keeps_to_one_of_them(stand: Stand) -> None:
    for number in range(25):
        bucket = f"{ACCOUNT}/buckets/race{number}"
        await stand.create_bucket(bucket)
        await stand.put("k", b"old", bucket=bucket)
        put, _ = await asyncio.gather(
            stand.put("k", b"new", bucket=bucket), stand.update_bucket(bucket, versioning=ENABLED)
        )
        versions = (await stand.list_versions(bucket)).objects
        assert [version.version_id for version in versions] in (["null"], [put.version_id, "null"])
        assert (put.version_id == "null") == (len(versions) == 1)


async def test_what_is_done_to_buckets_is_in_the_audit(stand: Stand) -> None:
    await stand.database.batch(Batch([Statement("DELETE FROM platform_outbox", (), ANY)]))
    name = f"{ACCOUNT}/buckets/other"
    await stand.create_bucket(name)
    await stand.update_bucket(name, versioning=ENABLED)
    scrubbed = await stand.scrub_bucket(name)
    await stand.delete_bucket(name)
    told = [json.loads(event.body) for event in await Outbox(stand.database).take(10) if event.dataset == AUDIT]
    assert [(event["action"], event["resource"], event["principal"]) for event in told] == [
        (f"objects.bucket.{verb}", name, stand.caller.name) for verb in ("create", "update", "scrub", "delete")
    ]
    assert told[2]["operation"] == scrubbed.name
