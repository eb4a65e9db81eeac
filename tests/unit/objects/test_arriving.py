"""What a put announces, and what is left of it."""

from __future__ import annotations

import gc
import weakref
from collections.abc import AsyncIterator

from google.api.httpbody_pb2 import HttpBody

from portico.objects.v1 import objects_pb2
from portico_server.objects.services.arriving import Arriving


async def following(*messages: objects_pb2.PutObjectRequest) -> AsyncIterator[objects_pb2.PutObjectRequest]:
    for message in messages:
        yield message


def first() -> objects_pb2.PutObjectRequest:
    algorithms = [objects_pb2.CHECKSUM_ALGORITHM_CRC32C]
    return objects_pb2.PutObjectRequest(data=HttpBody(data=b"a"), checksum_algorithms=algorithms)


async def test_digests_that_come_last_are_known_when_all_has_been_read() -> None:
    last = objects_pb2.PutObjectRequest(checksums=objects_pb2.Checksums(crc32c=b"abcd"))
    arriving = Arriving(first(), following(last), [])
    assert arriving.announced.late() == {}
    assert b"".join([part async for part in arriving.parts()]) == b"a"
    assert arriving.announced.late() == {"crc32c": b"abcd"}


async def test_a_put_leaves_nothing_for_the_garbage_collector() -> None:
    gc.disable()
    try:
        arriving = Arriving(first(), following(), [])
        assert [part async for part in arriving.parts()] == [b"a"]
        held = weakref.ref(arriving)
        del arriving
        assert held() is None
    finally:
        gc.enable()
