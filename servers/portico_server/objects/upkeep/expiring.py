"""The background work of lifecycles: what has expired is deleted, and its space freed.

What readers see does not wait for it (`Buckets.present`). It runs under a lease, and bears being cut off anywhere: each
batch guards the bucket's settings, by which it was judged, and that what it deletes is still what was judged.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence

from portico_server.objects import text
from portico_server.objects.buckets.buckets import Buckets
from portico_server.objects.buckets.lifecycle import Lifecycle
from portico_server.objects.errors import BucketBeingDeleted, BucketNotFound
from portico_server.objects.names import ObjectName
from portico_server.objects.notifications import happenings
from portico_server.objects.records import NULL_VERSION, Bucket, Version, Versioning
from portico_server.objects.store import buckets as bucket_store
from portico_server.objects.store import expiring as store
from portico_server.objects.store import listing, locks, removal
from portico_server.objects.store import objects as object_store
from portico_server.objects.text import TextRange
from portico_server.objects.versions import locking, writes
from portico_server.platform.clock import Clock
from portico_server.platform.database import Batch, Database, GuardFailed, Statement
from portico_server.platform.ids import Ids
from portico_server.platform.product import Job

_EVERY_SECONDS = 300.0
_BUCKETS_AT_ONCE = 100
_READ_AT_ONCE = 500
MOST_AT_ONCE = 10_000
"""Objects that are looked at while somebody waits (`expire_some`): some tenths of a second."""
_DELETED_AT_ONCE = 100
"""Versions a batch: it holds the event loop for about half a millisecond."""


class Expiring:
    """Deletes what has expired in all buckets."""

    def __init__(self, database: Database, clock: Clock, ids: Ids, buckets: Buckets) -> None:
        self._database = database
        self._clock = clock
        self._ids = ids
        self._buckets = buckets

    def jobs(self) -> list[Job]:
        return [Job("objects.expiry", _EVERY_SECONDS, self.expire, self._database)]

    async def expire(self) -> None:
        """Goes through all buckets with rules, once."""
        behind = ""
        while names := await store.buckets(self._database, behind, _BUCKETS_AT_ONCE):
            for name in names:
                await self._expire_in(name)
            behind = names[-1]

    async def expire_some(self, name: str) -> None:
        """Deletes what has expired in a bucket of the first `MOST_AT_ONCE` current objects that its rules are about:
        for who waits, as what was gone for readers must not show up in another way."""
        opened = await self._opened(name)
        if opened is None:
            return
        bucket, rules = opened
        now_us, left = self._clock.now_us(), MOST_AT_ONCE
        for within in text.union(text.beginning_with(prefix) for prefix, _ in rules.ranges_of_expired(now_us)):
            while left > 0:
                rows = await listing.objects(self._database, name, within, min(left, _DELETED_AT_ONCE))
                expired = [row for row in rows if (at := rules.expiry(row)) is not None and at.time_us <= now_us]
                if expired:
                    await self._each_at_worst(bucket, expired, self._expire_objects)
                left -= len(rows)
                if len(rows) < _DELETED_AT_ONCE:
                    break
                within = TextRange(text.after(rows[-1].key), within.end)

    async def _opened(self, name: str) -> tuple[Bucket, Lifecycle] | None:
        """A bucket that takes writes and has rules in force, and these."""
        try:
            bucket = await self._buckets.open(name)
        except (BucketNotFound, BucketBeingDeleted):
            return None
        rules = self._buckets.lifecycle(bucket)
        return (bucket, rules) if rules is not None else None

    async def _expire_in(self, name: str) -> None:
        opened = await self._opened(name)
        if opened is None:
            return
        bucket, rules = opened
        async for objects in self._expired_objects(bucket, rules):
            await self._each_at_worst(bucket, objects, self._expire_objects)
        if bucket.versioning != Versioning.DISABLED:
            for within in text.union(map(text.beginning_with, rules.prefixes_of_old_versions)):
                await self._expire_old_versions(bucket, rules, within)

    async def _expired_objects(self, bucket: Bucket, rules: Lifecycle) -> AsyncIterator[list[Version]]:
        """Current objects that have expired, in batches."""
        now_us = self._clock.now_us()
        for prefix, before_us in rules.ranges_of_expired(now_us):
            within = text.beginning_with(prefix)
            while True:
                rows = await store.put_before(self._database, bucket.name, within, before_us, _DELETED_AT_ONCE)
                expired = [row for row in rows if (at := rules.expiry(row)) is not None and at.time_us <= now_us]
                if expired:
                    yield expired
                if len(rows) < _DELETED_AT_ONCE:
                    break
                within = TextRange(text.after(rows[-1].key), within.end)

    def _expire_objects(self, bucket: Bucket, objects: Sequence[Version]) -> list[Statement]:
        """Deletes current objects as S3 does: where versions are kept, a delete marker is put in front."""
        if bucket.versioning == Versioning.DISABLED:
            return [*removal.remove_current(bucket.name, objects), *self._told(bucket, objects)]
        statements = [object_store.is_unchanged(bucket.name, one.key, one) for one in objects]
        put = []
        for one in objects:
            write_id, now_us = self._ids.mint()
            statements += writes.put_marker(ObjectName(bucket.name, one.key), write_id, now_us, bucket.versioning)
            marker_id = write_id if bucket.versioning == Versioning.ENABLED else NULL_VERSION
            put.append(happenings.of_marker(happenings.EXPIRED, one.key, marker_id))
        return [*statements, *self._buckets.notices(bucket, put)]

    def _remove_versions(self, bucket: Bucket, versions: Sequence[Version]) -> list[Statement]:
        return [*_remove_versions(bucket, versions), *self._told(bucket, versions)]

    def _remove_lone_markers(self, bucket: Bucket, markers: Sequence[Version]) -> list[Statement]:
        return [*_remove_lone_markers(bucket, markers), *self._told(bucket, markers)]

    def _told(self, bucket: Bucket, versions: Sequence[Version]) -> Sequence[Statement]:
        expired = [happenings.of_version(happenings.EXPIRED, one) for one in versions]
        return self._buckets.notices(bucket, expired)

    async def _expire_old_versions(self, bucket: Bucket, rules: Lifecycle, within: TextRange) -> None:
        """Deletes versions of a range that are not current and have expired, and delete markers that are alone."""
        judging = _Judging(rules, self._clock.now_us())
        behind = (within.first, listing.BEFORE_ALL_PLACES)
        more = True
        while more:
            rows = await store.not_current(self._database, bucket.name, behind, within.end, _READ_AT_ONCE)
            for version, current_put_at_us in rows:
                judging.take(version, current_put_at_us)
            more = len(rows) == _READ_AT_ONCE
            if more:
                behind = (rows[-1][0].key, rows[-1][0].place)
            else:
                judging.end_key()
            await self._delete(bucket, judging)

    async def _delete(self, bucket: Bucket, judging: _Judging) -> None:
        versions, judging.expired = judging.expired, []
        for start in range(0, len(versions), _DELETED_AT_ONCE):
            await self._each_at_worst(bucket, versions[start : start + _DELETED_AT_ONCE], self._remove_versions)
        markers, judging.lone_markers = judging.lone_markers, []
        for start in range(0, len(markers), _DELETED_AT_ONCE):
            await self._each_at_worst(bucket, markers[start : start + _DELETED_AT_ONCE], self._remove_lone_markers)

    async def _each_at_worst(self, bucket: Bucket, versions: Sequence[Version], statements: _Statements) -> None:
        """Deletes some together; where one has changed meanwhile, each by itself, and leaves those that have."""
        held = sorted({locks.of_key(bucket.name, one.key) for one in versions})
        batch = [bucket_store.is_open_as(bucket), *statements(bucket, versions)]
        adds = bucket.versioning == Versioning.ENABLED and statements == self._expire_objects  # markers
        try:
            await self._database.batch(Batch(batch, held, frees=not adds))
        except GuardFailed as failed:
            if failed.reason != object_store.CHANGED or len(versions) == 1:
                return  # the next run sees what there is then
            for one in versions:
                await self._each_at_worst(bucket, [one], statements)


_Statements = Callable[[Bucket, Sequence[Version]], list[Statement]]


class _Judging:
    """Judges versions that are not current, as they come: by key, the newest first. What is to go is in `expired` and
    `lone_markers`."""

    def __init__(self, rules: Lifecycle, now_us: int) -> None:
        self.expired: list[Version] = []
        self.lone_markers: list[Version] = []
        self._rules = rules
        self._now_us = now_us
        self._key: str | None = None
        self._newer_put_at_us = 0
        self._newer = 0
        self._alone: Version | None = None

    def take(self, version: Version, current_put_at_us: int | None) -> None:
        """The next one; with when the key's current object was put, if it has one."""
        if version.key != self._key:
            self.end_key()
            self._key = version.key
            self._newer = 0
            if current_put_at_us is None:  # then the newest is a marker, and hides what was deleted
                self._newer_put_at_us = version.created_at_us
                self._alone = version
                return
            self._newer_put_at_us = current_put_at_us
        self._alone = None
        expires_at_us = self._rules.noncurrent_expiry_us(version, self._newer_put_at_us, self._newer)
        if expires_at_us <= self._now_us and not locking.why_locked(version.marks, self._now_us, False):
            self.expired.append(version)
        self._newer_put_at_us = version.created_at_us
        self._newer += 1

    def end_key(self) -> None:
        """No more of the key."""
        if self._alone is not None and self._rules.marker_expiry_us(self._alone) <= self._now_us:
            self.lone_markers.append(self._alone)
        self._alone = None


def _remove_versions(bucket: Bucket, versions: Sequence[Version]) -> list[Statement]:
    unlocked = removal.marked_as_judged(bucket.name, (), versions)
    return [*unlocked, *removal.remove_older(bucket.name, versions)]


def _remove_lone_markers(bucket: Bucket, markers: Sequence[Version]) -> list[Statement]:
    alone = [
        guard
        for one in markers
        for guard in (
            object_store.is_unchanged(bucket.name, one.key, None),
            store.is_only_version(bucket.name, one.key),
        )
    ]
    return [*alone, *removal.remove_older(bucket.name, markers)]
