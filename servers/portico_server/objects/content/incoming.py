"""The bytes of an upload on their way in: counted, hashed, compared, and written to a file once they are many."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from concurrent.futures import Executor
from types import MappingProxyType
from typing import NamedTuple

from portico_server.objects.content import checksums
from portico_server.objects.content.checksums import Digests, Hasher
from portico_server.objects.content.placing import Placing
from portico_server.objects.errors import BadDigest, ObjectTooLarge, PartTooLarge
from portico_server.objects.records import Bucket
from portico_server.platform.blobs import Blobs, BlobWriter

INLINE_BYTES = 16 * 1024
"""Objects up to this size are stored beside their metadata: one commit instead of a file with two syncs of its own."""
MAX_OBJECT_BYTES = 5_497_558_138_880
"""5 TiB less 1/8 %, as R2 has it: 4.995 TiB, rounded up to the contract's bound."""
_PIECE_BYTES, _SMALL_PIECE_BYTES = 1 << 20, 1 << 17
"""What is handed to the threads at once: large enough that the hop does not count, smaller where many come at once."""
_MOST_PARTS = 12
"""Of a piece. Each costs the threads two turns at the interpreter, and to join them costs the event loop a copy."""
_ALL_PIECES_BYTES = 8 << 20
"""What the pieces of all uploads come to at once, up to 64 of them: so memory hardly grows with their number."""
_AHEAD_UPLOADS = 8
"""So many at once gather the next piece while one is written and hashed; with more of them the others' work fills that
time, and each would hold twice as much."""


class Announced(NamedTuple):
    """What the caller said of the bytes to come. `size_bytes` None: nothing.

    `digests` they must have, and when they have come `late` answers further ones, which were not known before;
    `algorithms` are to be made and kept besides. `content_sha256` they must have too, and it is not kept.
    """

    size_bytes: int | None = None
    digests: Digests = MappingProxyType({})
    algorithms: tuple[str, ...] = ()
    content_sha256: bytes = b""
    late: Callable[[], Digests] = dict

    @property
    def kept(self) -> tuple[str, ...]:
        """The digests to make and keep."""
        return (*checksums.ALWAYS, *self.digests, *self.algorithms)

    @property
    def made(self) -> tuple[str, ...]:
        """Those to make."""
        return (*self.kept, "sha256") if self.content_sha256 else self.kept


class Content(NamedTuple):
    """Bytes that came whole and as announced: small ones in `data`, others in the durable blob `file`."""

    size_bytes: int
    digests: Digests
    data: bytes = b""
    file: str = ""


class Receiver:
    """Takes uploads in. `hashing` are the threads that hash what is not small."""

    def __init__(self, blobs: Blobs, placing: Placing, hashing: Executor) -> None:
        self._blobs = blobs
        self._placing = placing
        self._hashing = hashing
        self._receiving = 0

    async def receive(
        self,
        parts: AsyncIterator[bytes],
        announced: Announced,
        resource: object,
        bucket: Callable[[], Awaitable[Bucket]],
        max_bytes: int = MAX_OBJECT_BYTES,
    ) -> Content:
        """Reads the parts to their end. `bucket` answers whose they are to be, and is called before they are written to
        a file; it may refuse.

        Raises BadDigest, ObjectTooLarge, StorageFull, JurisdictionUnavailable, and for more than `max_bytes`
        PartTooLarge; then, and when the parts break off, nothing is left behind.
        """
        small: list[bytes] = []
        size_bytes = 0
        async for part in parts:
            small.append(part)
            size_bytes += len(part)
            del part
            if size_bytes > INLINE_BYTES:
                store = self._placing.store_for(await bucket())
                return await self._to_file(store, small, parts, announced, resource, max_bytes)
        data = b"".join(small)
        hasher = Hasher(announced.made)
        hasher.update(data)
        digests = _checked(hasher, announced, resource)
        if data and self._placing.restricts and not self._placing.is_inline(found := await bucket()):
            return Content(size_bytes, digests, file=await self.keep(data, self._placing.store_for(found)))
        return Content(size_bytes, digests, data)

    async def keep(self, data: bytes, store: str) -> str:
        """The blob with small bytes that must not be inline."""
        writer = await self._blobs.create(store)
        try:
            await writer.write(data)
            await writer.commit()
        except BaseException:
            await writer.discard()
            raise
        return writer.blob_id

    async def _to_file(
        self,
        store: str,
        first: list[bytes],
        parts: AsyncIterator[bytes],
        announced: Announced,
        resource: object,
        max_bytes: int,
    ) -> Content:
        hasher = Hasher(announced.made)
        writer = await self._blobs.create(store)
        working: asyncio.Task[None] | None = None
        self._receiving += 1
        try:
            received_bytes = 0
            async for piece in self._pieces(first, parts):
                received_bytes += sum(map(len, piece))
                _check_size(received_bytes, announced, resource, max_bytes)
                if working is not None:
                    await working
                working = asyncio.ensure_future(self._take(piece, writer, hasher))
                del piece  # held by that alone
                if self._receiving > _AHEAD_UPLOADS:
                    await working
            if working is not None:
                await working
            digests = _checked(hasher, announced, resource)
            await writer.commit()
        except BaseException:
            if working is not None:
                working.cancel()
                await asyncio.gather(working, return_exceptions=True)  # what ended the upload is told, not this
            await writer.discard()
            raise
        finally:
            self._receiving -= 1
        return Content(hasher.size_bytes, digests, file=writer.blob_id)

    async def _take(self, piece: Sequence[bytes], writer: BlobWriter, hasher: Hasher) -> None:
        """Writes and hashes at the same time, while the next piece is on its way."""
        hashed = asyncio.get_running_loop().run_in_executor(self._hashing, hasher.update_all, piece)
        await asyncio.gather(writer.write(*piece), hashed)

    async def _pieces(self, held: list[bytes], parts: AsyncIterator[bytes]) -> AsyncIterator[Sequence[bytes]]:
        """The parts in pieces, behind those that are held."""
        held_bytes = sum(map(len, held))
        async for part in parts:
            held.append(part)
            held_bytes += len(part)
            del part
            if held_bytes >= max(_SMALL_PIECE_BYTES, min(_PIECE_BYTES, _ALL_PIECES_BYTES // self._receiving)):
                held_bytes = 0
                yield _piece(held)
        if held:
            yield _piece(held)


def _piece(held: list[bytes]) -> Sequence[bytes]:
    """The parts, which are not held any more; as one where they are small."""
    piece = tuple(held) if len(held) <= _MOST_PARTS else (b"".join(held),)
    held.clear()
    return piece


def _check_size(received_bytes: int, announced: Announced, resource: object, max_bytes: int) -> None:
    if received_bytes > MAX_OBJECT_BYTES:
        raise ObjectTooLarge(f"an object may have at most {MAX_OBJECT_BYTES} bytes", resource=str(resource))
    if received_bytes > max_bytes:
        raise PartTooLarge(f"a part may have at most {max_bytes} bytes", resource=str(resource))
    if announced.size_bytes is not None and received_bytes > announced.size_bytes:
        raise _wrong_size(f"more than {announced.size_bytes}", announced.size_bytes, resource)


def _checked(hasher: Hasher, announced: Announced, resource: object) -> Digests:
    if announced.size_bytes is not None and hasher.size_bytes != announced.size_bytes:
        raise _wrong_size(str(hasher.size_bytes), announced.size_bytes, resource)
    digests = hasher.digests()
    checksums.check(announced.digests, digests, resource)
    checksums.check(announced.late(), digests, resource)
    if not announced.content_sha256:
        return digests
    checksums.check_content(announced.content_sha256, digests, resource)
    return {name: digests[name] for name in announced.kept}


def _wrong_size(came: str, announced: int, resource: object) -> BadDigest:
    message = f"{came} bytes came where size_bytes says {announced}; nothing was stored"
    return BadDigest(message, field="size_bytes", resource=str(resource))
