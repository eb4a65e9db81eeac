"""Buckets of the object storage. A bucket is given by its id, or by its full name for another account's."""

from __future__ import annotations

from collections.abc import Iterable

from google.longrunning.operations_pb2 import Operation

from portico._clients.operations import finished
from portico._methods import method
from portico._names import name_of
from portico._paging import Paging
from portico._services import AsyncService, Service, SyncService, listing, operation
from portico._steps import Steps
from portico.objects.v1 import buckets_pb2
from portico.objects.v1.buckets_pb2 import Bucket, RelocateBucketResult, ScrubBucketResult, Versioning

_SERVICE = "/portico.objects.v1.BucketService/"
_CREATE_BUCKET = method(_SERVICE + "CreateBucket", buckets_pb2.CreateBucketResponse)
_GET_BUCKET = method(_SERVICE + "GetBucket", buckets_pb2.GetBucketResponse)
_LIST_BUCKETS = method(_SERVICE + "ListBuckets", buckets_pb2.ListBucketsResponse)
_UPDATE_BUCKET = method(_SERVICE + "UpdateBucket", buckets_pb2.UpdateBucketResponse)
_DELETE_BUCKET = method(_SERVICE + "DeleteBucket", buckets_pb2.DeleteBucketResponse)
_RELOCATE_BUCKET = method(_SERVICE + "RelocateBucket", buckets_pb2.RelocateBucketResponse)
_SCRUB_BUCKET = method(_SERVICE + "ScrubBucket", buckets_pb2.ScrubBucketResponse)


class _Buckets(Service):
    @operation
    def create(self, bucket: str, settings: Bucket | None = None, *, versioning: bool = False) -> Steps[Bucket]:
        """Creates a bucket; answers it. `versioning`: keep what puts and deletes replace. Raises AlreadyExists."""
        name = name_of(self.session.account, "buckets", bucket)
        parent, _, bucket_id = name.partition("/buckets/")
        request = buckets_pb2.CreateBucketRequest(parent=parent, bucket_id=bucket_id, bucket=settings or Bucket())
        if versioning:
            request.bucket.versioning = Versioning.VERSIONING_ENABLED
        response = yield from self.session.call(_CREATE_BUCKET, request)
        return response.bucket

    @operation
    def get(self, bucket: str) -> Steps[Bucket]:
        """Answers a bucket. Raises NotFound."""
        request = buckets_pb2.GetBucketRequest(name=name_of(self.session.account, "buckets", bucket))
        response = yield from self.session.call(_GET_BUCKET, request)
        return response.bucket

    @listing
    def list(
        self, *, prefix: str = "", account: str = "", page_size: int = 0
    ) -> Paging[Bucket, buckets_pb2.ListBucketsResponse]:
        """All buckets of the account that the caller may see, by id; with `prefix` those that begin with it."""
        parent = f"accounts/{account}" if account else self.session.account
        request = buckets_pb2.ListBucketsRequest(parent=parent, prefix=prefix, page_size=page_size)
        return Paging(_LIST_BUCKETS, request, "buckets")

    @operation
    def update(
        self,
        bucket: str,
        settings: Bucket | None = None,
        *,
        versioning: Versioning | None = None,
        fields: Iterable[str] = (),
        etag: str = "",
    ) -> Steps[Bucket]:
        """Changes settings; answers the bucket.

        Args:
            settings: the new ones.
            versioning: the same of `settings`.
            fields: which of them to change, by their names in the contract (`lifecycle_rules`); one that is named and
                empty is emptied. Left out: those that are set.
            etag: with it, raises Aborted if somebody changed them meanwhile.
        """
        request = buckets_pb2.UpdateBucketRequest(bucket=settings or Bucket())
        request.bucket.name = name_of(self.session.account, "buckets", bucket)
        request.bucket.etag = etag
        request.update_mask.paths.extend(fields)
        if versioning is not None:
            request.bucket.versioning = versioning
            if request.update_mask.paths or settings is None:
                request.update_mask.paths.append("versioning")
        response = yield from self.session.call(_UPDATE_BUCKET, request)
        return response.bucket

    @operation
    def delete(
        self, bucket: str, *, force: bool = False, etag: str = "", wait: bool = True, wait_seconds: float = 600.0
    ) -> Steps[Operation]:
        """Deletes a bucket; answers the operation, done unless `wait` is False.

        Args:
            force: delete first what it holds. Nothing brings that back.
            etag: delete it only in that state.
            wait_seconds: how long to wait for a forced deletion.

        Raises:
            NotFound, FailedPrecondition (`BUCKET_NOT_EMPTY`), DeadlineExceeded; what made the operation fail.
        """
        name = name_of(self.session.account, "buckets", bucket)
        request = buckets_pb2.DeleteBucketRequest(name=name, force=force, etag=etag)
        response = yield from self.session.call(_DELETE_BUCKET, request)
        if not wait:
            return response.operation
        return (yield from finished(self.session, response.operation, wait_seconds))

    @operation
    def scrub(self, bucket: str, *, wait_seconds: float = 600.0) -> Steps[ScrubBucketResult]:
        """Has all stored bytes of a bucket read again and compared with their digests; answers what is damaged.

        Raises NotFound, DeadlineExceeded where that takes longer than `wait_seconds` (it goes on); what made it fail.
        """
        request = buckets_pb2.ScrubBucketRequest(name=name_of(self.session.account, "buckets", bucket))
        response = yield from self.session.call(_SCRUB_BUCKET, request)
        done = yield from finished(self.session, response.operation, wait_seconds)
        result = ScrubBucketResult()
        done.response.Unpack(result)
        return result

    @operation
    def start_scrub(self, bucket: str) -> Steps[Operation]:
        """As `scrub`, without waiting: answers the operation. Its metadata, ScrubBucketMetadata, tell how far it is,
        its response is a ScrubBucketResult. Raises NotFound."""
        request = buckets_pb2.ScrubBucketRequest(name=name_of(self.session.account, "buckets", bucket))
        response = yield from self.session.call(_SCRUB_BUCKET, request)
        return response.operation

    @operation
    def relocate(
        self, bucket: str, *, location_hint: str | None = None, wait_seconds: float = 3600.0
    ) -> Steps[RelocateBucketResult]:
        """Has a bucket's bytes moved to the store where new ones go; answers what was moved. Reads and writes go on.

        `location_hint`: where they should be from now on; left out: as the bucket says. Raises NotFound,
        FailedPrecondition (`JURISDICTION_UNAVAILABLE`), DeadlineExceeded where that takes longer than `wait_seconds`
        (it goes on); what made it fail.
        """
        running = yield from self._start_relocation(bucket, location_hint)
        done = yield from finished(self.session, running, wait_seconds)
        result = RelocateBucketResult()
        done.response.Unpack(result)
        return result

    @operation
    def start_relocation(self, bucket: str, *, location_hint: str | None = None) -> Steps[Operation]:
        """As `relocate`, without waiting: answers the operation. Its metadata, RelocateBucketMetadata, tell how far it
        is, its response is a RelocateBucketResult."""
        return (yield from self._start_relocation(bucket, location_hint))

    def _start_relocation(self, bucket: str, location_hint: str | None) -> Steps[Operation]:
        name = name_of(self.session.account, "buckets", bucket)
        request = buckets_pb2.RelocateBucketRequest(name=name, location_hint=location_hint)
        response = yield from self.session.call(_RELOCATE_BUCKET, request)
        return response.operation


class Buckets(_Buckets, SyncService):
    """Buckets, for threads."""


class AsyncBuckets(_Buckets, AsyncService):
    """Buckets, for asyncio."""
