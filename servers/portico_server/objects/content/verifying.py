"""A version's stored bytes read again, and compared with every digest that is known of them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor
from contextlib import aclosing
from typing import NamedTuple

from portico.objects.v1 import buckets_pb2
from portico_server.objects.content.checksums import Hasher, unpack
from portico_server.objects.records import Part, Version
from portico_server.objects.store import parts as part_store
from portico_server.objects.store import versions as store
from portico_server.platform.blobs import Blobs
from portico_server.platform.database import Database, StorageFailed

MISSING = buckets_pb2.DAMAGE_MISSING
LENGTH = buckets_pb2.DAMAGE_LENGTH
DIGEST = buckets_pb2.DAMAGE_DIGEST
UNREADABLE = buckets_pb2.DAMAGE_UNREADABLE

_PIECE_BYTES = 1 << 20

Read = Callable[[int], Awaitable[None]]
"""Told of each number of bytes that were read, before more are: it counts them, and pauses as it likes."""


class Damage(NamedTuple):
    """What is wrong, as the contract's `Damage` numbers it, and for people."""

    kind: buckets_pb2.Damage
    detail: str


class Verifier:
    """Reads and compares. `hashing` are the threads that hash."""

    def __init__(self, database: Database, blobs: Blobs, hashing: Executor) -> None:
        self._database = database
        self._blobs = blobs
        self._hashing = hashing

    async def damage(self, bucket: str, version: Version, read: Read) -> Damage | None:
        """What is wrong with a version that was listed a while ago; nothing is with one that was deleted since.

        Raises what the database does, and TooManyOpenFiles.
        """
        look = self._damage_of_parts if version.list_id else self._damage_of_whole
        found = await look(version, read)
        return found if found is not None and await self.is_there(bucket, version) else None

    async def is_there(self, bucket: str, version: Version) -> bool:
        """Whether the version has still the bytes that it had: their file is removed only when no row names it."""
        found = await store.get(self._database, bucket, version.key, version.version_id)
        return found is not None and (found[0].id, found[0].file) == (version.id, version.file)

    async def _damage_of_whole(self, version: Version, read: Read) -> Damage | None:
        whole = Part(0, version.id, version.etag, version.size_bytes, 0, version.file, version.checksums)
        return await self._damage_of_piece(whole, read)

    async def _damage_of_parts(self, version: Version, read: Read) -> Damage | None:
        """The digest of the whole was made of those of the parts, so theirs are enough."""
        size_bytes = 0
        async for page in part_store.pages(self._database, version.list_id):
            for part in page:
                size_bytes += part.size_bytes
                if (found := await self._damage_of_piece(part, read)) is not None:
                    return Damage(found.kind, f"part {part.number}: {found.detail}")
        if size_bytes != version.size_bytes:
            return Damage(MISSING, f"its parts have {size_bytes} of {version.size_bytes} bytes")
        return None

    async def _damage_of_piece(self, piece: Part, read: Read) -> Damage | None:
        known = unpack(piece.checksums) or {"md5": bytes.fromhex(piece.etag)}
        hasher = Hasher(known)
        try:
            if piece.file:
                await self._hash_file(piece, hasher, read)
            elif piece.size_bytes:
                await self._hash_inline(piece, hasher, read)
        except FileNotFoundError:
            return Damage(MISSING, "its bytes are not there")
        except EOFError as error:
            return Damage(LENGTH, str(error))
        except (OSError, StorageFailed) as error:
            return Damage(UNREADABLE, f"its bytes cannot be read: {error}"[:200])
        wrong = [name for name, digest in hasher.digests().items() if digest != known[name]]
        return Damage(DIGEST, f"another {', '.join(wrong)} than was stored") if wrong else None

    async def _hash_file(self, piece: Part, hasher: Hasher, read: Read) -> None:
        blob = await self._blobs.open(piece.file)
        try:
            _check_length(blob.size_bytes, piece.size_bytes)
            async with aclosing(blob.chunks(0, piece.size_bytes, _PIECE_BYTES)) as chunks:
                async for chunk in chunks:
                    await self._hash(hasher, chunk, read)
        finally:
            await blob.close()

    async def _hash_inline(self, piece: Part, hasher: Hasher, read: Read) -> None:
        data = await part_store.inline_bytes(self._database, piece.id)
        if data is None:
            raise FileNotFoundError(f"the inline bytes {piece.id} are missing")
        _check_length(len(data), piece.size_bytes)
        await self._hash(hasher, data, read)

    async def _hash(self, hasher: Hasher, data: bytes, read: Read) -> None:
        await asyncio.get_running_loop().run_in_executor(self._hashing, hasher.update, data)
        await read(len(data))


def _check_length(found: int, wanted: int) -> None:
    if found != wanted:
        raise EOFError(f"it has {found} of {wanted} bytes")
