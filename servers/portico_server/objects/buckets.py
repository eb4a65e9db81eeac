"""Buckets: made, looked up, listed, changed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from portico_server.objects import errors, events
from portico_server.objects.names import bucket_name
from portico_server.objects.records import Bucket, Versioning
from portico_server.objects.store import buckets as store
from portico_server.objects.store import locks
from portico_server.platform.authorization import Filter
from portico_server.platform.database import Batch, Database, GuardFailed, Statement
from portico_server.platform.ids import Ids

_REMEMBERED_BUCKETS = 10_000


@dataclass(frozen=True, slots=True)
class NewBucket:
    """What a bucket is made with."""

    parent: str
    bucket_id: str
    versioning: int = Versioning.DISABLED
    location_hint: str = ""
    jurisdiction: str = ""


Also = Callable[[Bucket], list[Statement]]
"""Further statements for the batch, given the bucket that it will have made."""


class Buckets:
    """The buckets of all accounts."""

    def __init__(self, database: Database, ids: Ids, is_running: Callable[[str], Awaitable[bool]]) -> None:
        """`is_running` tells whether an operation has still to end."""
        self._database = database
        self._ids = ids
        self._is_running = is_running
        self._versioning: dict[str, int] = {}

    async def create(self, new: NewBucket, also: Also = lambda _: []) -> Bucket:
        """Raises BucketAlreadyExists."""
        etag, now_us = self._ids.mint()
        name = bucket_name(new.parent, new.bucket_id)
        bucket = Bucket(name, now_us, now_us, etag, int(new.versioning), new.location_hint, new.jurisdiction, "")
        audit = events.audit("objects.bucket.create", name, now_us)
        try:
            await self._database.batch(Batch([*also(bucket), store.insert(bucket), audit]))
        except GuardFailed as failed:
            if failed.reason == store.BUCKET_EXISTS:
                raise errors.BucketAlreadyExists(f"there is a bucket {name} already", resource=name) from None
            raise
        return bucket

    async def get(self, name: str) -> Bucket:
        """Raises BucketNotFound."""
        bucket = await store.get(self._database, name)
        if bucket is None:
            raise errors.BucketNotFound(f"there is no bucket {name}", resource=name)
        return bucket

    async def open(self, name: str) -> Bucket:
        """A bucket that takes writes. Raises BucketNotFound, BucketBeingDeleted."""
        bucket = await self.get(name)
        if bucket.deletion:
            bucket = await self._reopened(bucket)
        if len(self._versioning) >= _REMEMBERED_BUCKETS:
            self._versioning.clear()
        self._versioning[name] = bucket.versioning
        return bucket

    def probable_versioning(self, name: str) -> int:
        """What the bucket had when it was last opened here. To be guarded; when the guard fails, `open` it again."""
        return self._versioning.get(name, int(Versioning.DISABLED))

    async def list(self, parent: str, prefix: str, cursor: str, limit: int, shown: Filter) -> tuple[list[Bucket], str]:
        """The buckets of an account behind the cursor, by name, and the next cursor: a bucket's name, "" at the end."""
        found = await store.visible_in(self._database, bucket_name(parent, prefix), cursor, shown, limit + 1)
        return found[:limit], found[limit - 1].name if len(found) > limit else ""

    async def update(self, name: str, versioning: int | None, etag: str) -> Bucket:
        """Changes its settings; None leaves one as it is. With an `etag` only in that state of the bucket.

        Raises BucketNotFound, BucketBeingDeleted, BucketChanged, VersioningCannotEnd.
        """
        while True:
            bucket = await self.open(name)
            check_etag(bucket, etag)
            if versioning in (None, bucket.versioning):
                return bucket
            if versioning == Versioning.DISABLED and bucket.versioning != Versioning.DISABLED:
                raise errors.VersioningCannotEnd(
                    f"{name} has kept versions; versioning can be suspended, not disabled",
                    field="bucket.versioning",
                    resource=name,
                )
            new_etag, now_us = self._ids.mint()
            changed = bucket._replace(versioning=int(versioning), updated_at_us=now_us, etag=new_etag)
            audit = events.audit("objects.bucket.update", name, now_us)
            try:
                await self._database.batch(Batch([store.update(bucket.etag, changed), audit], locks.of_bucket(name)))
                return changed
            except GuardFailed as failed:
                if failed.reason != store.BUCKET_CHANGED:
                    raise

    async def is_being_deleted(self, bucket: Bucket) -> bool:
        """Whether an operation empties it. One that was cancelled or failed has left its mark, but does so no more."""
        return bool(bucket.deletion) and await self._is_running(bucket.deletion)

    async def _reopened(self, bucket: Bucket) -> Bucket:
        """The bucket without the mark of an operation that is over. Raises BucketBeingDeleted where it is not over."""
        if await self.is_being_deleted(bucket):
            raise errors.BucketBeingDeleted(f"the bucket {bucket.name} is being deleted", resource=bucket.name)
        etag, now_us = self._ids.mint()
        opened = bucket._replace(deletion="", etag=etag, updated_at_us=now_us)
        try:
            await self._database.batch(Batch([store.update(bucket.etag, opened)], locks.of_bucket(bucket.name)))
        except GuardFailed:
            return await self.open(bucket.name)  # someone was faster
        return opened


def check_etag(bucket: Bucket, etag: str) -> None:
    """Raises BucketChanged where the caller means another state of it."""
    if etag and etag != bucket.etag:
        raise errors.BucketChanged(
            f"{bucket.name} has changed since you read it; read it again", resource=bucket.name, etag=bucket.etag
        )
