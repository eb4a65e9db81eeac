"""Uploads whose client gives up in the middle: nothing of them is stored, whatever the server hears first."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import grpc

from portico.objects.v1 import buckets_pb2, buckets_pb2_grpc, objects_pb2, objects_pb2_grpc
from tests.harness import RunningPlatform, running_platform

BUCKET = "accounts/default/buckets/abandoned"
UPLOADS, AT_ONCE = 400, 20
SMALL_BYTES, LARGE_BYTES = 1000, 40_000
"""Inline, and in a file."""


class GivenUp(Exception):
    pass


async def parts(number: int) -> AsyncIterator[objects_pb2.PutObjectRequest]:
    message = objects_pb2.PutObjectRequest(name=f"{BUCKET}/objects/{number}")
    message.data.data = b"x" * (SMALL_BYTES if number % 2 else LARGE_BYTES)
    yield message
    await asyncio.sleep(0.002 * (number % 7))
    raise GivenUp  # gRPC resets the stream


async def abandon(platform: RunningPlatform) -> list[str]:
    """The objects that there are then."""
    async with platform.aio_channel() as channel:
        request = buckets_pb2.CreateBucketRequest(parent="accounts/default", bucket_id="abandoned")
        await buckets_pb2_grpc.BucketServiceStub(channel).CreateBucket(request)
        stub = objects_pb2_grpc.ObjectServiceStub(channel)

        async def upload(number: int) -> None:
            try:
                await stub.PutObject(parts(number))
            except (asyncio.CancelledError, grpc.RpcError):
                return
            raise AssertionError("an upload that was given up was answered")

        for first in range(0, UPLOADS, AT_ONCE):
            await asyncio.gather(*map(upload, range(first, first + AT_ONCE)))
        await stub.PutObject(whole())
        found = await stub.ListObjects(objects_pb2.ListObjectsRequest(parent=BUCKET, page_size=1000))
        return [one.name for one in found.objects]


async def whole() -> AsyncIterator[objects_pb2.PutObjectRequest]:
    """Behind all others."""
    message = objects_pb2.PutObjectRequest(name=f"{BUCKET}/objects/whole")
    message.data.data = b"x" * LARGE_BYTES
    yield message


def test_nothing_is_stored_of_an_upload_that_was_given_up(tmp_path: Path) -> None:
    """The plain host has been told of an end by gRPC's core before it was told of the cancellation."""
    with running_platform(tmp_path) as platform:
        assert asyncio.run(abandon(platform)) == [f"{BUCKET}/objects/whole"]


def test_nor_on_the_plain_host(tmp_path: Path) -> None:
    with running_platform(tmp_path, host="plain") as platform:
        assert asyncio.run(abandon(platform)) == [f"{BUCKET}/objects/whole"]
