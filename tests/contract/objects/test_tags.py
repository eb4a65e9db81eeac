"""Tags of objects: put, read, copied, changed."""

from __future__ import annotations

import asyncio

import pytest

from portico_server.objects import errors
from tests.contract.objects.stand import ENABLED, SUSPENDED, Stand

TAGS = {"colour": "grün", "empty": ""}


@pytest.mark.parametrize("size", [10, 100_000])
async def test_tags_are_answered_with_the_object_and_not_in_lists(stand: Stand, size: int) -> None:
    stored = await stand.put("k", bytes(size), tags=TAGS)
    assert dict(stored.tags) == TAGS
    assert await stand.head("k") == stored
    assert (await anext(stand.get_messages("k"))).object == stored
    for listed in ((await stand.list()).objects[0], (await stand.list_versions()).objects[0]):
        assert not listed.tags


@pytest.mark.parametrize("versioning", [ENABLED, SUSPENDED])
async def test_what_replaces_an_object_has_none_of_its_tags(stand: Stand, versioning: int) -> None:
    await stand.update_bucket(versioning=ENABLED)
    old = await stand.put("k", b"old", tags=TAGS)
    await stand.update_bucket(versioning=versioning)
    await stand.put("k", b"new")
    assert not (await stand.head("k")).tags
    assert dict((await stand.head("k", version_id=old.version_id)).tags) == TAGS


async def test_what_replaces_an_object_in_its_place_has_none_of_its_tags_either(stand: Stand) -> None:
    await stand.put("k", b"old", tags=TAGS)
    assert not (await stand.put("k", b"new")).tags
    assert not (await stand.head("k")).tags


async def test_a_version_that_is_current_again_has_its_tags_still(stand: Stand) -> None:
    await stand.update_bucket(versioning=ENABLED)
    await stand.put("k", b"old", tags=TAGS)
    marker = await stand.delete("k")
    await stand.delete("k", version_id=marker.version_id)
    assert dict((await stand.head("k")).tags) == TAGS


async def test_a_copy_gets_the_sources_tags_unless_it_is_given_others(stand: Stand) -> None:
    await stand.put("source", tags=TAGS)
    assert dict((await stand.copy("source", "copy")).tags) == TAGS
    assert dict((await stand.copy("source", "copy", replace_tags=True, tags={"a": "b"})).tags) == {"a": "b"}
    assert not (await stand.copy("source", "copy", replace_tags=True)).tags
    assert dict((await stand.head("source")).tags) == TAGS


async def test_a_retry_must_say_the_same_of_tags_too(stand: Stand) -> None:
    request_id = "0e5e8a6c-1f0e-4c07-9d59-3f0d6c0c0a01"
    first = await stand.put("k", tags=TAGS, request_id=request_id)
    assert await stand.put("k", tags=dict(reversed(TAGS.items())), request_id=request_id) == first
    with pytest.raises(Exception, match="different request"):
        await stand.put("k", tags={"a": "b"}, request_id=request_id)


async def test_tags_are_replaced_as_a_whole_and_nothing_else_changes(stand: Stand) -> None:
    stored = await stand.put("k", b"bytes", tags=TAGS)
    changed = await stand.update("k", "tags", tags={"a": "b"})
    assert dict(changed.tags) == {"a": "b"}
    assert await stand.head("k") == changed
    changed.ClearField("tags")
    stored.ClearField("tags")
    assert changed == stored
    assert not (await stand.update("k", "tags")).tags
    assert await stand.get("k") == b"bytes"


async def test_tags_of_an_older_version_are_its_own(stand: Stand) -> None:
    await stand.update_bucket(versioning=ENABLED)
    old = await stand.put("k", b"old", tags=TAGS)
    await stand.put("k", b"new")
    await stand.update("k", "tags", tags={"a": "b"}, version_id=old.version_id)
    assert dict((await stand.head("k", version_id=old.version_id)).tags) == {"a": "b"}
    assert not (await stand.head("k")).tags


async def test_what_is_not_there_has_no_tags(stand: Stand) -> None:
    with pytest.raises(errors.ObjectNotFound):
        await stand.update("k", "tags", tags=TAGS)
    await stand.update_bucket(versioning=ENABLED)
    marker = await stand.delete("k")
    with pytest.raises(errors.ObjectNotFound):
        await stand.update("k", "tags", tags=TAGS, version_id=marker.version_id)
    with pytest.raises(errors.VersionNotFound):
        await stand.update("k", "tags", tags=TAGS, version_id="0123")
    with pytest.raises(errors.BucketNotFound):
        await stand.update("k", "tags", tags=TAGS, bucket="accounts/default/buckets/absent")


async def test_of_tags_that_many_change_at_once_one_writers_are_left_whole(stand: Stand) -> None:
    await stand.put("k")
    written = [{f"writer-{number}": str(number), "number": str(number)} for number in range(20)]
    await asyncio.gather(*(stand.update("k", "tags", tags=tags) for tags in written))
    assert dict((await stand.head("k")).tags) in written


async def test_tags_are_changed_without_the_permissions_for_locks(stand: Stand) -> None:
    await stand.put("k")
    stand.caller.asked = frozenset()
    await stand.update("k", "tags", tags=TAGS)
