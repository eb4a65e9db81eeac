"""The body of a request as whoever stores it reads it: without chunks, and held to what was signed of it."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Mapping, Sequence
from concurrent.futures import Executor

from portico_server.objects.faces.s3.chunk_reader import malformed_chunk
from portico_server.objects.faces.s3.chunk_signatures import ChunkSignatures
from portico_server.objects.faces.s3.chunked import ON_LOOP_BYTES, Chunked
from portico_server.objects.faces.s3.payload import NOT_SIGNED, digest_mismatch, payload_of
from portico_server.objects.faces.s3.signing_errors import invalid
from portico_server.objects.faces.s3.sigv4 import Signed

_PIECE_BYTES = 1 << 20
"""What is handed to the threads at once: large enough that the hop does not count."""


class Body:
    """Its bytes, read once. What raises at the end has come for nothing: only when the iteration has ended is the body
    the one that was signed.

    `size_bytes`: how many there will be, if that was announced. `trailers`: what was sent behind them (checksums), by
    name in lower case; there when all has been read.
    """

    def __init__(self, parts: AsyncIterator[bytes], size_bytes: int | None, chunked: Chunked | None = None) -> None:
        self._parts = parts
        self._chunked = chunked
        self.size_bytes = size_bytes

    def __aiter__(self) -> AsyncIterator[bytes]:
        """Raises ApiError (INVALID_ARGUMENT: `INCOMPLETE_BODY`, `INVALID_CHUNK`, `X_AMZ_CONTENT_SHA256_MISMATCH`,
        `MALFORMED_TRAILER_ERROR`…; UNAUTHENTICATED: `SIGNATURE_DOES_NOT_MATCH`)."""
        return self._parts

    @property
    def trailers(self) -> Mapping[str, str]:
        return self._chunked.trailers if self._chunked is not None else {}


def body_of(
    parts: AsyncIterator[bytes], headers: Sequence[tuple[bytes, bytes]], signed: Signed | None, hashing: Executor
) -> Body:
    """Of a request that came with these headers. `signed`: None for one that nobody signed. Raises ApiError."""
    found = dict(headers)
    payload = signed.payload if signed else payload_of(found.get(b"x-amz-content-sha256", NOT_SIGNED.text).strip())
    if payload.chunked:
        if payload.signed and signed is None:
            raise malformed_chunk("its chunks are signed, but the request is not")
        size_bytes = _size(found, b"x-amz-decoded-content-length")
        if size_bytes is None:
            raise invalid("MISSING_CONTENT_LENGTH", "a body in chunks needs the header x-amz-decoded-content-length")
        signatures = ChunkSignatures(signed) if payload.signed and signed else None
        announced = _names(found.get(b"x-amz-trailer", b"")) if payload.trailer else frozenset[str]()
        chunked = Chunked(parts, size_bytes, signatures, announced, hashing)
        return Body(aiter(chunked), size_bytes, chunked)
    if payload.sha256 is not None:
        parts = _hashed(parts, payload.sha256, hashing)
    return Body(parts, _size(found, b"content-length"))


async def _hashed(parts: AsyncIterator[bytes], expected: bytes, hashing: Executor) -> AsyncIterator[bytes]:
    """The parts, hashed on the way while the next ones come; compared when they have ended."""
    digest, loop = hashlib.sha256(), asyncio.get_running_loop()
    held: list[bytes] = []
    held_bytes = 0
    working: asyncio.Future[None] | None = None
    async for part in parts:
        held.append(part)
        held_bytes += len(part)
        if held_bytes >= _PIECE_BYTES:
            if working is not None:
                await working
            working = loop.run_in_executor(hashing, _update, digest, held)
            held, held_bytes = [], 0
        yield part
    if working is not None:
        await working
    if held_bytes > ON_LOOP_BYTES:
        await loop.run_in_executor(hashing, _update, digest, held)
    else:
        _update(digest, held)
    if digest.digest() != expected:
        raise digest_mismatch(expected, digest.digest())


def _update(digest: hashlib._Hash, parts: list[bytes]) -> None:
    for part in parts:
        digest.update(part)


def _size(headers: Mapping[bytes, bytes], name: bytes) -> int | None:
    text = headers.get(name)
    if text is None:
        return None
    if not text.isdigit() or len(text) > 19:
        raise invalid("INVALID_ARGUMENT", f"{name.decode()} must be a whole number", argument_name=name.decode())
    return int(text)


def _names(text: bytes) -> frozenset[str]:
    return frozenset(name.strip().lower() for name in text.decode("latin-1").split(",") if name.strip())
