"""The background work on uploads: those that nobody ends are aborted, and those of deleted buckets."""

from __future__ import annotations

from collections.abc import Sequence

from portico_server.objects.buckets.buckets import Buckets
from portico_server.objects.records import Bucket, Upload
from portico_server.objects.store import buckets as bucket_store
from portico_server.objects.store import uploads as store
from portico_server.platform.clock import Clock
from portico_server.platform.database import Batch, Database, GuardFailed
from portico_server.platform.product import Job

_EVERY_SECONDS = 600.0
_AT_ONCE = 200


class Aborting:
    """Aborts what is stale, under a lease, once over all processes."""

    def __init__(self, database: Database, buckets: Buckets, clock: Clock) -> None:
        self._database = database
        self._buckets = buckets
        self._clock = clock

    def jobs(self) -> list[Job]:
        return [Job("objects.uploads", _EVERY_SECONDS, self.abort_stale, self._database)]

    async def abort_stale(self) -> None:
        """Goes through all uploads: aborts those whose time is over by the rules of their bucket, or as usual, and
        those whose bucket was deleted."""
        behind = ("", "", "")
        while uploads := await store.behind(self._database, behind, _AT_ONCE):
            bucket: Bucket | None = None
            for upload in uploads:
                if bucket is None or bucket.name != upload.bucket:
                    bucket = await bucket_store.get(self._database, upload.bucket)
                if self._is_stale(upload, bucket):
                    await abort_all(self._database, [upload])
            behind = (upload.bucket, upload.key, upload.id)

    def _is_stale(self, upload: Upload, bucket: Bucket | None) -> bool:
        if bucket is None or bucket.created_at_us != upload.bucket_created_at_us:
            return True
        return 0 < self._buckets.aborting(bucket, upload).aborts_at_us <= self._clock.now_us()


async def abort_all(database: Database, uploads: Sequence[Upload]) -> None:
    """Aborts them, one by one; those that ended meanwhile are passed over."""
    for upload in uploads:
        try:
            await database.batch(Batch(store.abort(upload), [store.lock(upload.id)], frees=True))
        except GuardFailed as failed:
            if failed.reason != store.NO_UPLOAD:
                raise
