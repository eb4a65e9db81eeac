"""Stored bytes brought to where a bucket wants them, for a copy: mostly they need not move."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import NamedTuple

from portico_server.objects.content import checksums
from portico_server.objects.content.incoming import Announced, Receiver
from portico_server.objects.content.placing import Placing
from portico_server.objects.content.ranges import ByteRange
from portico_server.objects.records import Bucket, Version
from portico_server.objects.versions.reading import Reader, Reading
from portico_server.platform.blobs import Blobs

_CHUNK_BYTES = 1 << 20


class Brought(NamedTuple):
    """The bytes as the new version has them; parts that had to move are one file, with another ETag and digests."""

    file: str
    data: bytes
    etag: str
    checksums: bytes


class Bringing:
    """Brings those of all buckets."""

    def __init__(self, blobs: Blobs, placing: Placing, receiver: Receiver, reader: Reader) -> None:
        self._blobs = blobs
        self._placing = placing
        self._receiver = receiver
        self._reader = reader

    async def bring(self, bucket: Bucket, source: Version, found: Brought, algorithms: Sequence[str]) -> Brought:
        """What was `found` of the source, as the bucket may have it; `algorithms` are digests to make where all bytes
        are read anyway. Raises `damage.LOST`, JurisdictionUnavailable, StorageFull."""
        if source.list_id:
            stays = await self._parts_may_stay(bucket, source)
            return found if stays else await self._joined(bucket, source, algorithms)
        if source.file:
            return found._replace(file=await self._blobs.copy(source.file, self._placing.store_for(bucket)))
        if found.data and not self._placing.is_inline(bucket):
            file = await self._receiver.keep(found.data, self._placing.store_for(bucket))
            return found._replace(file=file, data=b"")
        return found

    async def _parts_may_stay(self, bucket: Bucket, source: Version) -> bool:
        if not self._placing.restricts or not bucket.jurisdiction:
            return True
        pieces = (await self._reader.lists.get(source.list_id)).pieces
        return all(self._placing.is_placed(bucket, piece.file) for piece in pieces)

    async def _joined(self, bucket: Bucket, source: Version, algorithms: Sequence[str]) -> Brought:
        async def found() -> Bucket:
            return bucket

        reading = await self._reader.open_parts(source, ByteRange(0, source.size_bytes))
        try:
            announced = Announced(source.size_bytes, algorithms=tuple(algorithms))
            async with aclosing(pieces_of(reading)) as pieces:
                content = await self._receiver.receive(pieces, announced, source.key, found)
        finally:
            await reading.close()
        return Brought(content.file, content.data, content.digests["md5"].hex(), checksums.pack(content.digests))


async def pieces_of(reading: Reading) -> AsyncGenerator[bytes, None]:
    """The bytes of its range."""
    if reading.blob is None:
        yield reading.data
        return
    async with aclosing(reading.chunks(_CHUNK_BYTES)) as chunks:
        async for chunk in chunks:
            yield chunk
