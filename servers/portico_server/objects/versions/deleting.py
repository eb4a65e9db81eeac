"""Objects and versions deleted: one or many of a bucket, all or none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from portico_server.objects import errors, events
from portico_server.objects.buckets.buckets import Buckets
from portico_server.objects.names import ObjectName
from portico_server.objects.notifications import happenings
from portico_server.objects.notifications.happenings import Happening
from portico_server.objects.records import NULL_VERSION, Bucket, Version, Versioning
from portico_server.objects.store import buckets as bucket_store
from portico_server.objects.store import locks, removal
from portico_server.objects.store import objects as store
from portico_server.objects.versions import conditions, locking, writes
from portico_server.objects.versions.conditions import Conditions
from portico_server.objects.versions.judging import judge_of
from portico_server.platform.clock import Clock
from portico_server.platform.database import Batch, Database, GuardFailed, Statement
from portico_server.platform.ids import Ids
from portico_server.platform.telemetry import span

_ATTEMPTS = 100


class Target(NamedTuple):
    """What to delete: a key's current object, or the version named, for good."""

    key: str
    version_id: str = ""


class Deleted(NamedTuple):
    """What a delete did: the version that is gone, or that of the marker it made; empty if there was nothing."""

    version_id: str
    marker: bool


NOTHING = Deleted("", False)

Also = Callable[[list[Deleted]], list[Statement]]
"""Further statements for the batch, given what it will have done."""


class _Seen(NamedTuple):
    """What there is of the targets."""

    current: dict[str, Version]
    older: dict[Target, Version]

    def version(self, target: Target) -> Version | None:
        found = self.current.get(target.key)
        return found if found and found.version_id == target.version_id else self.older.get(target)


class Deleting:
    """Deletes from all buckets."""

    def __init__(self, database: Database, buckets: Buckets, ids: Ids, clock: Clock) -> None:
        self._database = database
        self._buckets = buckets
        self._ids = ids
        self._clock = clock

    async def delete(
        self,
        bucket_name: str,
        targets: Sequence[Target],
        also: Also = lambda _: [],
        condition: Conditions = conditions.NONE,
        bypasses_governance: bool = False,
    ) -> list[Deleted]:
        """Deletes the targets in one batch; none of them need be there. A condition must hold of each current object.

        Where a key is among the targets with and without a version id, the versions named go first. Raises
        BucketNotFound, BucketBeingDeleted, ObjectLocked, WriteContended, and what `conditions.check_write` raises.
        """
        keys = sorted({target.key for target in targets})
        held = sorted({locks.of_key(bucket_name, key) for key in keys})
        for _ in range(_ATTEMPTS):
            bucket = await self._buckets.open(bucket_name)
            seen = await self._look(bucket, targets, keys)
            guards = self._judged(bucket, keys, seen, condition)
            removed, markers, deleted, happened = self._plan(bucket, targets, seen)
            guards += self._unlocked(bucket, seen, removed, bypasses_governance)
            changes = [*_remove(bucket, seen, removed), *markers, *self._buckets.notices(bucket, happened)]
            statements = [*changes, *also(deleted)]
            if not statements:
                return deleted
            guards.append(bucket_store.is_open_as(bucket))
            try:
                with span("objects.store.delete", step="store"):
                    frees = bool(removed) or bucket.versioning == Versioning.SUSPENDED  # the marker replaces a version
                    await self._database.batch(Batch([*guards, *statements], held, frees=frees))
                return deleted
            except GuardFailed as failed:
                if failed.reason not in (store.CHANGED, bucket_store.NO_BUCKET):
                    raise
        raise errors.WriteContended(
            f"others keep changing what is to be deleted of {bucket_name}", resource=bucket_name
        )

    async def _look(self, bucket: Bucket, targets: Sequence[Target], keys: Sequence[str]) -> _Seen:
        current = {version.key: version for version in await removal.current(self._database, bucket.name, keys)}
        named = {target for target in targets if target.version_id}
        ids = sorted({target.version_id for target in named} - {NULL_VERSION})
        nulls = sorted({target.key for target in named if target.version_id == NULL_VERSION})
        if bucket.versioning == Versioning.DISABLED:
            ids = nulls = []  # it has no other versions than the current ones
        older = await removal.older(self._database, bucket.name, ids) if ids else []
        older += await removal.older_nulls(self._database, bucket.name, nulls) if nulls else []
        return _Seen(current, {Target(version.key, version.version_id): version for version in older})

    def _judged(self, bucket: Bucket, keys: Sequence[str], seen: _Seen, condition: Conditions) -> list[Statement]:
        """Guards that what the condition was held against is still there."""
        guards = []
        for key in keys:
            if judge := judge_of(ObjectName(bucket.name, key), condition):
                current = seen.current.get(key)
                judge(self._buckets.present(bucket, current))
                guards.append(store.is_unchanged(bucket.name, key, current))
        return guards

    def _unlocked(
        self, bucket: Bucket, seen: _Seen, removed: Sequence[Version], bypasses_governance: bool
    ) -> list[Statement]:
        """Guards that the versions to be removed are not locked, and tells of bypassed retention. Raises ObjectLocked.

        Where the bucket has no object lock, that its settings are as assumed is enough.
        """
        if not locking.lock_of(bucket).enabled:
            return []
        now_us = self._clock.now_us()
        bypassed = []
        for version in removed:
            name = ObjectName(bucket.name, version.key)
            if why := locking.why_locked(version.marks, now_us, bypasses_governance):
                message = f"version {version.version_id} of {name} {why}; nothing was deleted"
                raise errors.ObjectLocked(message, resource=str(name), version_id=version.version_id)
            if locking.is_bypassed(version.marks, now_us):
                told = {"version_id": version.version_id}
                bypassed.append(events.audit("objects.object.bypass_governance", str(name), now_us, **told))
        return [*removal.marked_as_judged(bucket.name, *_by_table(seen, removed)), *bypassed]

    def _plan(
        self, bucket: Bucket, targets: Sequence[Target], seen: _Seen
    ) -> tuple[list[Version], list[Statement], list[Deleted], list[Happening]]:
        """The versions to remove, the statements that put markers, what will have become of each target, and what that
        is to whoever is told."""
        removed: dict[str, Version] = {}
        markers: list[Statement] = []
        deleted: list[Deleted] = []
        gone: list[Happening] = []
        put: list[Happening] = []
        for target in targets:
            if not target.version_id and bucket.versioning != Versioning.DISABLED:
                statements, done = self._marker(bucket, target)
                markers += statements
                deleted.append(done)
                put.append(happenings.of_marker(happenings.DELETED, target.key, done.version_id))
                continue
            version = seen.version(target) if target.version_id else seen.current.get(target.key)
            if version is None or version.id in removed:
                deleted.append(NOTHING)
            else:
                removed[version.id] = version
                done = self._told(bucket, target, version, seen)
                deleted.append(done)
                event = happenings.EXPIRED if done is NOTHING else happenings.DELETED
                gone.append(happenings.of_version(event, version))
        return list(removed.values()), markers, deleted, [*gone, *put]

    def _told(self, bucket: Bucket, target: Target, version: Version, seen: _Seen) -> Deleted:
        """That a version was deleted; nothing of one that had expired before."""
        is_current = seen.current.get(version.key) is version
        if is_current and self._buckets.present(bucket, version, by_id=bool(target.version_id)) is None:
            return NOTHING
        return Deleted(version.version_id, bool(version.marker))

    def _marker(self, bucket: Bucket, target: Target) -> tuple[list[Statement], Deleted]:
        write_id, now_us = self._ids.mint()
        statements = writes.put_marker(ObjectName(bucket.name, target.key), write_id, now_us, bucket.versioning)
        return statements, Deleted(write_id if bucket.versioning == Versioning.ENABLED else NULL_VERSION, True)


def _remove(bucket: Bucket, seen: _Seen, versions: Sequence[Version]) -> list[Statement]:
    current, older = _by_table(seen, versions)
    statements = [*removal.remove_current(bucket.name, current), *removal.remove_older(bucket.name, older)]
    if bucket.versioning != Versioning.DISABLED:
        statements += removal.promote(bucket.name, sorted({version.key for version in versions}))
    return statements


def _by_table(seen: _Seen, versions: Sequence[Version]) -> tuple[list[Version], list[Version]]:
    """Those that are current, and the others."""
    current = [version for version in versions if seen.current.get(version.key) is version]
    return current, [version for version in versions if seen.current.get(version.key) is not version]
