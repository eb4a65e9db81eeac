"""Buckets: made, looked up, listed, changed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from portico_server.objects import errors, events, settings
from portico_server.objects.names import bucket_name
from portico_server.objects.records import Bucket, Versioning
from portico_server.objects.settings import Change
from portico_server.objects.store import buckets as store
from portico_server.objects.store import locks
from portico_server.platform.authorization import Filter
from portico_server.platform.database import Batch, Database, GuardFailed, Statement
from portico_server.platform.ids import Ids

_REMEMBERED_BUCKETS = 10_000
_REMEMBERED_BYTES = 64 << 20
"""Of their settings."""


@dataclass(frozen=True, slots=True)
class NewBucket:
    """What a bucket is made with."""

    parent: str
    bucket_id: str
    change: Change = Change()  # noqa: RUF009 - it does not change
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
        self._remembered: dict[str, Bucket] = {}
        self._remembered_bytes = 0

    async def create(self, new: NewBucket, also: Also = lambda _: []) -> Bucket:
        """Raises BucketAlreadyExists, and what `settings.changed` raises."""
        etag, now_us = self._ids.mint()
        name = bucket_name(new.parent, new.bucket_id)
        bucket = Bucket(name, now_us, now_us, etag, int(Versioning.DISABLED), new.location_hint, new.jurisdiction, "")
        bucket = settings.changed(bucket, new.change, self._new_id)
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
        self._remember(bucket)
        return bucket

    async def remembered(self, name: str) -> Bucket:
        """The bucket as this process has seen it last, and taking writes then: it costs nothing. Its etag is to be
        guarded; when the guard fails, `open` it. Raises what `open` raises."""
        return self._remembered.get(name) or await self.open(name)

    async def list(self, parent: str, prefix: str, cursor: str, limit: int, shown: Filter) -> tuple[list[Bucket], str]:
        """The buckets of an account behind the cursor, by name, and the next cursor: a bucket's name, "" at the end."""
        found = await store.visible_in(self._database, bucket_name(parent, prefix), cursor, shown, limit + 1)
        return found[:limit], found[limit - 1].name if len(found) > limit else ""

    async def update(self, name: str, change: Change, etag: str) -> Bucket:
        """Changes its settings. With an `etag` only in that state of the bucket.

        Raises BucketNotFound, BucketBeingDeleted, BucketChanged, and what `settings.changed` raises.
        """
        while True:
            bucket = await self.open(name)
            check_etag(bucket, etag)
            changed = settings.changed(bucket, change, self._new_id)
            if changed == bucket:
                return bucket
            new_etag, now_us = self._ids.mint()
            changed = changed._replace(updated_at_us=now_us, etag=new_etag)
            audit = events.audit("objects.bucket.update", name, now_us, fields=list(change.fields))
            try:
                await self._database.batch(Batch([store.update(bucket.etag, changed), audit], locks.of_bucket(name)))
                self._remember(changed)
                return changed
            except GuardFailed as failed:
                if failed.reason != store.BUCKET_CHANGED:
                    raise

    async def is_being_deleted(self, bucket: Bucket) -> bool:
        """Whether an operation empties it. One that was cancelled or failed has left its mark, but does so no more."""
        return bool(bucket.deletion) and await self._is_running(bucket.deletion)

    def _new_id(self) -> str:
        return self._ids.mint()[0]

    def _remember(self, bucket: Bucket) -> None:
        self._remembered_bytes += len(bucket.settings or b"")
        if len(self._remembered) >= _REMEMBERED_BUCKETS or self._remembered_bytes > _REMEMBERED_BYTES:
            self._remembered.clear()
            self._remembered_bytes = len(bucket.settings or b"")
        self._remembered[bucket.name] = bucket

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
