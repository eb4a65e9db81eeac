"""BucketService: contract in, domain call, contract out."""

from __future__ import annotations

from typing import Any

from portico.objects.v1 import buckets_pb2, buckets_pb2_grpc
from portico_server.objects.buckets.buckets import Buckets, NewBucket, check_etag
from portico_server.objects.buckets.emptying import Emptying
from portico_server.objects.buckets.settings import Change, change_of
from portico_server.objects.content.placing import Placing
from portico_server.objects.errors import InvalidField
from portico_server.objects.names import bucket_name
from portico_server.objects.records import Bucket
from portico_server.objects.services import caller, messages
from portico_server.objects.upkeep.expiring import Expiring
from portico_server.objects.upkeep.relocating import Relocating
from portico_server.objects.upkeep.scrubbing import Scrubbing
from portico_server.objects.versions.listing import page_size
from portico_server.platform.clock import Clock
from portico_server.platform.database import Database
from portico_server.platform.paging import PageTokens
from portico_server.platform.requests import Remember, once

_FIXED = ("location_hint", "jurisdiction")
_ABOUT_EXPIRY = frozenset(("lifecycle_rules", "versioning", "object_lock"))
"""By which it is judged what has expired, and what becomes of that."""


class BucketService(buckets_pb2_grpc.BucketServiceServicer):
    """Manages buckets."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        buckets: Buckets,
        emptying: Emptying,
        expiring: Expiring,
        scrubbing: Scrubbing,
        relocating: Relocating,
        placing: Placing,
        page_tokens: PageTokens,
    ) -> None:
        self._database = database
        self._clock = clock
        self._buckets = buckets
        self._emptying = emptying
        self._expiring = expiring
        self._scrubbing = scrubbing
        self._relocating = relocating
        self._placing = placing
        self._page_tokens = page_tokens

    async def CreateBucket(
        self, request: buckets_pb2.CreateBucketRequest, context: Any
    ) -> buckets_pb2.CreateBucketResponse:
        wanted = request.bucket
        if wanted.name and wanted.name != bucket_name(request.parent, request.bucket_id):
            raise InvalidField("bucket.name is not what parent and bucket_id say; leave it out", field="bucket.name")
        if wanted.HasField("placement"):
            told = "the platform says that itself; say by jurisdiction or location_hint where the bytes should be"
            raise InvalidField(f"bucket.placement: {told}", field="bucket.placement")
        new = NewBucket(request.parent, request.bucket_id, Change(wanted), wanted.location_hint, wanted.jurisdiction)

        def response(bucket: Bucket) -> buckets_pb2.CreateBucketResponse:
            return buckets_pb2.CreateBucketResponse(bucket=self._message(bucket))

        async def create(remember: Remember[buckets_pb2.CreateBucketResponse]) -> buckets_pb2.CreateBucketResponse:
            return response(await self._buckets.create(new, lambda bucket: remember(response(bucket))))

        key = caller.request_key(request)
        return await once(self._database, self._clock, key, buckets_pb2.CreateBucketResponse, create)

    async def GetBucket(self, request: buckets_pb2.GetBucketRequest, context: Any) -> buckets_pb2.GetBucketResponse:
        bucket = await self._buckets.get(request.name)
        return buckets_pb2.GetBucketResponse(bucket=self._message(bucket))

    async def ListBuckets(
        self, request: buckets_pb2.ListBucketsRequest, context: Any
    ) -> buckets_pb2.ListBucketsResponse:
        cursor = self._page_tokens.open(request, caller.principal(), request.page_token)
        buckets, cursor = await self._buckets.list(
            request.parent, request.prefix, cursor, page_size(request.page_size), caller.shown()
        )
        return buckets_pb2.ListBucketsResponse(
            buckets=map(messages.bucket_message, buckets),
            next_page_token=self._page_tokens.seal(request, caller.principal(), cursor),
        )

    async def UpdateBucket(
        self, request: buckets_pb2.UpdateBucketRequest, context: Any
    ) -> buckets_pb2.UpdateBucketResponse:
        wanted = request.bucket
        bucket = await self._buckets.get(wanted.name)
        for field in () if request.update_mask.paths else _FIXED:
            if getattr(wanted, field) not in ("", getattr(bucket, field)):
                raise InvalidField(f"{field} was fixed when the bucket was created", field=f"bucket.{field}")
        change = change_of(wanted, request.update_mask.paths)
        if bucket.expires and _ABOUT_EXPIRY.intersection(change.fields):
            check_etag(bucket, wanted.etag)
            await self._expiring.expire_some(bucket.name)  # else other rules would bring back what is gone for readers
        bucket = await self._buckets.update(wanted.name, change, wanted.etag)
        return buckets_pb2.UpdateBucketResponse(bucket=self._message(bucket))

    async def DeleteBucket(
        self, request: buckets_pb2.DeleteBucketRequest, context: Any
    ) -> buckets_pb2.DeleteBucketResponse:
        operation = await self._emptying.delete(request.name, request.etag, request.force)
        return buckets_pb2.DeleteBucketResponse(operation=operation)

    async def ScrubBucket(
        self, request: buckets_pb2.ScrubBucketRequest, context: Any
    ) -> buckets_pb2.ScrubBucketResponse:
        return buckets_pb2.ScrubBucketResponse(operation=await self._scrubbing.start(request.name))

    async def RelocateBucket(
        self, request: buckets_pb2.RelocateBucketRequest, context: Any
    ) -> buckets_pb2.RelocateBucketResponse:
        hint = request.location_hint if request.HasField("location_hint") else None
        return buckets_pb2.RelocateBucketResponse(operation=await self._relocating.start(request.name, hint))

    def _message(self, bucket: Bucket) -> buckets_pb2.Bucket:
        """With all that lists do not tell."""
        message = messages.bucket_message(bucket)
        if (store := self._placing.placement(bucket)) is not None:
            message.placement.store = store.name
            message.placement.location = store.location
            message.placement.jurisdiction = store.jurisdiction
        return message
