"""Bodies in chunks, as clients write them; signed by the rules of `published`, by hand."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections.abc import AsyncIterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from portico_server.objects.faces.s3.body import Body, body_of
from portico_server.objects.faces.s3.sigv4 import Signed

_EMPTY = hashlib.sha256().hexdigest()


async def read(
    encoded: bytes,
    headers: Mapping[str, str],
    signed: Signed | None,
    *,
    part_bytes: int = 1 << 16,
    pieces: list[bytes] | None = None,
) -> tuple[list[bytes], Body]:
    """What comes out of it, sent in parts of that size; `pieces` is filled with it. Raises ApiError."""
    pieces = [] if pieces is None else pieces
    with ThreadPoolExecutor(1) as hashing:
        pairs = [(name.encode(), value.encode()) for name, value in headers.items()]
        body = body_of(_parts(encoded, part_bytes), pairs, signed, hashing)
        async for piece in body:
            pieces.append(piece)
        return pieces, body


async def _parts(encoded: bytes, part_bytes: int) -> AsyncIterator[bytes]:
    for at in range(0, len(encoded), part_bytes):
        await asyncio.sleep(0)
        yield encoded[at : at + part_bytes]


def unsigned(chunks: Sequence[bytes], trailers: Mapping[str, str]) -> bytes:
    """The last chunk comes by itself."""
    lines = "".join(f"{name}:{value}\r\n" for name, value in trailers.items())
    return b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\n" + lines.encode() + b"\r\n"


def with_signatures(signed: Signed, chunks: Sequence[bytes], trailers: Mapping[str, str] | None = None) -> bytes:
    """The last chunk comes by itself."""
    last, encoded = signed.claims.signature, b""
    scope = f"{signed.claims.signed_at}\n{signed.claims.scope.text}"
    for chunk in (*chunks, b""):
        digest = hashlib.sha256(chunk).hexdigest()
        last = _signature(signed, f"AWS4-HMAC-SHA256-PAYLOAD\n{scope}\n{last}\n{_EMPTY}\n{digest}")
        encoded += b"%x;chunk-signature=%b\r\n%b" % (len(chunk), last.encode(), chunk + b"\r\n" if chunk else b"")
    if trailers:
        lines = "".join(f"{name}:{value}\n" for name, value in trailers.items())
        digest = hashlib.sha256(lines.encode()).hexdigest()
        last = _signature(signed, f"AWS4-HMAC-SHA256-TRAILER\n{scope}\n{last}\n{digest}")
        encoded += lines.replace("\n", "\r\n").encode() + f"x-amz-trailer-signature:{last}\r\n".encode()
    return encoded + b"\r\n"


def _signature(signed: Signed, text: str) -> str:
    return hmac.new(signed.signing_key.secret, text.encode(), hashlib.sha256).hexdigest()
