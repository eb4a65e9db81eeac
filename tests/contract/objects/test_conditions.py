"""Conditions of reads and writes, and who races under them. Which hold when: tests/unit/objects/test_conditions.py."""

from __future__ import annotations

import asyncio
import hashlib

import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from portico.objects.v1.objects_pb2 import Conditions
from portico_server.objects import errors
from tests.contract.objects.stand import BUCKET, Stand

ETAG = hashlib.md5(b"bytes").hexdigest()
AT = 1_800_000_000
"""The second in which the stand's clock begins."""


def at(seconds: int, nanos: int = 0) -> Timestamp:
    return Timestamp(seconds=seconds, nanos=nanos)


REFUSED_READS = [
    (Conditions(if_match=["other"]), errors.EtagMismatch),
    (Conditions(if_none_match=[ETAG]), errors.NotModified),
    (Conditions(if_none_match=["*"]), errors.NotModified),
    (Conditions(if_modified_since=at(AT)), errors.NotModified),
    (Conditions(if_unmodified_since=at(AT - 1, 999_999_999)), errors.Modified),
]
REFUSED_WRITES = [
    (Conditions(if_match=["other"]), errors.EtagMismatch),
    (Conditions(if_none_match=[ETAG]), errors.EtagMismatch),
    (Conditions(if_none_match=["*"]), errors.ObjectExists),
    (Conditions(if_unmodified_since=at(AT - 1)), errors.Modified),
]


async def test_a_read_keeps_to_its_conditions(stand: Stand) -> None:
    await stand.put("k")
    for read in (stand.get, stand.head):
        await read("k", conditions=Conditions(if_match=["other", f'"{ETAG}"'], if_unmodified_since=at(AT - 1)))
        await read("k", conditions=Conditions(if_modified_since=at(AT - 1)))
        for given, refusal in REFUSED_READS:
            with pytest.raises(refusal) as refused:
                await read("k", conditions=given)
            (condition,) = [field.name for field, _ in given.ListFields()]
            told = {"resource": f"{BUCKET}/objects/k", "condition": condition}
            if refusal is errors.NotModified:
                told |= {"etag": ETAG, "modified_seconds": str(AT), "version_id": "null"}
            assert refused.value.metadata == told


@pytest.mark.parametrize("write", ["put", "put a file", "delete", "copy"])
async def test_a_write_keeps_to_its_conditions(stand: Stand, write: str) -> None:
    await stand.put("k")
    await stand.put("source", b"new")

    async def attempt(conditions: Conditions) -> object:
        match write:
            case "put":
                return await stand.put("k", b"new", conditions=conditions)
            case "put a file":
                return await stand.put("k", bytes(20_000), conditions=conditions)
            case "delete":
                return await stand.delete("k", conditions=conditions)
            case _:
                return await stand.copy("source", "k", conditions=conditions)

    for given, refusal in REFUSED_WRITES:
        with pytest.raises(refusal):
            await attempt(given)
        assert await stand.get("k") == b"bytes"
    assert stand.files() == []
    await attempt(Conditions(if_match=[f'W/"{ETAG}"'], if_none_match=["other"]))
    if write == "delete":
        with pytest.raises(errors.ObjectNotFound):
            await stand.get("k")
    else:
        assert await stand.get("k") != b"bytes"


async def test_where_nothing_is_only_if_match_refuses_a_put(stand: Stand) -> None:
    for given in ({"if_match": ["*"]}, {"if_match": [ETAG]}):
        with pytest.raises(errors.EtagMismatch):
            await stand.put("k", conditions=Conditions(**given))
    await stand.put("k", conditions=Conditions(if_none_match=["*"], if_unmodified_since=at(0)))


async def test_of_many_that_create_an_object_only_if_there_is_none_one_does(stand: Stand) -> None:
    conditions = Conditions(if_none_match=["*"])
    ends = await asyncio.gather(
        *(stand.put("k", f"{writer}".encode(), conditions=conditions) for writer in range(20)), return_exceptions=True
    )
    made = [str(writer).encode() for writer, end in enumerate(ends) if not isinstance(end, errors.ObjectExists)]
    assert made == [await stand.get("k")]


async def test_of_many_that_replace_the_same_state_one_does(stand: Stand) -> None:
    conditions = Conditions(if_match=[(await stand.put("k")).etag])
    ends = await asyncio.gather(
        *(stand.put("k", f"{writer}".encode(), conditions=conditions) for writer in range(20)), return_exceptions=True
    )
    made = [str(writer).encode() for writer, end in enumerate(ends) if not isinstance(end, errors.EtagMismatch)]
    assert made == [await stand.get("k")]


async def test_a_counter_that_all_raise_by_read_and_conditional_write_loses_nothing(stand: Stand) -> None:
    await stand.put("k", b"0")

    async def raise_it() -> None:
        while True:
            etag, value = (await stand.head("k")).etag, int(await stand.get("k"))
            if hashlib.md5(str(value).encode()).hexdigest() != etag:
                continue  # it changed between the two reads
            try:
                await stand.put("k", str(value + 1).encode(), conditions=Conditions(if_match=[etag]))
            except errors.EtagMismatch:
                continue
            return

    await asyncio.gather(*(raise_it() for _ in range(30)))
    assert await stand.get("k") == b"30"


async def test_many_who_may_only_replace_all_come_through(stand: Stand) -> None:
    await stand.put("k")
    stand.caller.held = frozenset({"objects.object.update"})
    await asyncio.gather(*(stand.put("k", f"{writer}".encode()) for writer in range(40)))
    assert int(await stand.get("k")) in range(40)
