"""Further digests of bytes that are stored already, made in threads."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import Executor
from contextlib import aclosing

from portico.objects.v1 import objects_pb2
from portico_server.objects.content.checked import checked
from portico_server.objects.content.checksums import Digests, Hasher
from portico_server.objects.content.ranges import ByteRange
from portico_server.objects.records import Version
from portico_server.objects.versions.reading import Reader
from portico_server.platform.blobs import Blob, Blobs

_PIECE_BYTES = 1 << 20
_OF_PARTS = ("crc64nvme",)
"""What an object of parts has if nothing else was asked for."""


class Rehasher:
    """Reads stored bytes again. `hashing` are the threads that hash what is not small."""

    def __init__(self, blobs: Blobs, reader: Reader, hashing: Executor) -> None:
        self._blobs = blobs
        self._reader = reader
        self._hashing = hashing

    async def completed(self, version: Version, algorithms: Sequence[str], data: bytes) -> bytes:
        """A version's digests, packed, with those of the algorithms too. `data` are its inline bytes. Those that are
        made of its parts' digests go where others are wanted: all of a version are of one type.

        Raises `damage.LOST`.
        """
        message = objects_pb2.Checksums.FromString(version.checksums)
        if algorithms and message.type == objects_pb2.CHECKSUM_TYPE_COMPOSITE:
            message = objects_pb2.Checksums(type=objects_pb2.CHECKSUM_TYPE_FULL_OBJECT)
            algorithms = list(dict.fromkeys((*algorithms, *_OF_PARTS)))
        missing = [name for name in algorithms if not getattr(message, name)]
        if not missing:
            return version.checksums
        for name, digest in (await self._digests(missing, version, data)).items():
            setattr(message, name, digest)
        return message.SerializeToString()

    async def _digests(self, algorithms: Sequence[str], version: Version, data: bytes) -> Digests:
        hasher = Hasher(algorithms)
        blob: Blob | None = None
        if version.list_id:
            reading = await self._reader.open_parts(version, ByteRange(0, version.size_bytes))
            blob, data = reading.blob, reading.data
        elif version.file:
            blob = await self._blobs.open(version.file)
        if blob is None:
            hasher.update(data)
            return hasher.digests()
        loop = asyncio.get_running_loop()
        try:
            chunks = blob.chunks(0, version.size_bytes, _PIECE_BYTES)
            if not version.list_id:  # parts are compared one by one
                chunks = checked(chunks, version.size_bytes, version.checksums)
            async with aclosing(chunks):
                async for chunk in chunks:
                    await loop.run_in_executor(self._hashing, hasher.update, chunk)
        finally:
            await blob.close()
        return hasher.digests()
