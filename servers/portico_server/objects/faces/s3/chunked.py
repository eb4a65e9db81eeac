"""Bodies in chunks (aws-chunked): what SDKs send when they do not know a body's digest or checksum before they send it.

    SIZE;chunk-signature=SIGNATURE          in hexadecimal; no signature where chunks are not signed
    BYTES                                   … and so on; the last chunk has none
    x-amz-checksum-crc32c:VALUE             the trailers, if the request announces any
    x-amz-trailer-signature:SIGNATURE       of them, where chunks are signed

No byte of a signed chunk is handed on before its signature was verified. Source: see `chunk_signatures`.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator
from concurrent.futures import Executor

from portico_server.objects.faces.s3.chunk_reader import ChunkReader, incomplete, malformed_chunk
from portico_server.objects.faces.s3.chunk_signatures import ChunkSignatures
from portico_server.objects.faces.s3.signing_errors import invalid
from portico_server.platform.errors import ApiError

MOST_SIGNED_BYTES = 16 * 1024 * 1024
"""Of a signed chunk: it is held until its signature is known to be good."""
ON_LOOP_BYTES = 128 * 1024
"""More than this is hashed in a thread: it would hold the event loop for more than 200 us."""
MOST_TRAILERS = 16
_MOST_EMPTY_LINES = 4
_SIZE = re.compile(rb"[0-9a-fA-F]{1,16}")
_EXTENSION = b"chunk-signature="
_TRAILER_SIGNATURE = "x-amz-trailer-signature"


class Chunked:
    """A body without its chunks. `signatures`: None where they are not signed; `announced`: the trailers' names, lower
    case. `trailers` are there when the body has ended."""

    def __init__(
        self,
        parts: AsyncIterator[bytes],
        size_bytes: int,
        signatures: ChunkSignatures | None,
        announced: frozenset[str],
        hashing: Executor,
    ) -> None:
        """`size_bytes`: how many there must be, without what chunks add."""
        self._reader = ChunkReader(parts)
        self._size_bytes = size_bytes
        self._signatures = signatures
        self._announced = announced
        self._hashing = hashing
        self.trailers: dict[str, str] = {}

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Once. Raises ApiError, and then what was handed on before must not be kept."""
        come_bytes = 0
        while True:
            size_bytes, signature = await self._head()
            come_bytes += size_bytes
            if come_bytes > self._size_bytes:
                raise incomplete(f"more than the {self._size_bytes} bytes came that x-amz-decoded-content-length says")
            chunk = self._bytes(size_bytes) if self._signatures is None else self._verified(size_bytes, signature)
            async for piece in chunk:
                given = [piece]
                del piece  # nothing is held here while the caller waits for the disk
                yield given.pop()
            if size_bytes == 0:
                break
            if await self._reader.line() != b"":
                raise malformed_chunk("behind a chunk there is no line break")
        if come_bytes != self._size_bytes:
            raise incomplete(f"{come_bytes} bytes came where x-amz-decoded-content-length says {self._size_bytes}")
        await self._end()

    async def _head(self) -> tuple[int, str]:
        """A chunk's size and signature."""
        line = await self._reader.line()
        if line is None:
            raise incomplete("the body ended before its last chunk")
        digits, _, extension = line.partition(b";")
        if not _SIZE.fullmatch(digits):
            raise malformed_chunk("a chunk does not begin with its size in hexadecimal")
        size_bytes = int(digits, 16)
        if self._signatures is None:
            return size_bytes, ""
        if not extension.startswith(_EXTENSION):
            raise malformed_chunk("a chunk has no chunk-signature")
        if size_bytes > MOST_SIGNED_BYTES:
            raise invalid(
                "INVALID_CHUNK_SIZE_ERROR",
                f"a signed chunk may have at most {MOST_SIGNED_BYTES} bytes; send smaller ones",
            )
        return size_bytes, extension[len(_EXTENSION) :].decode("latin-1")

    async def _bytes(self, size_bytes: int) -> AsyncIterator[bytes]:
        """Of a chunk, as they come."""
        while size_bytes:
            piece = [await self._reader.some(size_bytes)]
            if not piece[0]:
                raise incomplete("the body ended in the middle of a chunk")
            size_bytes -= len(piece[0])
            yield piece.pop()

    async def _verified(self, size_bytes: int, signature: str) -> AsyncIterator[bytes]:
        """Of a signed chunk, once its signature is known to be good."""
        assert self._signatures is not None
        pieces = [piece async for piece in self._bytes(size_bytes)]
        if size_bytes <= ON_LOOP_BYTES:
            digest = _digest(pieces)
        else:
            digest = await asyncio.get_running_loop().run_in_executor(self._hashing, _digest, pieces)
        self._signatures.check_chunk(signature, digest)
        pieces.reverse()
        while pieces:
            yield pieces.pop()

    async def _end(self) -> None:
        """Reads what stands behind the last chunk."""
        lines = await self._lines()
        given = dict(lines)
        signature = given.pop(_TRAILER_SIGNATURE, "")
        if given.keys() != self._announced or len(given) + bool(signature) != len(lines):
            raise _malformed_trailers("they must be those that x-amz-trailer names, once each")
        if self._signatures is not None and given:
            text = "".join(f"{name}:{value}\n" for name, value in lines if name != _TRAILER_SIGNATURE)
            self._signatures.check_trailers(signature, text.encode("latin-1"))
        self.trailers = given

    async def _lines(self) -> list[tuple[str, str]]:
        """Names and values up to the body's end. Empty lines between them, and several at the end, are how some clients
        write them."""
        found: list[tuple[str, str]] = []
        empty_lines = 0
        while (line := await self._reader.line()) is not None:
            name, separator, value = line.decode("latin-1").partition(":")
            if separator:
                found.append((name.strip().lower(), value.strip()))
            else:
                empty_lines += 1
            if (line and not separator) or empty_lines > _MOST_EMPTY_LINES or len(found) > MOST_TRAILERS:
                raise _malformed_trailers("they must be lines of name and value, and few")
        return found


def _digest(pieces: list[bytes]) -> str:
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(piece)
    return digest.hexdigest()


def _malformed_trailers(message: str) -> ApiError:
    return invalid("MALFORMED_TRAILER_ERROR", f"the trailing headers are not as announced: {message}")
