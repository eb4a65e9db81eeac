"""Buckets: made, listed, changed, deleted."""

from __future__ import annotations

from dataclasses import dataclass

from portico_server.objects import errors
from portico_server.objects.ids import Ids
from portico_server.objects.names import bucket_name
from portico_server.objects.records import Bucket, Versioning
from portico_server.objects.store import buckets as store
from portico_server.platform.database import Batch, Database, GuardFailed, Statement

_REMEMBERED_BUCKETS = 10_000


@dataclass(frozen=True, slots=True)
class NewBucket:
    """What a bucket is made with."""

    parent: str
    bucket_id: str
    versioning: int = Versioning.DISABLED
    location_hint: str = ""
    jurisdiction: str = ""


class Buckets:
    """The buckets of all accounts."""

    def __init__(self, database: Database, ids: Ids) -> None:
        self._database = database
        self._ids = ids
        self._versioning: dict[str, int] = {}

    async def create(self, new: NewBucket, also: tuple[Statement, ...] = ()) -> Bucket:
        """Raises BucketAlreadyExists."""
        etag, now_us = self._ids.mint()
        name = bucket_name(new.parent, new.bucket_id)
        bucket = Bucket(name, now_us, now_us, etag, int(new.versioning), new.location_hint, new.jurisdiction, "")
        try:
            await self._database.batch(Batch([store.insert(bucket), *also]))
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
            raise errors.BucketBeingDeleted(f"the bucket {name} is being deleted", resource=name)
        if len(self._versioning) >= _REMEMBERED_BUCKETS:
            self._versioning.clear()
        self._versioning[name] = bucket.versioning
        return bucket

    def probable_versioning(self, name: str) -> int:
        """What the bucket had when it was last opened here. To be guarded; when the guard fails, `open` it again."""
        return self._versioning.get(name, int(Versioning.DISABLED))
