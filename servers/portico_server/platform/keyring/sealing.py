"""Seals what a product must be able to read again, and nobody who has only its database: AES-256-GCM under a key of
the platform, which stands in data/keys and is backed up with it."""

from __future__ import annotations

import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_BYTES = 32
_NONCE_BYTES = 12
_FORMAT = b"\x01"


class SealBroken(ValueError):
    """What should be opened was not sealed here, or for something else."""


class Sealing:
    """Of one product: `purpose` is its name, and no other product opens what it has sealed."""

    def __init__(self, key: bytes, purpose: str) -> None:
        """`key`: 32 random bytes."""
        derived = HKDF(SHA256(), KEY_BYTES, salt=None, info=f"portico sealing {purpose}".encode()).derive(key)
        self._cipher = AESGCM(derived)

    def seal(self, content: bytes, belongs_to: bytes) -> bytes:
        """`belongs_to` must be given again to open it: so nothing sealed can be put in another's place."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return _FORMAT + nonce + self._cipher.encrypt(nonce, content, belongs_to)

    def open(self, sealed: bytes, belongs_to: bytes) -> bytes:
        """Raises SealBroken."""
        if sealed[:1] != _FORMAT:
            raise SealBroken("not sealed in a format that this release knows")
        nonce, encrypted = sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
        try:
            return self._cipher.decrypt(nonce, encrypted, belongs_to)
        except (InvalidTag, ValueError):
            raise SealBroken("it was not sealed by this platform's key for this") from None
