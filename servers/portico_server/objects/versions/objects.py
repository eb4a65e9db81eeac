"""Objects written: put and copied."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import NamedTuple

from portico_server.objects import errors
from portico_server.objects.buckets.buckets import Buckets
from portico_server.objects.content import checksums
from portico_server.objects.content.checked import DigestDiffers
from portico_server.objects.content.damage import damaged, damaged_by
from portico_server.objects.content.incoming import Announced, Content, Receiver
from portico_server.objects.content.placing import Placing
from portico_server.objects.content.rehashing import Rehasher
from portico_server.objects.names import ObjectName
from portico_server.objects.notifications import happenings
from portico_server.objects.records import Bucket, NewVersion, Version, Versioning
from portico_server.objects.store import buckets as bucket_store
from portico_server.objects.store import objects as store
from portico_server.objects.store import parts
from portico_server.objects.store.locks import of_key
from portico_server.objects.versions import conditions, locking, marks, writes
from portico_server.objects.versions.bringing import Bringing, Brought
from portico_server.objects.versions.conditions import Conditions
from portico_server.objects.versions.judging import ALL_RIGHTS, Judge, Rights, judge_of
from portico_server.objects.versions.reading import Reader, Wanted
from portico_server.platform.blobs import Blobs
from portico_server.platform.blobs.errors import StoreError
from portico_server.platform.database import (
    Batch,
    Contended,
    Database,
    GuardFailed,
    Overloaded,
    ReadOnly,
    Statement,
    StorageFull,
    StorageReadOnly,
    TimedOut,
)
from portico_server.platform.errors import DomainError
from portico_server.platform.ids import Ids
from portico_server.platform.telemetry import span

REFUSED = (DomainError, GuardFailed, Contended, ReadOnly, StorageFull, StorageReadOnly, TimedOut, Overloaded)
"""After these it is certain that nothing was written. Clients try again, and would leave a file each time."""
_ATTEMPTS = 100
"""How often a write that depends on what is there is judged anew. Of N writers of one key the last may need N."""


class Put(NamedTuple):
    """What an object is put with. `metadata` is a serialized ObjectMetadata of the contract; `marks` are packed."""

    name: ObjectName
    metadata: bytes = b""
    announced: Announced = Announced()
    conditions: Conditions = conditions.NONE
    rights: Rights = ALL_RIGHTS
    marks: bytes = marks.NONE


@dataclass(frozen=True, slots=True)
class Copy:
    """What a copy is made with. `metadata` None: the source's. `algorithms`: digests to make if the source has none.
    `keeps_tags`: the source's tags stand beside the `marks`."""

    name: ObjectName
    source: Wanted
    metadata: bytes | None = None
    conditions: Conditions = conditions.NONE
    rights: Rights = ALL_RIGHTS
    algorithms: tuple[str, ...] = ()
    marks: bytes = marks.NONE
    keeps_tags: bool = True


Also = Callable[[Version], list[Statement]]
"""Further statements for the batch, given the version that it will have stored."""


class Copied(NamedTuple):
    """What a copy has stored, and of what."""

    stored: Version
    source: Version


AlsoOfCopy = Callable[[Copied], list[Statement]]
"""As `Also`."""


def _nothing(_: object) -> list[Statement]:
    return []


@dataclass(frozen=True, slots=True)
class Beside:
    """What a batch does beside storing an object: statements that come before, further locks that it holds.
    `counted_bytes` as in `writes.put`."""

    first: Sequence[Statement] = ()
    locks: Sequence[str] = ()
    counted_bytes: int = 0


class Objects:
    """Writes the objects of all buckets."""

    def __init__(
        self,
        database: Database,
        blobs: Blobs,
        buckets: Buckets,
        reader: Reader,
        receiver: Receiver,
        placing: Placing,
        rehasher: Rehasher,
        ids: Ids,
    ) -> None:
        self._database = database
        self._blobs = blobs
        self._buckets = buckets
        self._reader = reader
        self._receiver = receiver
        self._placing = placing
        self._bringing = Bringing(blobs, placing, receiver, reader)
        self._rehasher = rehasher
        self._ids = ids

    async def put(self, put: Put, pieces: AsyncIterator[bytes], also: Also = _nothing) -> Version:
        """Stores the bytes as the key's current object.

        Raises what `Receiver.receive` and the judge of `judge_of` raise, BucketNotFound, BucketBeingDeleted,
        ObjectLockDisabled.
        """
        judge = judge_of(put.name, put.conditions, put.rights)

        async def bucket() -> Bucket:
            return (await self._look(put.name, judge, put.marks))[0]

        content = await self._receiver.receive(pieces, put.announced, put.name, bucket)
        new = self._described(content, put)
        return await self.store(put.name, new, judge, also)

    async def copy(self, copy: Copy, also: AlsoOfCopy = _nothing) -> Copied:
        """Stores the source's bytes as another key's current object, without moving them, but where that one's bucket
        must have them elsewhere.

        Raises what `Reader.find` and the judge of `judge_of` raise, BucketNotFound, BucketBeingDeleted, StorageFull,
        ObjectDamaged, JurisdictionUnavailable.
        """
        judge = judge_of(copy.name, copy.conditions, copy.rights)
        try:
            return await self._copy(copy, judge, also)
        except FileNotFoundError:
            pass  # the source was replaced and its bytes collected since its row was read: there is a newer one
        try:
            return await self._copy(copy, judge, also)
        except FileNotFoundError:
            raise damaged(copy.source.name, copy.source.version_id, "their file is missing") from None

    async def _copy(self, copy: Copy, judge: Judge | None, also: AlsoOfCopy) -> Copied:
        """Raises FileNotFoundError where the source's bytes are not there any more."""
        new, source = await self._copied(copy, judge)

        def also_of(stored: Version) -> list[Statement]:
            return also(Copied(stored, source))

        if not (list_id := new.list_id):
            return Copied(await self.store(copy.name, new, judge, also_of), source)
        try:
            beside = Beside([parts.must_stay(list_id)], [parts.lock(list_id)])
            return Copied(await self.store(copy.name, new, judge, also_of, beside), source)
        except GuardFailed as failed:
            if failed.reason != parts.LIST_GONE:
                raise
            raise FileNotFoundError(f"the list of parts {list_id} was freed") from None

    async def _copied(self, copy: Copy, judge: Judge | None) -> tuple[NewVersion, Version]:
        """The source's bytes as a new version: those of a file in a new file, parts as the same list of them; and the
        source."""
        source, data = await self._reader.find(copy.source)
        bucket: Bucket | None = None
        if (source.file and not source.list_id) or self._placing.restricts:
            bucket, _ = await self._look(copy.name, judge, copy.marks)
        try:
            digests = await self._rehasher.completed(source, copy.algorithms, data)
            brought = Brought(source.file, data, source.etag, digests)
            if bucket is not None:
                brought = await self._bringing.bring(bucket, source, brought, copy.algorithms)
        except (EOFError, DigestDiffers) as error:
            raise damaged_by(error, copy.source.name, copy.source.version_id) from None
        write_id, now_us = self._ids.mint()
        new = NewVersion(
            write_id,
            brought.etag,
            source.size_bytes,
            now_us,
            brought.file,
            brought.data,
            source.metadata if copy.metadata is None else copy.metadata,
            brought.checksums,
            marks.with_tags_of(copy.marks, source.marks) if copy.keeps_tags else copy.marks,
        )
        return new, source

    def _described(self, content: Content, put: Put) -> NewVersion:
        write_id, now_us = self._ids.mint()
        return NewVersion(
            write_id,
            content.digests["md5"].hex(),
            content.size_bytes,
            now_us,
            content.file,
            content.data,
            put.metadata,
            checksums.pack(content.digests),
            put.marks,
        )

    async def store(
        self,
        name: ObjectName,
        new: NewVersion,
        judge: Judge | None,
        also: Also = _nothing,
        beside: Beside = Beside(),
    ) -> Version:
        """Commits new bytes. If that is refused their file goes; if nobody knows, or its store is away just now, the
        collector sees to it.

        Raises GuardFailed for the guards in `beside` and `also`.
        """
        try:
            return await self._write(name, new, judge, also, beside)
        except REFUSED:
            if new.blob:
                with suppress(StoreError):
                    await self._blobs.delete(new.blob)
            raise

    async def _look(
        self, name: ObjectName, judge: Judge | None, given: bytes = marks.NONE
    ) -> tuple[Bucket, Version | None]:
        """The bucket and the key's current object, judged: one that has expired as none.

        Raises ObjectLockDisabled for marks that the bucket does not take.
        """
        bucket = await self._buckets.open(name.bucket)
        locking.check_enabled(bucket, given)
        current = await store.head(self._database, *name)
        if judge is not None:
            judge(self._buckets.present(bucket, current))
        return bucket, current

    async def _write(
        self, name: ObjectName, new: NewVersion, judge: Judge | None, also: Also, beside: Beside
    ) -> Version:
        """Writes as the bucket's settings want it, guarded by these and by what was judged; if that changed, anew."""
        held = (of_key(*name), *beside.locks)
        for _ in range(_ATTEMPTS):
            guards: list[Statement] = []
            if judge is None and not new.marks:
                bucket = await self._buckets.remembered(name.bucket)
            elif judge is None:  # whether the bucket takes the marks is not to be told by what it was
                bucket = await self._buckets.open(name.bucket)
            else:
                bucket, current = await self._look(name, judge)
                guards.append(store.is_unchanged(*name, current))
            self._check_placed(bucket, new)
            locked = new._replace(marks=locking.new_marks(bucket, new.marks, new.created_at_us))
            stored = self._buckets.expiring(bucket, _stored(name, locked, bucket.versioning))
            try:
                with span("objects.store.put", step="store"):
                    stores = writes.put(name, locked, bucket, beside.counted_bytes)
                    told = self._buckets.notices(bucket, [happenings.of_version(happenings.CREATED, stored)])
                    await self._database.batch(Batch([*guards, *beside.first, *stores, *told, *also(stored)], held))
                return stored
            except GuardFailed as failed:
                if failed.reason == bucket_store.NO_BUCKET:
                    await self._buckets.open(name.bucket)
                elif failed.reason != store.CHANGED:
                    raise
        raise errors.WriteContended(f"others keep changing {name}; try again", resource=str(name))

    def _check_placed(self, bucket: Bucket, new: NewVersion) -> None:
        """Bytes that were placed for another bucket, of the same name, must not become this one's."""
        if self._placing.restricts and (new.blob or new.data) and not self._placing.is_placed(bucket, new.blob):
            raise errors.WriteContended(
                f"{bucket.name} was made anew meanwhile, in another jurisdiction; try again", resource=bucket.name
            )


def _stored(name: ObjectName, new: NewVersion, versioning: int) -> Version:
    described = (new.etag, new.size_bytes, new.created_at_us, new.file, new.metadata, new.checksums, new.marks)
    return Version(name.key, new.id, int(versioning != Versioning.ENABLED), 0, *described)
