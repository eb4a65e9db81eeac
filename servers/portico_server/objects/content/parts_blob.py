"""The bytes of a multipart object as one: read from part to part, each begun while the one before is given out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator
from dataclasses import dataclass

from portico_server.objects.content.checked import check, checked
from portico_server.objects.content.part_lists import PartList, Piece, PieceRange
from portico_server.objects.content.ranges import ByteRange
from portico_server.objects.store import parts as store
from portico_server.platform.blobs import Blob, Blobs
from portico_server.platform.database import Database


@dataclass(slots=True)
class _Begun:
    """A piece whose first chunk is here; it is alone in `first`, to be taken from there."""

    first: list[bytes]
    following: AsyncGenerator[bytes, None] | None = None
    blob: Blob | None = None

    async def close(self) -> None:
        if self.following is not None:
            await self.following.aclose()
        if self.blob is not None:
            await self.blob.close()


class PartsBlob:
    """Implements `Blob`. While it is open its parts stay, as `anchor` is pinned."""

    def __init__(self, database: Database, blobs: Blobs, parts: PartList, anchor: Blob) -> None:
        self._database = database
        self._blobs = blobs
        self._parts = parts
        self._anchor = anchor
        self.size_bytes = parts.size_bytes

    async def chunks(self, offset: int, length: int, chunk_bytes: int) -> AsyncGenerator[bytes, None]:
        """Raises EOFError where a part is not as long as it was, FileNotFoundError where one is missing, DigestDiffers
        where all bytes of one are asked for, and are not those that were stored."""
        ranges = self._parts.within(ByteRange(offset, length))
        ahead = self._begin_next(ranges, chunk_bytes)
        try:
            while ahead is not None:
                begun = await ahead
                try:
                    ahead = self._begin_next(ranges, chunk_bytes)
                    yield begun.first.pop()  # no chunk is held here while the caller has it
                    if begun.following is not None:
                        async for chunk in begun.following:
                            held = [chunk]
                            del chunk
                            yield held.pop()
                finally:
                    await begun.close()
        finally:
            if ahead is not None:
                await _give_up(ahead)

    async def close(self) -> None:
        await self._anchor.close()

    def _begin_next(self, ranges: Iterator[PieceRange], chunk_bytes: int) -> asyncio.Task[_Begun] | None:
        following = next(ranges, None)
        return None if following is None else asyncio.ensure_future(self._begin(following, chunk_bytes))

    async def _begin(self, wanted: PieceRange, chunk_bytes: int) -> _Begun:
        piece, offset, length = wanted
        if not piece.file:
            data = await inline(self._database, piece)
            return _Begun([data[offset : offset + length]])
        blob = await self._blobs.open(piece.file)
        try:
            if blob.size_bytes != piece.size_bytes:
                raise EOFError(f"the file of a part has {blob.size_bytes} of {piece.size_bytes} bytes")
            following = blob.chunks(offset, length, chunk_bytes)
            if wanted.is_whole:
                following = checked(following, length, piece.checksums)
            return _Begun([await anext(following)], following, blob)
        except BaseException:
            await blob.close()
            raise


async def inline(database: Database, piece: Piece) -> bytes:
    """The bytes of a part without a file. Raises FileNotFoundError where they are missing, DigestDiffers."""
    data = await store.inline_bytes(database, piece.id) if piece.size_bytes else b""
    if data is None:
        raise FileNotFoundError(f"the bytes of the part {piece.id} are missing")
    check(data, piece.checksums)
    return data


async def _give_up(ahead: asyncio.Task[_Begun]) -> None:
    ahead.cancel()
    (outcome,) = await asyncio.gather(ahead, return_exceptions=True)
    if isinstance(outcome, _Begun):
        await outcome.close()
