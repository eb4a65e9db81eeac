"""What `x-amz-content-sha256` says of a body: its digest, that nobody signed it, or that it comes in chunks.

Source: Amazon S3 API Reference, "Authenticating Requests: Using the Authorization Header", "Signature Calculations for
the Authorization Header: Transferring a Payload in Multiple Chunks", and the same "… Including Trailing Headers".
"""

from __future__ import annotations

import hashlib
import re
from typing import NamedTuple

from portico_server.objects.faces.s3.signing_errors import invalid
from portico_server.platform.errors import ApiError

UNSIGNED = b"UNSIGNED-PAYLOAD"


class Payload(NamedTuple):
    """`text` is what stood in the header, and is signed. `sha256`: the digest that the body must have; None: none is
    known before. `chunked`: it comes as aws-chunked, `signed` chunk by chunk or not, and behind the last chunk come
    headers if `trailer`."""

    text: bytes
    sha256: bytes | None = None
    chunked: bool = False
    signed: bool = False
    trailer: bool = False


NOT_SIGNED = Payload(UNSIGNED)
_NOTHING = hashlib.sha256()
EMPTY = Payload(_NOTHING.hexdigest().encode(), sha256=_NOTHING.digest())

_KINDS = {
    kind.text: kind
    for kind in (
        NOT_SIGNED,
        Payload(b"STREAMING-AWS4-HMAC-SHA256-PAYLOAD", chunked=True, signed=True),
        Payload(b"STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER", chunked=True, signed=True, trailer=True),
        Payload(b"STREAMING-UNSIGNED-PAYLOAD-TRAILER", chunked=True, trailer=True),
    )
}
_DIGEST = re.compile(rb"[0-9a-fA-F]{64}")


def payload_of(text: bytes) -> Payload:
    """Of a header's value. Raises ApiError."""
    kind = _KINDS.get(text)
    if kind is not None:
        return kind
    if _DIGEST.fullmatch(text):
        return Payload(text, sha256=bytes.fromhex(text.decode()))
    raise invalid(
        "INVALID_ARGUMENT",
        "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, "
        "STREAMING-AWS4-HMAC-SHA256-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER or the SHA-256 of the body "
        "in hexadecimal",
        argument_name="x-amz-content-sha256",
        argument_value=text[:128].decode("latin-1"),
    )


def digest_mismatch(said: bytes, came: bytes) -> ApiError:
    """About a body that is not the one that was signed."""
    return invalid(
        "X_AMZ_CONTENT_SHA256_MISMATCH",
        "the body that came is not the one whose SHA-256 x-amz-content-sha256 says; nothing was stored",
        client_computed_content_sha256=said.hex(),
        s3_computed_content_sha256=came.hex(),
    )
