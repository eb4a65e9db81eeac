"""Further digests of bytes that are stored already, made in threads."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import Executor
from contextlib import aclosing

from portico.objects.v1 import objects_pb2
from portico_server.objects.checksums import Digests, Hasher
from portico_server.objects.records import Version
from portico_server.platform.blobs import Blobs

_PIECE_BYTES = 1 << 20


class Rehasher:
    """Reads stored bytes again. `hashing` are the threads that hash what is not small."""

    def __init__(self, blobs: Blobs, hashing: Executor) -> None:
        self._blobs = blobs
        self._hashing = hashing

    async def completed(self, version: Version, algorithms: Sequence[str], data: bytes) -> bytes:
        """A version's digests, packed, with those of the algorithms too; of a multipart object no further ones.
        `data` are its inline bytes.

        Raises FileNotFoundError, and EOFError where its blob is cut short.
        """
        message = objects_pb2.Checksums.FromString(version.checksums)
        missing = [name for name in algorithms if not getattr(message, name)]
        if not missing or version.list_id:
            return version.checksums
        for name, digest in (await self._digests(missing, version, data)).items():
            setattr(message, name, digest)
        return message.SerializeToString()

    async def _digests(self, algorithms: Sequence[str], version: Version, data: bytes) -> Digests:
        hasher = Hasher(algorithms)
        if not version.file:
            hasher.update(data)
            return hasher.digests()
        loop = asyncio.get_running_loop()
        blob = await self._blobs.open(version.file)
        try:
            async with aclosing(blob.chunks(0, version.size_bytes, _PIECE_BYTES)) as chunks:
                async for chunk in chunks:
                    await loop.run_in_executor(self._hashing, hasher.update, chunk)
        finally:
            await blob.close()
        return hasher.digests()
