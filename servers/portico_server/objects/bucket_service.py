"""BucketService: contract in, domain call, contract out."""

from __future__ import annotations

from typing import Any

from portico.objects.v1 import buckets_pb2, buckets_pb2_grpc
from portico_server.objects import messages
from portico_server.objects.buckets import Buckets, NewBucket
from portico_server.objects.records import Versioning


class BucketService(buckets_pb2_grpc.BucketServiceServicer):
    """Manages buckets."""

    def __init__(self, buckets: Buckets) -> None:
        self._buckets = buckets

    async def CreateBucket(
        self, request: buckets_pb2.CreateBucketRequest, context: Any
    ) -> buckets_pb2.CreateBucketResponse:
        wanted = request.bucket
        bucket = await self._buckets.create(
            NewBucket(
                request.parent,
                request.bucket_id,
                wanted.versioning or Versioning.DISABLED,
                wanted.location_hint,
                wanted.jurisdiction,
            )
        )
        return buckets_pb2.CreateBucketResponse(bucket=messages.bucket_message(bucket))

    async def GetBucket(self, request: buckets_pb2.GetBucketRequest, context: Any) -> buckets_pb2.GetBucketResponse:
        bucket = await self._buckets.get(request.name)
        return buckets_pb2.GetBucketResponse(bucket=messages.bucket_message(bucket))
