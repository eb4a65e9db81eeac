"""Parts whose bytes are those of an object, or a range of it."""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import dataclass

from portico_server.objects import errors
from portico_server.objects.content import checksums
from portico_server.objects.content.damage import LOST, damaged_by
from portico_server.objects.content.incoming import Announced, Content
from portico_server.objects.records import Part, Upload, Version
from portico_server.objects.uploads.comparing import Compared
from portico_server.objects.uploads.composing import MAX_PART_BYTES
from portico_server.objects.uploads.uploads import Uploads
from portico_server.objects.versions.bringing import pieces_of
from portico_server.objects.versions.reading import Reader, Reading, Wanted
from portico_server.platform.blobs import Blobs


@dataclass(frozen=True, slots=True)
class CopiedPart:
    """A part, and the version that it was copied from."""

    part: Part
    source: Version


class PartCopying:
    """Copies parts of all uploads."""

    def __init__(self, uploads: Uploads, reader: Reader, blobs: Blobs) -> None:
        self._uploads = uploads
        self._reader = reader
        self._blobs = blobs
        self._compared = Compared()

    async def copy(self, upload: Upload, number: int, source: Wanted) -> CopiedPart:
        """Raises what `Reader.open` raises about the source, and what `Uploads.put_part` raises."""
        reading = await self._reader.open(source)
        try:
            if reading.range.length < source.limit:
                raise errors.InvalidRange(
                    f"the range of {source.limit} bytes goes beyond the source's end: it has "
                    f"{reading.version.size_bytes} bytes",
                    resource=str(source.name),
                    size_bytes=str(reading.version.size_bytes),
                )
            if reading.range.length > MAX_PART_BYTES:
                raise errors.PartTooLarge(
                    f"the range has {reading.range.length} bytes; a part may have at most {MAX_PART_BYTES}",
                    field="source_limit_bytes",
                    resource=str(source.name),
                )
            content = await self._linked(upload, reading) or await self._read(upload, reading)
        except LOST as error:
            raise damaged_by(error, source.name, source.version_id) from None
        finally:
            await reading.close()
        return CopiedPart(await self._uploads.keep_part(upload, number, content), reading.version)

    async def _linked(self, upload: Upload, reading: Reading) -> Content | None:
        """The whole of a blob whose digests are known, without reading it; None where it is no such."""
        version = reading.version
        if reading.blob is None or version.list_id or reading.range.length != version.size_bytes:
            return None
        known = checksums.unpack(version.checksums)
        if not {"md5", upload.algorithm} <= known.keys():
            return None
        try:
            file = await self._blobs.copy(version.file, await self._uploads.store_of(upload))
        except FileNotFoundError:  # deleted since, but still open
            return None
        return Content(version.size_bytes, known, file=file)

    async def _read(self, upload: Upload, reading: Reading) -> Content:
        await self._compared.compare(reading)
        async with aclosing(pieces_of(reading)) as pieces:
            return await self._uploads.receive(upload, pieces, Announced(algorithms=(upload.algorithm,)))
