"""Objects deleted, one and many."""

from __future__ import annotations

import asyncio

import pytest

from portico.objects.v1 import objects_pb2
from portico_server.objects import errors
from tests.contract.objects.stand import BUCKET, DISABLED, ENABLED, SUSPENDED, Stand, keys


async def test_a_deleted_object_is_gone(stand: Stand) -> None:
    await stand.put("k")
    deleted = await stand.delete("k")
    assert (deleted.version_id, deleted.delete_marker) == ("null", False)
    with pytest.raises(errors.ObjectNotFound):
        await stand.get("k")
    assert keys(await stand.list()) == []


async def test_to_delete_what_is_not_there_succeeds(stand: Stand) -> None:
    for version_id in ("", "null", "0123"):
        deleted = await stand.delete("k", version_id=version_id)
        assert (deleted.version_id, deleted.delete_marker) == ("", False)


async def test_nothing_is_deleted_from_a_bucket_that_is_not_there(stand: Stand) -> None:
    for version_id in ("", "null"):
        with pytest.raises(errors.BucketNotFound):
            await stand.delete("k", bucket="accounts/default/buckets/absent", version_id=version_id)


async def test_many_are_deleted_at_once_and_answered_in_the_order_of_the_request(stand: Stand) -> None:
    names = [f"{number:03}" for number in range(250)]
    await asyncio.gather(*(stand.put(name) for name in names if name != "100"))
    results = await stand.delete_many([(name, "") for name in reversed(names[:240])])
    assert [result.version_id for result in results] == [
        "" if name == "100" else "null" for name in reversed(names[:240])
    ]
    assert keys(await stand.list()) == names[240:]


async def test_the_same_object_named_twice_is_deleted_once(stand: Stand) -> None:
    await stand.put("k")
    results = await stand.delete_many([("k", ""), ("k", ""), ("k", "null")])
    assert [result.version_id for result in results] == ["null", "", ""]


async def test_all_objects_must_be_of_the_request_s_bucket(stand: Stand) -> None:
    await stand.put("k")
    await stand.create_bucket("accounts/default/buckets/other")
    message = objects_pb2.DeleteObjectsRequest(parent=BUCKET)
    message.objects.add(name=f"{BUCKET}/objects/k")
    message.objects.add(name="accounts/default/buckets/other/objects/k")
    stand.enter("ObjectService/DeleteObjects")
    with pytest.raises(errors.InvalidField) as refused:
        await stand.objects.DeleteObjects(message, None)
    assert refused.value.field == "objects[1].name"
    assert keys(await stand.list()) == ["k"]


async def test_many_versions_are_deleted_at_once(stand: Stand) -> None:
    await stand.update_bucket(versioning=ENABLED)
    versions = [(await stand.put("a", str(number).encode())).version_id for number in range(150)]
    marker = (await stand.delete("b")).version_id
    results = await stand.delete_many([("a", version) for version in versions[1:]] + [("b", marker), ("a", "absent")])
    assert [(result.version_id, result.delete_marker) for result in results[-2:]] == [(marker, True), ("", False)]
    assert await stand.get("a") == b"0"
    assert [item.version_id for item in (await stand.list_versions()).objects] == [versions[0]]


async def test_where_versions_are_kept_each_object_of_many_gets_a_marker(stand: Stand) -> None:
    await stand.update_bucket(versioning=ENABLED)
    await stand.put("a")
    results = await stand.delete_many([("a", ""), ("b", "")])
    assert all(result.delete_marker for result in results)
    assert keys(await stand.list()) == []
    assert keys(await stand.list_versions()) == ["a", "a", "b"]


@pytest.mark.parametrize("versioning", [DISABLED, ENABLED, SUSPENDED])
async def test_a_request_id_makes_a_retry_answer_as_the_first_time(stand: Stand, versioning: int) -> None:
    await stand.update_bucket(versioning=versioning)
    await stand.put("a")
    await stand.put("b")
    ids = ("0e5e8a6c-1f0e-4c07-9d59-3f0d6c0c0a01", "0e5e8a6c-1f0e-4c07-9d59-3f0d6c0c0a02")
    one = await stand.delete("a", request_id=ids[0])
    many = await stand.delete_many([("a", ""), ("b", "")], request_id=ids[1])
    before = await stand.list_versions()
    assert one == await stand.delete("a", request_id=ids[0])
    assert many == await stand.delete_many([("a", ""), ("b", "")], request_id=ids[1])
    assert await stand.list_versions() == before


async def test_a_remembered_delete_of_nothing_deletes_nothing_later(stand: Stand) -> None:
    request_id = "0e5e8a6c-1f0e-4c07-9d59-3f0d6c0c0a01"
    assert (await stand.delete("k", request_id=request_id)).version_id == ""
    await stand.put("k")
    assert (await stand.delete("k", request_id=request_id)).version_id == ""
    assert await stand.get("k") == b"bytes"


async def test_deletes_and_puts_of_the_same_keys_at_the_same_time_all_come_through(stand: Stand) -> None:
    names = [f"k{number}" for number in range(10)]
    works = [stand.put(name) for name in names * 3] + [
        stand.delete_many([(name, "") for name in names]) for _ in range(8)
    ]
    await asyncio.gather(*works)
    await stand.collector.fold()
    left = keys(await stand.list())
    assert await stand.usage() == (len(left), 5 * len(left))
