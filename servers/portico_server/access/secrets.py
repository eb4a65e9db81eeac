"""Secrets that prove something: made here, shown once, kept as salted hashes, compared in constant time.

They are 256 random bits, so that no slow hash is needed. What one is for stands in front of it, so that a scanner for
leaked secrets can tell, and no secret is good for anything else: `portico_invitation_…`.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import random

from portico_server.access.store import Proof

INVITATION = "portico_invitation_"
CLIENT_SECRET = "portico_secret_"  # noqa: S105

_SECRET_BYTES = 32
_SALT_BYTES = 16
_HASH_BYTES = 32

NO_PROOF = Proof("", "", bytes(_SALT_BYTES), bytes(_HASH_BYTES))
"""What is compared with where nothing is kept."""


class Secrets:
    """`source` must be the operating system's (random.SystemRandom), but in tests."""

    def __init__(self, source: random.Random) -> None:
        self._source = source

    def new(self, prefix: str) -> str:
        return prefix + base64.urlsafe_b64encode(self._source.randbytes(_SECRET_BYTES)).decode().rstrip("=")

    def new_bytes(self, count: int) -> bytes:
        return self._source.randbytes(count)

    def new_id(self, characters: int) -> str:
        """Of a-z and 2-7, 5 random bits each."""
        return "".join(self._source.choice("abcdefghijklmnopqrstuvwxyz234567") for _ in range(characters))

    def proof(self, name: str, account: str, secret: str, expires_at_seconds: int = 0) -> Proof:
        """What is kept of a secret."""
        salt = self._source.randbytes(_SALT_BYTES)
        return Proof(name, account, salt, _hash(secret, salt), b"", expires_at_seconds)


def proves(proof: Proof | None, secret: str, now_seconds: float) -> bool:
    """Whether it is this secret, and still good. Takes as long where there is no proof."""
    kept = proof or NO_PROOF
    same = hmac.compare_digest(_hash(secret, kept.salt), kept.hash)
    return same and proof is not None and not 0 < proof.expires_at_seconds <= now_seconds


def _hash(secret: str, salt: bytes) -> bytes:
    return hashlib.blake2b(secret.encode(), salt=salt, digest_size=_HASH_BYTES).digest()
