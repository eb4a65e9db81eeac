"""Buckets deleted: at once where they are empty, else (with force) after an operation has emptied them."""

from __future__ import annotations

import asyncio

import grpc
from google.longrunning import operations_pb2
from google.protobuf.message import Message

from portico.objects.v1 import buckets_pb2
from portico_server.objects import errors, events, text
from portico_server.objects.buckets import Buckets, check_etag
from portico_server.objects.ids import Ids
from portico_server.objects.records import Bucket
from portico_server.objects.store import buckets as store
from portico_server.objects.store import listing, locks, removal
from portico_server.platform.database import Batch, Database, GuardFailed
from portico_server.platform.errors import ApiError
from portico_server.platform.operations import OperationCancelled, Operations, Running

KIND = "empty bucket"
_AT_ONCE = 100
"""Versions a batch: it holds the event loop for about half a millisecond."""
_TOLD_EVERY = 1000
"""Versions between two reports of progress."""


class Emptying:
    """Deletes buckets."""

    def __init__(self, database: Database, buckets: Buckets, ids: Ids, operations: Operations) -> None:
        self._database = database
        self._buckets = buckets
        self._ids = ids
        self._operations = operations

    async def delete(self, name: str, etag: str, force: bool) -> operations_pb2.Operation:
        """The operation that deletes the bucket: already done, or with `force` under way.

        Raises BucketNotFound, BucketNotEmpty, BucketChanged, and BucketBeingDeleted where another caller deletes it.
        """
        while True:
            bucket = await self._buckets.get(name)
            if bucket.deletion and await self._operations.is_running(bucket.deletion):
                return await self._under_way(bucket)
            check_etag(bucket, etag)
            try:
                return await (self._begin(bucket) if force else self._delete_empty(bucket))
            except GuardFailed as failed:
                if failed.reason == store.BUCKET_NOT_EMPTY:
                    raise _not_empty(name) from None
                if failed.reason != store.BUCKET_CHANGED:
                    raise

    async def empty(self, running: Running) -> Message:
        """The work of the operation: deletes what the bucket holds, then the bucket. It may be done twice.

        If it is cancelled the bucket can be used again; what was deleted by then is gone.
        """
        progress = buckets_pb2.DeleteBucketMetadata(name=running.argument.decode())
        try:
            await self._empty(progress, running)
        except OperationCancelled:
            await self._reopen(progress.name)
            raise
        except asyncio.CancelledError:
            try:
                await running.progress(progress)  # raises if it is the operation, not the process, that is to stop
            except OperationCancelled:
                await self._reopen(progress.name)
            raise
        return buckets_pb2.DeleteBucketResult()

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
        await self._database.batch(Batch(statements, locks.of_bucket(bucket.name)))
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
        await self._database.batch(Batch(statements, locks.of_bucket(bucket.name)))
        self._operations.launch(operation)
        return operation

    async def _empty(self, progress: buckets_pb2.DeleteBucketMetadata, running: Running) -> None:
        told = 0
        while removed := await self._remove_some(progress.name):
            progress.deleted_versions += removed
            if progress.deleted_versions - told >= _TOLD_EVERY:
                told = progress.deleted_versions
                await running.progress(progress)
        await running.progress(progress)
        bucket = await store.get(self._database, progress.name)
        if bucket is not None:  # an earlier run may have come to the end, but not to saying so
            await self._database.batch(
                Batch(store.delete_empty(bucket.name, bucket.etag), locks.of_bucket(bucket.name))
            )

    async def _remove_some(self, name: str) -> int:
        """Deletes some current objects, or where there are none some other versions; answers how many."""
        current = await listing.objects(self._database, name, text.EVERYTHING, _AT_ONCE)
        if current:
            await self._database.batch(Batch(removal.remove_current(name, current)))
            return len(current)
        older = await listing.versions(self._database, name, text.EVERYTHING, listing.BEFORE_ALL_PLACES, _AT_ONCE)
        if older:
            await self._database.batch(Batch(removal.remove_older(name, older)))
        return len(older)

    async def _reopen(self, name: str) -> None:
        bucket = await store.get(self._database, name)
        if bucket is not None and bucket.deletion:
            etag, now_us = self._ids.mint()
            opened = bucket._replace(updated_at_us=now_us, etag=etag, deletion="")
            await self._database.batch(Batch([store.update(bucket.etag, opened)], locks.of_bucket(name)))


def _not_empty(name: str) -> errors.BucketNotEmpty:
    return errors.BucketNotEmpty(
        f"{name} is not empty (older versions and delete markers count); delete what it holds, or set force",
        resource=name,
    )
