"""Compressed messages: the encodings that are spoken, bounds, and work that takes long done off the event loop.

Source: "gRPC over HTTP2" and "Compression" in gRPC's documentation; `deflate` is zlib's format (RFC 1950), `gzip` is
RFC 1952.
"""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Mapping

import grpc

from portico_server.host.adapter.frames import too_large
from portico_server.platform.errors import ApiError

ACCEPTED = b"identity,deflate,gzip"
"""Value of `grpc-accept-encoding`."""

_WINDOW_BITS: Mapping[bytes, int] = {b"gzip": 16 + zlib.MAX_WBITS, b"deflate": zlib.MAX_WBITS}
_NAMES = {grpc.Compression.Gzip: b"gzip", grpc.Compression.Deflate: b"deflate"}
_LEVEL = 6  # zlib's own default, and that of other gRPC implementations
_INLINE_BYTES = 64 * 1024  # about 0.2 ms of zlib; more goes to a thread, which zlib lets run beside the loop


def request_encoding(headers: Mapping[bytes, bytes]) -> bytes:
    """The encoding that a request's compressed messages have, empty for none. Raises ApiError if it is not spoken."""
    encoding = headers.get(b"grpc-encoding", b"identity")
    if encoding == b"identity":
        return b""
    if encoding not in _WINDOW_BITS:
        name = encoding.decode("latin-1")
        raise ApiError(
            grpc.StatusCode.UNIMPLEMENTED,
            "ENCODING_UNKNOWN",
            f"messages in the encoding {name[:64]!r} cannot be read; use one of {ACCEPTED.decode()}",
        )
    return encoding


def response_encoding(wanted: grpc.Compression, headers: Mapping[bytes, bytes]) -> bytes:
    """The encoding for responses that a servicer wants compressed, empty where the client does not accept it."""
    name = _NAMES.get(wanted, b"")
    accepted = headers.get(b"grpc-accept-encoding", b"").split(b",")
    return name if name in (entry.strip() for entry in accepted) else b""


async def decompress(payload: bytes, encoding: bytes, limit: int) -> bytes:
    """The message in a compressed payload. Raises ApiError for broken ones and those of more than `limit` bytes."""
    if not encoding:
        raise ApiError(
            grpc.StatusCode.INTERNAL,
            "ENCODING_MISSING",
            "a message is marked as compressed, but the request has no grpc-encoding header that says how",
        )
    inflator = zlib.decompressobj(_WINDOW_BITS[encoding])
    try:
        inline = min(_INLINE_BYTES, limit + 1)
        message = inflator.decompress(payload, inline)
        if not inflator.eof and len(message) == inline <= limit:
            message += await asyncio.to_thread(inflator.decompress, inflator.unconsumed_tail, limit + 1 - inline)
    except zlib.error as error:
        raise _broken(encoding) from error
    if len(message) > limit:
        raise too_large(len(message), limit)
    if not inflator.eof or inflator.unused_data:
        raise _broken(encoding)
    return message


async def compress(message: bytes, encoding: bytes) -> bytes:
    """The message in an encoding that `response_encoding` gave."""
    if len(message) > _INLINE_BYTES:
        return await asyncio.to_thread(zlib.compress, message, _LEVEL, _WINDOW_BITS[encoding])
    return zlib.compress(message, _LEVEL, _WINDOW_BITS[encoding])


def _broken(encoding: bytes) -> ApiError:
    return ApiError(
        grpc.StatusCode.INTERNAL, "ENCODING_BROKEN", f"a message is marked as {encoding.decode()}, and is not"
    )
