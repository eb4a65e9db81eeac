"""An object that a rule of its bucket's lifecycle has expired is gone, for all who read, at that very moment."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from portico.objects.v1.buckets_pb2 import LifecycleRule
from portico.objects.v1.objects_pb2 import Conditions
from portico_server.objects import errors
from tests.contract.objects.stand import BUCKET, ENABLED, SUSPENDED, Stand, keys

HOUR = 3600


def after(seconds: int = HOUR, prefix: str = "", rule_id: str = "soon") -> LifecycleRule:
    return LifecycleRule(id=rule_id, enabled=True, expire_after_seconds=seconds, filter={"prefix": prefix})


async def expire_all(stand: Stand) -> None:
    await stand.update_bucket(lifecycle_rules=[after()])
    stand.clock.pass_seconds(HOUR)


async def is_gone(read: Callable[..., Awaitable[Any]], *args: Any, **request: Any) -> bool:
    try:
        await read(*args, **request)
    except (errors.ObjectNotFound, errors.VersionNotFound):
        return True
    return False


async def test_an_expired_object_is_gone_for_get_head_list_and_copy(stand: Stand) -> None:
    await stand.update_bucket(lifecycle_rules=[after(prefix="tmp/")])
    await stand.put("tmp/small")
    await stand.put("tmp/large", b"x" * 100_000)
    await stand.put("kept")
    stand.clock.pass_seconds(HOUR - 60)
    assert await stand.get("tmp/small") == b"bytes"
    stand.clock.pass_seconds(60)
    for key in ("tmp/small", "tmp/large"):
        for read in (stand.get, stand.head):
            assert await is_gone(read, key)
        assert await is_gone(stand.copy, key, "copy")
    assert keys(await stand.list()) == ["kept"]
    assert keys(await stand.list_versions()) == ["kept"]
    assert await stand.get("kept") == b"bytes"


async def test_put_get_and_head_answer_when_an_object_expires_and_by_which_rule(stand: Stand) -> None:
    await stand.update_bucket(lifecycle_rules=[after(prefix="tmp/")])
    put = await stand.put("tmp/a")
    assert put.expire_rule_id == "soon"
    assert put.expire_time.ToMicroseconds() == put.create_time.ToMicroseconds() + HOUR * 1_000_000
    assert await stand.head("tmp/a") == put
    messages = [message async for message in stand.get_messages("tmp/a")]
    assert messages[0].object == put
    assert (await stand.copy("tmp/a", "kept")).expire_rule_id == ""
    assert not (await stand.head("kept")).HasField("expire_time")


async def test_a_rule_holds_for_what_was_put_before_it_and_no_longer_than_it_is_in_force(stand: Stand) -> None:
    await stand.put("key")
    stand.clock.pass_seconds(HOUR)
    await stand.put("later")
    await stand.update_bucket(lifecycle_rules=[after()])
    assert await is_gone(stand.get, "key")
    rule = after()
    rule.enabled = False
    await stand.update_bucket(lifecycle_rules=[rule])
    stand.clock.pass_seconds(HOUR)
    assert await stand.get("later") == b"bytes"


@pytest.mark.parametrize("change", [{"update_mask": {"paths": ["lifecycle_rules"]}}, {"versioning": ENABLED}])
async def test_what_has_expired_does_not_come_back_by_other_settings(stand: Stand, change: Any) -> None:
    """Though the job that deletes it has not run."""
    for number in range(250):
        await stand.put(f"{number:03}")
    await expire_all(stand)
    await stand.put("new")
    await stand.update_bucket(**change)
    assert keys(await stand.list()) == ["new"]
    assert keys(await stand.list_versions()) == ["new"]
    assert await is_gone(stand.get, "000", version_id="null")


async def test_a_bucket_in_which_all_has_expired_is_empty(stand: Stand) -> None:
    for number in range(250):
        await stand.put(f"{number:03}")
    await expire_all(stand)
    await stand.put("new")
    with pytest.raises(errors.BucketNotEmpty):
        await stand.delete_bucket()
    await stand.delete("new")
    await stand.delete_bucket()
    with pytest.raises(errors.BucketNotFound):
        await stand.list()


async def test_so_many_objects_are_looked_at_as_one_can_wait_for(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("portico_server.objects.upkeep.expiring.MOST_AT_ONCE", 3)
    for number in range(7):
        await stand.put(f"{number:03}")
    await expire_all(stand)
    for _ in range(2):
        with pytest.raises(errors.BucketNotEmpty):
            await stand.delete_bucket()
    await stand.delete_bucket()


async def test_a_rule_that_another_process_sets_holds_at_the_next_read(stand: Stand) -> None:
    """A process that remembers the bucket without rules hears of them with the object's row."""
    await stand.put("key")
    assert await stand.get("key") == b"bytes"
    remembered = stand.objects._reader._buckets._remembered
    before = remembered.get(BUCKET)
    assert before is not None
    await expire_all(stand)
    for read in (stand.get, stand.head):
        remembered.note(before)
        assert await is_gone(read, "key")


async def test_a_put_over_an_expired_object_makes_a_new_one(stand: Stand) -> None:
    await stand.put("key", b"old")
    await expire_all(stand)
    stand.caller.held = frozenset({"objects.object.update"})
    with pytest.raises(errors.PermissionMissing):
        await stand.put("key", b"new")
    stand.caller.held = frozenset({"objects.object.create"})
    await stand.put("key", b"new", conditions=Conditions(if_none_match=["*"]))
    assert await stand.get("key") == b"new"
    with pytest.raises(errors.PermissionMissing):
        await stand.put("key", b"newer")


async def test_no_condition_finds_an_expired_object(stand: Stand) -> None:
    etag = (await stand.put("key")).etag
    await expire_all(stand)
    with pytest.raises(errors.EtagMismatch):
        await stand.put("key", conditions=Conditions(if_match=[etag]))
    with pytest.raises(errors.EtagMismatch):
        await stand.delete("key", conditions=Conditions(if_match=["*"]))


async def test_to_delete_an_expired_object_finds_nothing_and_frees_it(stand: Stand) -> None:
    await stand.put("key")
    await expire_all(stand)
    deleted = await stand.delete("key")
    assert (deleted.version_id, deleted.delete_marker) == ("", False)
    await stand.collect()
    assert await stand.usage() == (0, 0)


async def test_where_versions_are_kept_an_expired_version_is_still_there_by_its_id(stand: Stand) -> None:
    await stand.update_bucket(versioning=ENABLED)
    put = await stand.put("key", b"first")
    await expire_all(stand)
    assert await is_gone(stand.get, "key")
    assert await stand.get("key", version_id=put.version_id) == b"first"
    assert keys(await stand.list()) == []
    (listed,) = (await stand.list_versions()).objects
    assert not listed.latest  # a delete marker belongs in front
    await stand.put("key", b"second")
    assert await stand.get("key") == b"second"
    assert await stand.get("key", version_id=put.version_id) == b"first"


async def test_a_null_version_that_expired_while_versioning_is_suspended_is_gone_by_its_id_too(stand: Stand) -> None:
    await stand.update_bucket(versioning=SUSPENDED)
    await stand.put("key")
    await expire_all(stand)
    assert await is_gone(stand.get, "key", version_id="null")
    assert keys(await stand.list_versions()) == []


async def test_pages_of_a_list_skip_what_has_expired(stand: Stand) -> None:
    for number in range(60):
        await stand.put(f"{'old' if number % 3 else 'new'}/{number:02}")
    for number in range(60):
        await stand.put(f"mixed/{number:02}/{'b' if number % 2 else 'a'}")
    await stand.update_bucket(lifecycle_rules=[after(prefix="old/"), after(prefix="mixed/00/", rule_id="other")])
    stand.clock.pass_seconds(HOUR)
    found, token = [], ""
    for _ in range(200):
        page = await stand.list(page_size=7, page_token=token)
        found += keys(page)
        token = page.next_page_token
        if not token:
            break
    expected = [f"mixed/{number:02}/{'b' if number % 2 else 'a'}" for number in range(1, 60)]
    assert found == expected + [f"new/{number:02}" for number in range(0, 60, 3)]


@pytest.mark.parametrize("page_size", [1, 2, 100])
async def test_a_common_prefix_is_listed_as_long_as_one_object_below_it_is_there(stand: Stand, page_size: int) -> None:
    for folder in range(12):
        for number in range(20):
            await stand.put(f"{folder:02}/{number:02}")
    rules = [
        after(prefix=f"{folder:02}/{'' if folder % 4 == 2 else '0'}", rule_id=str(folder)) for folder in range(0, 12, 2)
    ]
    await stand.update_bucket(lifecycle_rules=rules)
    stand.clock.pass_seconds(HOUR)
    found: list[str] = []
    token = ""
    for _ in range(100):
        page = await stand.list(delimiter="/", page_size=page_size, page_token=token)
        assert len(page.prefixes) <= page_size
        found += page.prefixes
        token = page.next_page_token
        if not token:
            break
    assert found == [f"{folder:02}/" for folder in range(12) if folder % 4 != 2]
