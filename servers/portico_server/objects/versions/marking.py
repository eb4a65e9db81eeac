"""What may change of a stored version is changed: tags, retention, legal hold."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

from portico.objects.v1 import objects_pb2
from portico_server.objects import errors, events
from portico_server.objects.buckets.buckets import Buckets
from portico_server.objects.notifications import happenings
from portico_server.objects.records import Bucket, Version
from portico_server.objects.store import buckets as bucket_store
from portico_server.objects.store import locks
from portico_server.objects.store import marks as store
from portico_server.objects.store import objects as object_store
from portico_server.objects.versions import locking, marks
from portico_server.objects.versions.reading import Reader, Wanted
from portico_server.platform.clock import Clock
from portico_server.platform.database import Batch, Database, GuardFailed, Statement
from portico_server.platform.telemetry import span

LOCKS = frozenset({"retention", "legal_hold"})
"""The fields that keep a version from deletion."""
_ATTEMPTS = 100


@dataclass(frozen=True, slots=True)
class Change:
    """The fields named are to be as in `wanted`; one that is not set there is taken away."""

    wanted: objects_pb2.Object
    fields: Collection[str]
    bypasses_governance: bool = False


Also = Callable[[Version, bytes], list[Statement]]
"""Further statements for the batch, given the version as it was and its new marks."""


class Marking:
    """Changes the marks of versions in all buckets."""

    def __init__(self, database: Database, buckets: Buckets, reader: Reader, clock: Clock) -> None:
        self._database = database
        self._buckets = buckets
        self._reader = reader
        self._clock = clock

    async def change(self, wanted: Wanted, change: Change) -> Version:
        """The version with its new marks, guarded by those that were judged.

        Raises what `Reader.find` raises, BucketBeingDeleted, ObjectLockDisabled, ObjectLocked, InvalidField.
        """
        name = wanted.name
        for _ in range(_ATTEMPTS):
            bucket = await self._buckets.open(name.bucket)
            version, _ = await self._reader.find(wanted)
            now_us = self._clock.now_us()
            after = self._changed(bucket, version, change, str(name), now_us)
            changed = version._replace(marks=marks.pack(after), expires_at_us=0, expire_rule_id="")
            if changed.marks == version.marks:
                return version
            statements = [bucket_store.is_open_as(bucket), store.replace(name.bucket, version, changed.marks)]
            if after.tags != marks.unpack(version.marks).tags:
                tagged = happenings.of_version(happenings.TAGGED, version)
                statements += self._buckets.notices(bucket, [tagged])
            if LOCKS & set(change.fields):
                statements.append(self._audit(str(name), version, after, now_us))
            try:
                with span("objects.store.mark", step="store"):
                    await self._database.batch(Batch(statements, [locks.of_key(*name)]))
                return self._buckets.expiring(bucket, changed) if changed.latest else changed
            except GuardFailed as failed:
                if failed.reason not in (object_store.CHANGED, bucket_store.NO_BUCKET):
                    raise
        raise errors.WriteContended(f"others keep changing {name}; try again", resource=str(name))

    def _changed(self, bucket: Bucket, version: Version, change: Change, name: str, now_us: int) -> objects_pb2.Object:
        before, after = marks.unpack(version.marks), marks.unpack(version.marks)
        if LOCKS & set(change.fields) and not locking.lock_of(bucket).enabled:
            raise locking.disabled(bucket)
        for field in change.fields:
            after.ClearField(field)
            after.MergeFrom(_only(change.wanted, field))
        if "retention" in change.fields:
            locking.check_retention(after.retention, now_us)
            locking.check_change(before.retention, after.retention, now_us, change.bypasses_governance, name)
            if not after.retention.mode:
                after.ClearField("retention")
        return after

    def _audit(self, name: str, version: Version, after: objects_pb2.Object, now_us: int) -> Statement:
        return events.audit(
            "objects.object.lock",
            name,
            now_us,
            version_id=version.version_id,
            before=_told(marks.unpack(version.marks)),
            after=_told(after),
        )


def _only(marked: objects_pb2.Object, field: str) -> objects_pb2.Object:
    match field:
        case "tags":
            return objects_pb2.Object(tags=marked.tags)
        case "retention" if marked.HasField("retention"):
            return objects_pb2.Object(retention=marked.retention)
        case "legal_hold":
            return objects_pb2.Object(legal_hold=marked.legal_hold)
    return objects_pb2.Object()


def _told(marked: objects_pb2.Object) -> dict[str, str | bool]:
    """What an audit event tells of a version's locks."""
    told: dict[str, str | bool] = {"legal_hold": marked.legal_hold}
    if marked.retention.mode:
        told["retention_mode"] = objects_pb2.RetentionMode.Name(marked.retention.mode)
        told["retain_until_time"] = marked.retention.retain_until_time.ToJsonString()
    return told
