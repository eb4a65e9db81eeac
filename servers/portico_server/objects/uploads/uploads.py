"""Multipart uploads: begun, filled with parts, made an object of, or given up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import Executor
from contextlib import suppress
from dataclasses import dataclass

from portico.objects.v1 import objects_pb2
from portico_server.objects import errors
from portico_server.objects.buckets.buckets import Buckets
from portico_server.objects.content import checksums
from portico_server.objects.content.incoming import Announced, Content, Receiver
from portico_server.objects.content.placing import Placing
from portico_server.objects.names import ObjectName
from portico_server.objects.records import Bucket, NewVersion, Part, Upload, Version, of_list
from portico_server.objects.store import objects as object_store
from portico_server.objects.store import parts as part_store
from portico_server.objects.store import uploads as store
from portico_server.objects.store.buckets import NO_BUCKET
from portico_server.objects.uploads import composing
from portico_server.objects.uploads.composing import MAX_PART_BYTES, Composed, NamedPart
from portico_server.objects.versions import conditions, locking
from portico_server.objects.versions.conditions import Conditions
from portico_server.objects.versions.judging import ALL_RIGHTS, Rights, judge_of
from portico_server.objects.versions.objects import REFUSED, Beside, Objects
from portico_server.platform.blobs import Blobs
from portico_server.platform.blobs.errors import StoreError
from portico_server.platform.database import Batch, Database, GuardFailed, Statement
from portico_server.platform.ids import Ids
from portico_server.platform.telemetry import span

MAX_UPLOADS = 10_000
"""Underway in a bucket."""
_COMPOSED_ON_LOOP = 100
"""Parts; more are put together in a thread."""
_ATTEMPTS = 100
_FULL_OBJECT = objects_pb2.CHECKSUM_TYPE_FULL_OBJECT
_COMPOSITE = objects_pb2.CHECKSUM_TYPE_COMPOSITE
_CRC64NVME = objects_pb2.CHECKSUM_ALGORITHM_CRC64NVME


@dataclass(frozen=True, slots=True)
class NewUpload:
    """What an upload is begun with. `metadata` and `marks` are those of the object, serialized; the algorithm and the
    type of its checksum are the contract's numbers, 0: what is usual.
    """

    name: ObjectName
    principal: str
    metadata: bytes = b""
    marks: bytes = b""
    checksum_algorithm: int = 0
    checksum_type: int = 0
    rights: Rights = ALL_RIGHTS


@dataclass(frozen=True, slots=True)
class Completion:
    """Which parts an object is made of, and what must hold of it."""

    name: ObjectName
    upload_id: str
    parts: Sequence[NamedPart]
    announced: composing.Announced = composing.Announced()  # noqa: RUF009 - it cannot change
    conditions: Conditions = conditions.NONE
    rights: Rights = ALL_RIGHTS


Also = Callable[[Upload], list[Statement]]
"""Further statements for the batch, given the upload that it will have begun."""


class Uploads:
    """The multipart uploads of all buckets. `threads` put long lists of parts together."""

    def __init__(
        self,
        database: Database,
        blobs: Blobs,
        buckets: Buckets,
        objects: Objects,
        receiver: Receiver,
        placing: Placing,
        ids: Ids,
        threads: Executor,
    ) -> None:
        self._database = database
        self._blobs = blobs
        self._buckets = buckets
        self._objects = objects
        self._receiver = receiver
        self._placing = placing
        self._ids = ids
        self._threads = threads

    async def create(self, new: NewUpload, also: Also = lambda _: []) -> Upload:
        """Raises BucketNotFound, BucketBeingDeleted, ObjectLockDisabled, TooManyUploads, InvalidField, and what the
        judge of `judge_of` raises: the caller must have the right to what completion would do now."""
        algorithm, checksum_type = _checksum_of(new)
        bucket = await self._buckets.open(new.name.bucket)
        locking.check_enabled(bucket, new.marks)
        if judge := judge_of(new.name, conditions.NONE, new.rights):
            judge(self._buckets.present(bucket, await object_store.head(self._database, *new.name)))
        if await store.has_many(self._database, bucket.name, MAX_UPLOADS):
            raise errors.TooManyUploads(
                f"{bucket.name} has {MAX_UPLOADS} multipart uploads underway; complete or abort some",
                resource=bucket.name,
            )
        upload_id, now_us = self._ids.mint()
        upload = Upload(
            bucket.name,
            new.name.key,
            upload_id,
            bucket.created_at_us,
            now_us,
            new.principal,
            0,
            0,
            algorithm,
            checksum_type,
            new.metadata,
            new.marks,
        )
        upload = self._buckets.aborting(bucket, upload)
        try:
            await self._database.batch(Batch([store.insert(upload), *also(upload)]))
        except GuardFailed as failed:
            if failed.reason != NO_BUCKET:
                raise
            await self._buckets.open(bucket.name)
            raise errors.WriteContended(f"others keep changing {bucket.name}", resource=bucket.name) from None
        return upload

    async def get(self, name: ObjectName, upload_id: str) -> Upload:
        """Raises UploadNotFound, BucketNotFound, BucketBeingDeleted."""
        upload = await store.get(self._database, *name, upload_id)
        if upload is None:
            raise await self._not_found(name, upload_id)
        return upload

    async def described(self, name: ObjectName, upload_id: str) -> Upload:
        """As `get`, with when it is aborted."""
        upload = await self.get(name, upload_id)
        return self._buckets.aborting(await self._buckets.open(name.bucket), upload)

    async def put_part(self, upload: Upload, number: int, pieces: AsyncIterator[bytes], announced: Announced) -> Part:
        """Stores a part, in place of an earlier one of its number; `announced` names the upload's algorithm
        among those to make. Raises what `get` and `Receiver.receive` raise.
        """
        return await self.keep_part(upload, number, await self.receive(upload, pieces, announced))

    async def receive(self, upload: Upload, pieces: AsyncIterator[bytes], announced: Announced) -> Content:
        """The bytes of a part, stored, but nowhere told of. Raises what `Receiver.receive` raises."""
        name = ObjectName(upload.bucket, upload.key)

        async def bucket() -> Bucket:
            return await self._buckets.remembered(upload.bucket)

        return await self._receiver.receive(pieces, announced, name, bucket, MAX_PART_BYTES)

    async def store_of(self, upload: Upload) -> str:
        """Where its parts go. Raises JurisdictionUnavailable."""
        return self._placing.store_for(await self._buckets.remembered(upload.bucket))

    async def keep_part(self, upload: Upload, number: int, content: Content) -> Part:
        """Makes the bytes a part of the upload; where that is refused they go. Raises what `get` raises."""
        part_id, now_us = self._ids.mint()
        packed = checksums.pack(content.digests)
        part = Part(number, part_id, content.digests["md5"].hex(), content.size_bytes, now_us, content.file, packed)
        statements = [
            store.take_part(upload, number, part.size_bytes),
            *part_store.put(upload.bucket, upload.id, part, content.data),
        ]
        try:
            with span("objects.store.part", step="store"):
                await self._database.batch(Batch(statements, [store.lock(upload.id)]))
        except REFUSED as refused:
            if content.file:
                with suppress(StoreError):
                    await self._blobs.delete(content.file)
            if isinstance(refused, GuardFailed) and refused.reason == store.NO_UPLOAD:
                raise await self._not_found(ObjectName(upload.bucket, upload.key), upload.id) from None
            raise
        return part

    async def complete(self, wanted: Completion) -> Version:
        """Makes the object; no bytes are moved. What was made of these parts before, and is current, is answered again.

        Raises what `get` and `composing.compose` raise, what the judge of `judge_of` raises; then the upload is as it
        was.
        """
        judge = judge_of(wanted.name, wanted.conditions, wanted.rights)
        for _ in range(_ATTEMPTS):
            upload = await store.get(self._database, *wanted.name, wanted.upload_id)
            if upload is None:
                return await self._completed_before(wanted)
            new, beside = await self._composed(upload, wanted)
            try:
                return await self._objects.store(wanted.name, new, judge, beside=beside)
            except GuardFailed as failed:
                if failed.reason != store.UPLOAD_CHANGED:
                    raise
        raise errors.WriteContended(f"others keep changing the upload of {wanted.name}", resource=str(wanted.name))

    async def abort(self, name: ObjectName, upload_id: str) -> None:
        """Gives it up and frees its parts. Raises what `get` raises."""
        upload = await self.get(name, upload_id)
        try:
            await self._database.batch(Batch(store.abort(upload), [store.lock(upload.id)], frees=True))
        except GuardFailed as failed:
            if failed.reason != store.NO_UPLOAD:
                raise
            raise await self._not_found(name, upload_id) from None

    async def _composed(self, upload: Upload, wanted: Completion) -> tuple[NewVersion, Beside]:
        """The version that it becomes, and how the upload ends with that."""
        composed = await self._compose(upload, wanted)
        _, now_us = self._ids.mint()
        rest_id, _ = self._ids.mint()
        new = NewVersion(
            upload.id,
            composed.etag,
            composed.size_bytes,
            now_us,
            of_list(upload.id),
            b"",
            upload.metadata,
            composed.checksums,
            upload.marks,
        )
        rest_bytes = upload.size_bytes - composed.size_bytes
        left_out = part_store.leave_out(upload.bucket, upload.id, composed.left_out, rest_bytes, rest_id)
        return new, Beside([store.end(upload), *left_out], [store.lock(upload.id)], composed.size_bytes)

    async def _compose(self, upload: Upload, wanted: Completion) -> Composed:
        uploaded = [part async for page in part_store.pages(self._database, upload.id) for part in page]
        args = (upload, uploaded, wanted.parts, wanted.announced)
        if len(uploaded) <= _COMPOSED_ON_LOOP:
            return composing.compose(*args)
        return await asyncio.get_running_loop().run_in_executor(self._threads, composing.compose, *args)

    async def _completed_before(self, wanted: Completion) -> Version:
        current = await object_store.head(self._database, *wanted.name)
        if current is not None and current.id == wanted.upload_id:
            parts = [part async for page in part_store.pages(self._database, current.id) for part in page]
            if composing.are_those(parts, wanted.parts, wanted.name):
                return current
        raise await self._not_found(wanted.name, wanted.upload_id)

    async def _not_found(self, name: ObjectName, upload_id: str) -> errors.UploadNotFound:
        """Raises BucketNotFound, BucketBeingDeleted where that is why."""
        await self._buckets.open(name.bucket)
        return errors.UploadNotFound(
            f"{name} has no upload {upload_id} underway: it was completed or aborted, or never begun",
            resource=str(name),
            upload_id=upload_id,
        )


def _checksum_of(new: NewUpload) -> tuple[int, int]:
    """The algorithm and the type. Raises InvalidField where they do not go together."""
    algorithm = new.checksum_algorithm or _CRC64NVME
    combining = checksums.can_be_combined(checksums.NAMES[algorithm])
    checksum_type = new.checksum_type or (_FULL_OBJECT if combining else _COMPOSITE)
    if checksum_type == _FULL_OBJECT and not combining:
        raise errors.InvalidField(
            f"checksum_type cannot be FULL_OBJECT with {checksums.NAMES[algorithm]}: it cannot be made of those of the"
            " parts; take COMPOSITE, or one of the CRCs",
            field="checksum_type",
        )
    if checksum_type == _COMPOSITE and algorithm == _CRC64NVME:
        raise errors.InvalidField("checksum_type of CRC64NVME is FULL_OBJECT alone", field="checksum_type")
    return algorithm, checksum_type
