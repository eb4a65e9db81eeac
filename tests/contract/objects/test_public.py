"""Objects of public buckets are read by everybody, those of others by nobody whom policies do not allow it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import grpc
import pytest

from portico_server.objects import errors
from portico_server.platform.errors import ApiError
from tests.contract.objects.stand import ACCOUNT, BUCKET, ENABLED, Caller, Stand

PRIVATE, PUBLIC = 1, 2


def denied() -> ApiError:
    return ApiError(grpc.StatusCode.PERMISSION_DENIED, "PERMISSION_DENIED", "as the gateway says it")


@pytest.fixture
def stranger(stand: Stand) -> Stand:
    """Whose calls policies do not allow."""
    stand.caller = Caller(denial=denied)
    return stand


async def as_owner(stand: Stand, work: Callable[..., Awaitable[Any]], *args: Any, **request: Any) -> Any:
    caller, stand.caller = stand.caller, Caller()
    try:
        return await work(*args, **request)
    finally:
        stand.caller = caller


async def test_a_stranger_reads_from_a_public_bucket(stranger: Stand) -> None:
    await as_owner(stranger, stranger.put, "key")
    await as_owner(stranger, stranger.update_bucket, public_access=PUBLIC)
    assert await stranger.get("key") == b"bytes"
    assert (await stranger.head("key")).size_bytes == 5
    with pytest.raises(errors.ObjectNotFound):
        await stranger.get("absent")


async def test_a_stranger_sees_no_tags(stranger: Stand) -> None:
    await as_owner(stranger, stranger.put, "key", tags={"a": "1"})
    await as_owner(stranger, stranger.update_bucket, public_access=PUBLIC)
    assert not (await stranger.head("key")).tags
    assert (await as_owner(stranger, stranger.head, "key")).tags == {"a": "1"}


async def test_what_is_private_again_is_so_at_once(stranger: Stand) -> None:
    await as_owner(stranger, stranger.put, "key")
    await as_owner(stranger, stranger.update_bucket, public_access=PUBLIC)
    await stranger.get("key")
    await as_owner(stranger, stranger.update_bucket, public_access=PRIVATE)
    with pytest.raises(ApiError, match="as the gateway says it"):
        await stranger.get("key")


async def test_a_stranger_is_refused_alike_whatever_there_is(stranger: Stand) -> None:
    await as_owner(stranger, stranger.put, "key")
    refusals = []
    for bucket, key in ((BUCKET, "key"), (BUCKET, "absent"), (f"{ACCOUNT}/buckets/absent", "key")):
        for read in (stranger.get, stranger.head):
            with pytest.raises(ApiError) as refused:
                await read(key, bucket)
            refusals.append(refused.value.status())
    assert all(refusal == refusals[0] for refusal in refusals)


async def test_versions_are_not_public(stranger: Stand) -> None:
    """What was deleted or replaced should not be read any more; and `null` is an id that anybody can guess."""
    old = await as_owner(stranger, stranger.put, "key")
    await as_owner(stranger, stranger.update_bucket, public_access=PUBLIC, versioning=ENABLED)
    await as_owner(stranger, stranger.put, "key", b"new")
    for version_id in ("null", old.version_id):
        with pytest.raises(ApiError):
            await stranger.get("key", version_id=version_id)
    assert await stranger.get("key") == b"new"
