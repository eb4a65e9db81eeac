"""The chain of signatures of a body in signed chunks: each signs its bytes and the signature before it.

Source: Amazon S3 API Reference, "Signature Calculations for the Authorization Header: Transferring Payload in Multiple
Chunks", and "… Including Trailing Headers".
"""

from __future__ import annotations

import hashlib
import hmac

from portico_server.objects.faces.s3.chunk_reader import malformed_chunk
from portico_server.objects.faces.s3.signing_errors import does_not_match
from portico_server.objects.faces.s3.sigv4 import Signed

_EMPTY = hashlib.sha256().hexdigest()
_HEXADECIMAL = frozenset("0123456789abcdef")


class ChunkSignatures:
    """Goes on from the signature of the request."""

    def __init__(self, signed: Signed) -> None:
        self._key = signed.signing_key
        self._key_id = signed.claims.key_id
        self._signed_at = signed.claims.signed_at
        self._scope = signed.claims.scope.text
        self._last = signed.claims.signature

    def check_chunk(self, given: str, digest: str) -> None:
        """Of the chunk whose SHA-256 is `digest`, in hexadecimal. Raises ApiError."""
        self._check(
            given, f"AWS4-HMAC-SHA256-PAYLOAD\n{self._signed_at}\n{self._scope}\n{self._last}\n{_EMPTY}\n{digest}"
        )

    def check_trailers(self, given: str, trailers: bytes) -> None:
        """Of the lines behind the last chunk, `name:value` each. Raises ApiError."""
        digest = hashlib.sha256(trailers).hexdigest()
        self._check(given, f"AWS4-HMAC-SHA256-TRAILER\n{self._signed_at}\n{self._scope}\n{self._last}\n{digest}")

    def _check(self, given: str, text: str) -> None:
        if len(given) != 64 or not _HEXADECIMAL.issuperset(given):
            raise malformed_chunk("a signature in it is not 64 hexadecimal digits in lower case")
        if not hmac.compare_digest(self._key.signature(text.encode()), given):
            raise does_not_match(self._key_id, given, text.encode())
        self._last = given
