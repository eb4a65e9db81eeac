"""Buckets deleted: at once where they are empty, else (with force) after an operation has emptied them."""

from __future__ import annotations

import grpc
from google.longrunning import operations_pb2
from google.protobuf.message import Message

from portico.objects.v1 import buckets_pb2
from portico_server.objects import errors, events, text
from portico_server.objects.buckets.buckets import Buckets, check_etag
from portico_server.objects.names import ObjectName
from portico_server.objects.records import Bucket
from portico_server.objects.store import buckets as store
from portico_server.objects.store import listing, locks, removal
from portico_server.objects.store import uploads as upload_store
from portico_server.objects.upkeep.aborting import abort_all
from portico_server.objects.upkeep.expiring import Expiring
from portico_server.objects.versions import locking
from portico_server.platform.clock import Clock
from portico_server.platform.database import Batch, Database, GuardFailed
from portico_server.platform.errors import ApiError
from portico_server.platform.ids import Ids
from portico_server.platform.operations import Operations, Running

KIND = "empty bucket"
_AT_ONCE = 100
"""Versions a batch: it holds the event loop for about half a millisecond."""
_READ_AT_ONCE = 1000
"""Versions a look at their locks."""
_TOLD_EVERY = 1000
"""Versions between two reports of progress."""


class Emptying:
    """Deletes buckets."""

    def __init__(
        self,
        database: Database,
        buckets: Buckets,
        ids: Ids,
        operations: Operations,
        clock: Clock,
        expiring: Expiring,
    ) -> None:
        self._database = database
        self._buckets = buckets
        self._ids = ids
        self._operations = operations
        self._clock = clock
        self._expiring = expiring

    async def delete(self, name: str, etag: str, force: bool) -> operations_pb2.Operation:
        """The operation that deletes the bucket: already done, or with `force` under way.

        What has expired in it does not hold it, as far as that is soon deleted (`Expiring.expire_some`).
        While it runs the bucket takes no writes; if it is cancelled it does again, without what was deleted by then.
        Raises BucketNotFound, BucketNotEmpty, BucketChanged, and BucketBeingDeleted where another caller deletes it.
        """
        has_expired = False
        while True:
            bucket = await self._buckets.get(name)
            if await self._buckets.is_being_deleted(bucket):
                return await self._under_way(bucket)
            check_etag(bucket, etag)
            try:
                return await (self._begin(bucket) if force else self._delete_empty(bucket))
            except GuardFailed as failed:
                if failed.reason == store.BUCKET_NOT_EMPTY:
                    if has_expired or not bucket.expires:
                        raise _not_empty(name) from None
                    await self._expiring.expire_some(name)
                    has_expired = True
                elif failed.reason != store.BUCKET_CHANGED:
                    raise

    async def empty(self, running: Running) -> Message:
        """The work of the operation: deletes what the bucket holds, then the bucket. It may be done twice.

        Raises ObjectLocked, before anything is deleted, where a version is locked.
        """
        progress = buckets_pb2.DeleteBucketMetadata(name=running.argument.decode())
        bucket = await store.get(self._database, progress.name)
        if bucket is None or not bucket.deletion:  # none, or a new one of that name
            return buckets_pb2.DeleteBucketResult()  # an earlier run came to the end, but not to saying so
        await self._check_locks(bucket)
        told = 0
        while removed := await self._remove_some(bucket):
            progress.deleted_versions += removed
            if progress.deleted_versions - told >= _TOLD_EVERY:
                told = progress.deleted_versions
                await running.progress(progress)
        await running.progress(progress)
        while uploads := await upload_store.of_bucket(self._database, bucket.name, _AT_ONCE):
            await abort_all(self._database, uploads)
        statements = [store.is_closed_by(bucket.name, bucket.deletion), *store.delete_empty(bucket.name, bucket.etag)]
        await self._database.batch(Batch(statements, locks.of_bucket(bucket.name), frees=True))
        return buckets_pb2.DeleteBucketResult()

    async def _check_locks(self, bucket: Bucket) -> None:
        """Goes through the bucket if it has object lock. It is closed: none of its versions can be locked any more."""
        if not locking.lock_of(bucket).enabled:
            return
        within, place = text.EVERYTHING, listing.BEFORE_ALL_PLACES
        while found := await listing.versions(self._database, bucket.name, within, place, _READ_AT_ONCE):
            now_us = self._clock.now_us()
            for version in found:
                if why := locking.why_locked(version.marks, now_us, bypasses_governance=False):
                    name = ObjectName(bucket.name, version.key)
                    message = f"version {version.version_id} of {name} {why}; nothing was deleted of {bucket.name}"
                    raise errors.ObjectLocked(message, resource=str(name), version_id=version.version_id)
            within, place = text.TextRange(found[-1].key, text.END), found[-1].place

    async def _under_way(self, bucket: Bucket) -> operations_pb2.Operation:
        try:
            return await self._operations.get(bucket.deletion)
        except ApiError as error:
            if error.code is not grpc.StatusCode.NOT_FOUND:
                raise
        raise errors.BucketBeingDeleted(f"someone else is deleting the bucket {bucket.name}", resource=bucket.name)

    async def _delete_empty(self, bucket: Bucket) -> operations_pb2.Operation:
        operation, ended = self._operations.ended(
            buckets_pb2.DeleteBucketMetadata(name=bucket.name), buckets_pb2.DeleteBucketResult()
        )
        audit = events.audit("objects.bucket.delete", bucket.name, self._ids.mint()[1])
        statements = [*store.delete_empty(bucket.name, bucket.etag), audit, *ended]
        await self._database.batch(Batch(statements, locks.of_bucket(bucket.name), frees=True))
        return operation

    async def _begin(self, bucket: Bucket) -> operations_pb2.Operation:
        """Closes the bucket for writes and starts the operation."""
        operation, starting = self._operations.starting(
            KIND, bucket.name.encode(), buckets_pb2.DeleteBucketMetadata(name=bucket.name)
        )
        etag, now_us = self._ids.mint()
        closed = bucket._replace(updated_at_us=now_us, etag=etag, deletion=operation.name)
        audit = events.audit("objects.bucket.delete", bucket.name, now_us)
        statements = [store.update(bucket.etag, closed), starting, audit]
        await self._database.batch(Batch(statements, locks.of_bucket(bucket.name), frees=True))
        self._operations.launch(operation)
        return operation

    async def _remove_some(self, bucket: Bucket) -> int:
        """Deletes some current objects, or where there are none some other versions; answers how many.

        Guards that it is still this operation that empties the bucket: a process that was thought dead must not go on
        with a bucket that was given back.
        """
        name = bucket.name
        guard = store.is_closed_by(name, bucket.deletion)
        current = await listing.objects(self._database, name, text.EVERYTHING, _AT_ONCE)
        if current:
            await self._database.batch(Batch([guard, *removal.remove_current(name, current)], frees=True))
            return len(current)
        older = await listing.versions(self._database, name, text.EVERYTHING, listing.BEFORE_ALL_PLACES, _AT_ONCE)
        if older:
            await self._database.batch(Batch([guard, *removal.remove_older(name, older)], frees=True))
        return len(older)


def _not_empty(name: str) -> errors.BucketNotEmpty:
    return errors.BucketNotEmpty(
        f"{name} is not empty (older versions and delete markers count); delete what it holds, or set force",
        resource=name,
    )
