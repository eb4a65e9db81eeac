"""Objects read: found, checked against conditions, their bytes given out."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import NamedTuple

from portico.objects.v1 import objects_pb2
from portico_server.objects import errors
from portico_server.objects.buckets.buckets import Buckets
from portico_server.objects.content import ranges
from portico_server.objects.content.checked import DigestDiffers, check, checked
from portico_server.objects.content.damage import damaged, damaged_by
from portico_server.objects.content.part_lists import PartLists
from portico_server.objects.content.parts_blob import PartsBlob, inline
from portico_server.objects.content.ranges import ByteRange
from portico_server.objects.names import ObjectName
from portico_server.objects.records import Version, Versioning
from portico_server.objects.store import objects as store
from portico_server.objects.store import parts as part_store
from portico_server.objects.store import versions
from portico_server.objects.versions import conditions
from portico_server.objects.versions.conditions import Conditions
from portico_server.platform.blobs import Blob, Blobs
from portico_server.platform.database import Database
from portico_server.platform.telemetry import span

CHUNK_BYTES = 1 << 19
"""What one message of a get carries at most. Each costs the event loop the same, besides its bytes; what a reader that
is slow makes us hold is two of them, one in Envoy and one in front of it."""


class Wanted(NamedTuple):
    """What a get asks for. `version_id` empty: what is current; `offset` and `limit` as in `ranges.resolve`, or instead
    of them `part_number`, of a multipart object; 0: none."""

    name: ObjectName
    version_id: str = ""
    offset: int = 0
    limit: int = 0
    conditions: Conditions = conditions.NONE
    part_number: int = 0


class Reading(NamedTuple):
    """A version that is being read. To be closed; until then its bytes stay, whatever is written meanwhile.

    The bytes of the range are `data`; those of a larger object are in the open `blob`.
    """

    version: Version
    range: ByteRange
    data: bytes
    blob: Blob | None

    def chunks(self, chunk_bytes: int) -> AsyncGenerator[bytes, None]:
        """Those of the blob. Raises `damage.LOST`."""
        assert self.blob is not None
        chunks = self.blob.chunks(*self.range, chunk_bytes)
        version = self.version
        if version.list_id or self.range.length != version.size_bytes:
            return chunks  # parts are compared one by one
        return checked(chunks, version.size_bytes, version.checksums)

    async def close(self) -> None:
        if self.blob is not None:
            await self.blob.close()


class Reader:
    """Reads the objects of all buckets."""

    def __init__(self, database: Database, blobs: Blobs, buckets: Buckets) -> None:
        self._database = database
        self._blobs = blobs
        self._buckets = buckets
        self.lists = PartLists(database)

    async def head(self, wanted: Wanted) -> Version:
        """Raises BucketNotFound, ObjectNotFound, VersionNotFound, and what `conditions.check_read` raises."""
        name = wanted.name
        if wanted.version_id:
            return (await self.find(wanted))[0]
        with span("objects.store.head", step="store"):
            found = await store.head_in(self._database, *name)
        version = await self._present(wanted, *found) if found is not None else None
        if version is None:
            raise await self._not_found(wanted)
        _check(wanted, version)
        return version

    async def open(self, wanted: Wanted) -> Reading:
        """Raises what `head` raises, InvalidRange, and ObjectDamaged."""
        try:
            try:
                return await self._open(wanted)
            except FileNotFoundError:  # replaced and collected since its row was read: there is a newer one
                return await self._open(wanted)
        except (FileNotFoundError, DigestDiffers) as error:
            raise damaged_by(error, wanted.name, wanted.version_id) from None

    async def _open(self, wanted: Wanted) -> Reading:
        version, data = await self.find(wanted)
        wanted_range = await self.range_of(wanted, version)
        if version.list_id:
            return await self.open_parts(version, wanted_range)
        if not version.file:
            begin, length = wanted_range
            check(data, version.checksums)
            return Reading(version, wanted_range, data[begin : begin + length], None)
        with span("objects.blobs.open", step="store"):
            blob = await self._blobs.open(version.file)
        if blob.size_bytes != version.size_bytes:
            await blob.close()
            what = f"their file has {blob.size_bytes} of {version.size_bytes}"
            raise damaged(wanted.name, wanted.version_id, what)
        return Reading(version, wanted_range, b"", blob)

    async def range_of(self, wanted: Wanted, version: Version) -> ByteRange:
        """The bytes of the version that are wanted. Raises InvalidRange, InvalidPartNumber."""
        if not wanted.part_number:
            return ranges.resolve(wanted.offset, wanted.limit, version.size_bytes, wanted.name)
        if version.list_id:
            found = (await self.lists.get(version.list_id)).range_of(wanted.part_number)
        else:
            found = ByteRange(0, version.size_bytes) if wanted.part_number == 1 else None
        if found is None:
            message = f"{wanted.name} has no part {wanted.part_number}"
            raise errors.InvalidPartNumber(
                message, resource=str(wanted.name), parts_count=str(version.parts_count or 1)
            )
        return found

    async def open_parts(self, version: Version, wanted_range: ByteRange) -> Reading:
        """A range of a multipart object. Raises FileNotFoundError where its parts were freed, or one is missing."""
        parts = await self.lists.get(version.list_id)
        if not parts.pieces:
            raise FileNotFoundError(f"the list of parts {version.list_id} was freed")
        if not parts.anchor:  # then there is but one part, if all sizes are as they have to be
            data = b"".join([await inline(self._database, piece) for piece in parts.pieces])
            return Reading(version, wanted_range, data[wanted_range.offset :][: wanted_range.length], None)
        with span("objects.blobs.open", step="store"):
            anchor = await self._blobs.open(parts.anchor, pinned=True)
        try:
            if not await part_store.stays(self._database, version.list_id):
                raise FileNotFoundError(f"the list of parts {version.list_id} was freed")
        except BaseException:
            await anchor.close()
            self.lists.forget(version.list_id)
            raise
        return Reading(version, wanted_range, b"", PartsBlob(self._database, self._blobs, parts, anchor))

    async def find(self, wanted: Wanted) -> tuple[Version, bytes]:
        """The version and its inline bytes, in one read. Raises what `head` raises."""
        with span("objects.store.get", step="store"):
            found = await (
                versions.get(self._database, *wanted.name, wanted.version_id)
                if wanted.version_id
                else store.get(self._database, *wanted.name)
            )
        version = await self._present(wanted, found[0], found[2]) if found is not None else None
        if found is None or version is None:
            raise await self._not_found(wanted)
        if version.marker:
            raise errors.ObjectNotFound(
                f"version {wanted.version_id} marks that {wanted.name} was deleted; it has no bytes",
                resource=str(wanted.name),
                delete_marker="true",
                modified_seconds=str(version.created_at_us // 1_000_000),
            )
        _check(wanted, version)
        return version, found[1]

    async def _present(self, wanted: Wanted, version: Version, bucket_etag: str) -> Version | None:
        """The version with when it expires; None if it has."""
        bucket = await self._buckets.remembered(wanted.name.bucket, bucket_etag)
        return self._buckets.present(bucket, version, by_id=bool(wanted.version_id)) if bucket.expires else version

    async def _not_found(self, wanted: Wanted) -> errors.ObjectNotFound | errors.VersionNotFound:
        """Tells a missing object from a missing bucket, whose BucketNotFound it raises, and from one that a delete
        marker hides."""
        bucket = await self._buckets.get(wanted.name.bucket)
        if wanted.version_id:
            message = f"{wanted.name} has no version {wanted.version_id}"
            return errors.VersionNotFound(message, resource=str(wanted.name), version_id=wanted.version_id)
        message = f"there is no object {wanted.name}"
        marker = None
        if bucket.versioning != Versioning.DISABLED:
            marker = await versions.newest(self._database, *wanted.name)
        if marker is None:
            return errors.ObjectNotFound(message, resource=str(wanted.name))
        return errors.ObjectNotFound(
            message, resource=str(wanted.name), delete_marker="true", version_id=marker.version_id
        )


def _check(wanted: Wanted, version: Version) -> None:
    """Raises what `conditions.check_read` raises; NotModified with what caches are told of the object besides."""
    try:
        conditions.check_read(wanted.conditions, version, wanted.name)
    except errors.NotModified as unchanged:
        metadata = objects_pb2.ObjectMetadata.FromString(version.metadata)
        told = {
            "version_id": version.version_id,
            "cache_control": metadata.cache_control,
            "expires": metadata.expires,
        }
        unchanged.metadata |= {name: value for name, value in told.items() if value}
        raise
