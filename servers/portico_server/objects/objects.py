"""Objects written: put, copied, deleted."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

from portico_server.objects import checksums, conditions, errors, writes
from portico_server.objects.buckets import Buckets
from portico_server.objects.conditions import Conditions
from portico_server.objects.ids import Ids
from portico_server.objects.incoming import Announced, Content, Receiver
from portico_server.objects.judging import ALL_RIGHTS, Judge, Rights, judge_of
from portico_server.objects.names import ObjectName
from portico_server.objects.records import NewVersion, Version, Versioning
from portico_server.objects.store import buckets as bucket_store
from portico_server.objects.store import locks
from portico_server.objects.store import objects as store
from portico_server.objects.writes import Deleted
from portico_server.platform.blobs import Blobs
from portico_server.platform.database import Batch, Database, Done, GuardFailed, Statement
from portico_server.platform.errors import DomainError
from portico_server.platform.telemetry import span

_ATTEMPTS = 100
"""How often a write that depends on what is there is judged anew. Of N writers of one key the last may need N."""


@dataclass(frozen=True, slots=True)
class Put:
    """What an object is put with. `metadata` is a serialized ObjectMetadata of the contract."""

    name: ObjectName
    metadata: bytes = b""
    announced: Announced = Announced()  # noqa: RUF009 - it cannot change
    conditions: Conditions = conditions.NONE
    rights: Rights = ALL_RIGHTS


class Objects:
    """Writes the objects of all buckets."""

    def __init__(self, database: Database, blobs: Blobs, buckets: Buckets, receiver: Receiver, ids: Ids) -> None:
        self._database = database
        self._blobs = blobs
        self._buckets = buckets
        self._receiver = receiver
        self._ids = ids

    async def put(self, put: Put, parts: AsyncIterator[bytes]) -> Version:
        """Stores the bytes as the key's current object.

        Raises what `Receiver.receive` and the judge of `judge_of` raise, BucketNotFound, BucketBeingDeleted.
        """
        judge = judge_of(put.name, put.conditions, put.rights)

        async def before_file() -> None:
            await self._look(put.name, judge)

        content = await self._receiver.receive(parts, put.announced, put.name, before_file)
        new = self._described(content, put.metadata)
        return await self._store(put.name, new, judge)

    async def delete(self, name: ObjectName, version_id: str, condition: Conditions) -> Deleted:
        """Deletes the current object, or the version named; neither need be there.

        Raises BucketNotFound, BucketBeingDeleted, and what `conditions.check_write` raises.
        """
        judge = judge_of(name, condition)
        if version_id:
            _, done = await self._write(name, judge, lambda _: writes.delete_version(name, version_id))
            return writes.deleted_version(done, version_id)
        write_id, now_us = self._ids.mint()
        versioning, done = await self._write(
            name, judge, lambda versioning: writes.delete(name, write_id, now_us, versioning)
        )
        return writes.deleted(done, write_id, versioning)

    def _described(self, content: Content, metadata: bytes) -> NewVersion:
        write_id, now_us = self._ids.mint()
        return NewVersion(
            write_id,
            content.digests["md5"].hex(),
            content.size_bytes,
            now_us,
            content.file,
            content.data,
            metadata,
            checksums.pack(content.digests),
        )

    async def _store(self, name: ObjectName, new: NewVersion, judge: Judge | None) -> Version:
        """Commits what was received. If that is refused its file goes; if nobody knows, the collector sees to it."""
        try:
            versioning, _ = await self._write(name, judge, lambda versioning: writes.put(name, new, versioning))
        except DomainError:
            if new.file:
                await self._blobs.delete(new.file)
            raise
        is_null = int(versioning != Versioning.ENABLED)
        described = (new.etag, new.size_bytes, new.created_at_us, new.file, new.metadata, new.checksums)
        return Version(name.key, new.id, is_null, 0, *described)

    async def _look(self, name: ObjectName, judge: Judge | None) -> tuple[int, Version | None]:
        """The bucket's versioning and the key's current object, judged."""
        bucket = await self._buckets.open(name.bucket)
        current = await store.head(self._database, *name)
        if judge is not None:
            judge(current)
        return bucket.versioning, current

    async def _write(
        self, name: ObjectName, judge: Judge | None, statements: Callable[[int], list[Statement]]
    ) -> tuple[int, list[Done]]:
        """Applies the statements for the bucket's versioning, guarded by what was judged; if that changed, anew."""
        lock = (locks.of_key(*name),)
        for _ in range(_ATTEMPTS):
            guards: list[Statement] = []
            versioning = self._buckets.probable_versioning(name.bucket)
            if judge is not None:
                versioning, current = await self._look(name, judge)
                guards.append(store.is_unchanged(*name, current))
            try:
                with span("objects.store.write", step="store"):
                    done = await self._database.batch(Batch([*guards, *statements(versioning)], lock))
                return versioning, done[len(guards) :]
            except GuardFailed as failed:
                if failed.reason == bucket_store.NO_BUCKET:
                    await self._buckets.open(name.bucket)
                elif failed.reason != store.CHANGED:
                    raise
        raise errors.WriteContended(f"others keep changing {name}; try again", resource=str(name))
