"""Idempotency by `request_id`: a mutation is done once, and a retry is given the first answer."""

from __future__ import annotations

import asyncio

import pytest
from google.protobuf import wrappers_pb2
from google.protobuf.message import Message

from portico_server.platform.database import Batch, Contended, Database, GuardFailed, Statement
from portico_server.platform.errors import ApiError
from portico_server.platform.requests import (
    LIFETIME_US,
    REPLAY,
    Remember,
    RequestKey,
    forget_expired,
    once,
    recall,
    remember,
)
from tests.contract.clocks import FakeClock

KEY = RequestKey("accounts/default/principals/admin", "/x.S/Create", "id-1", b"digest")
COUNT = Statement("UPDATE thing SET number = number + 1 WHERE id = 'done'")


async def prepare(database: Database) -> None:
    await database.batch(Batch([Statement("INSERT INTO thing (id, number) VALUES ('done', 0)")]))


async def times_done(database: Database) -> int:
    ((number,),) = await database.read("SELECT number FROM thing WHERE id = 'done'")
    return int(number)


async def test_an_answer_is_remembered_with_the_change(database: Database) -> None:
    await prepare(database)
    clock = FakeClock()
    assert await recall(database, clock, KEY) is None
    await database.batch(Batch([remember(KEY, b"answer\0", clock.now_us()), COUNT]))
    assert await recall(database, clock, KEY) == b"answer\0"
    with pytest.raises(GuardFailed, match=REPLAY):
        await database.batch(Batch([remember(KEY, b"second", clock.now_us()), COUNT]))
    assert await times_done(database) == 1


async def test_a_change_that_failed_is_not_remembered(database: Database) -> None:
    with pytest.raises(GuardFailed, match="guard"):
        await database.batch(Batch([remember(KEY, b"answer", 1), COUNT]))
    assert await recall(database, FakeClock(), KEY) is None


async def test_the_same_id_of_another_principal_or_method_is_another_request(database: Database) -> None:
    clock = FakeClock()
    await database.batch(Batch([remember(KEY, b"answer", clock.now_us())]))
    for other in (
        RequestKey("accounts/default/principals/eve", KEY.method, KEY.request_id, KEY.digest),
        RequestKey(KEY.principal, "/x.S/Delete", KEY.request_id, KEY.digest),
    ):
        assert await recall(database, clock, other) is None


async def test_an_id_used_for_a_different_request_is_refused(database: Database) -> None:
    clock = FakeClock()
    await database.batch(Batch([remember(KEY, b"answer", clock.now_us())]))
    with pytest.raises(ApiError) as refused:
        await recall(database, clock, RequestKey(KEY.principal, KEY.method, KEY.request_id, b"other"))
    assert refused.value.reason == "REQUEST_ID_REUSED"


async def test_an_answer_is_forgotten_after_a_day(database: Database) -> None:
    clock = FakeClock()
    await database.batch(Batch([remember(KEY, b"old", clock.now_us())]))
    clock.advance(LIFETIME_US / 1e6 - 1)
    assert await recall(database, clock, KEY) == b"old"
    clock.advance(1)
    assert await recall(database, clock, KEY) is None
    await database.batch(Batch([remember(KEY, b"new", clock.now_us())]))  # though the old row is still there
    assert await recall(database, clock, KEY) == b"new"


async def test_old_answers_are_removed_in_steps(database: Database) -> None:
    clock = FakeClock()
    keys = [RequestKey(KEY.principal, KEY.method, f"id-{i}", b"") for i in range(450)]
    await database.batch(Batch([remember(key, b"", clock.now_us()) for key in keys]))
    clock.advance(LIFETIME_US / 1e6)
    await database.batch(Batch([remember(KEY, b"kept", clock.now_us())]))
    assert await forget_expired(database, clock) == 449
    assert await database.read("SELECT response FROM platform_request") == [(b"kept",)]


async def test_of_requests_that_race_one_is_done_and_all_get_its_answer(database: Database) -> None:
    await prepare(database)
    clock = FakeClock()
    attempts = 0

    async def mutate(keep: Remember[wrappers_pb2.StringValue]) -> wrappers_pb2.StringValue:
        nonlocal attempts
        attempts += 1
        response = wrappers_pb2.StringValue(value=f"attempt {attempts}")
        await database.batch(Batch([*keep(response), COUNT]))
        return response

    answers = await asyncio.gather(*(once(database, clock, KEY, wrappers_pb2.StringValue, mutate) for _ in range(12)))
    assert await times_done(database) == 1
    assert len({answer.value for answer in answers}) == 1


async def test_a_change_is_tried_once_though_the_answer_is_forgotten_meanwhile(database: Database) -> None:
    """A second try of an upload, whose bytes are read, would store an empty object."""
    await prepare(database)
    clock = FakeClock()
    attempts = 0

    async def mutate(keep: Remember[wrappers_pb2.StringValue]) -> wrappers_pb2.StringValue:
        nonlocal attempts
        attempts += 1
        assert attempts == 1
        await database.batch(Batch([remember(KEY, b"faster", clock.now_us())]))
        statements = keep(wrappers_pb2.StringValue())
        clock.advance(LIFETIME_US / 1e6)
        await database.batch(Batch([*statements, COUNT]))
        return wrappers_pb2.StringValue()

    with pytest.raises(Contended):
        await once(database, clock, KEY, wrappers_pb2.StringValue, mutate)
    assert await times_done(database) == 0


async def test_without_a_request_id_each_call_is_done(database: Database) -> None:
    await prepare(database)

    async def mutate(keep: Remember[wrappers_pb2.StringValue]) -> wrappers_pb2.StringValue:
        response = wrappers_pb2.StringValue()
        await database.batch(Batch([*keep(response), COUNT]))
        return response

    for _ in range(3):
        await once(database, FakeClock(), None, wrappers_pb2.StringValue, mutate)
    assert await times_done(database) == 3


def test_the_key_of_a_request_tells_its_content() -> None:
    from portico.objects.v1 import buckets_pb2

    def key(**fields: str) -> RequestKey | None:
        request: Message = buckets_pb2.CreateBucketRequest(**fields)
        return RequestKey.of("p", "/m", request)

    assert key(parent="a") is None
    one, same, other = key(parent="a", request_id="1"), key(parent="a", request_id="1"), key(parent="b", request_id="1")
    assert one == same
    assert one is not None
    assert other is not None
    assert one.digest != other.digest
