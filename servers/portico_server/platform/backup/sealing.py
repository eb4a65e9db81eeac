"""Encryption of a backup's members by a passphrase.

A random data key encrypts; a key that scrypt (RFC 7914) makes of the passphrase wraps it, by AES-256-GCM. A member is a
random salt and chunks of 1 MiB, each sealed by AES-256-GCM with a key of the member's own (HKDF of data key, salt and
path), its number, and whether it is the last (the STREAM construction): none can be changed, left out, moved within the
member or put into another's place.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
from collections.abc import Iterator
from typing import Any, BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from portico_server.platform.backup.failures import BackupError

CHUNK_BYTES = 1 << 20
_KEY_BYTES, _SALT_BYTES, _NONCE_BYTES, _TAG_BYTES = 32, 16, 12, 16
_SCRYPT_N, _SCRYPT_R, _SCRYPT_P = 1 << 16, 8, 1  # 64 MiB and about 0.2 s
_MOST_SCRYPT_N = 1 << 20
_LEAST_PASSPHRASE = 8
_METHOD = "scrypt, AES-256-GCM in chunks"


class Sealer:
    """Seals and opens the members of one backup."""

    def __init__(self, key: bytes, description: dict[str, Any]) -> None:
        self._key = key
        self.description = description
        """For the manifest."""

    @classmethod
    def new(cls, passphrase: bytes) -> Sealer:
        """With a new data key. Raises BackupError for a passphrase that is too short."""
        if len(passphrase) < _LEAST_PASSPHRASE:
            raise BackupError(f"the passphrase has {len(passphrase)} bytes: give one of {_LEAST_PASSPHRASE} or more")
        key, salt, nonce = AESGCM.generate_key(256), os.urandom(_SALT_BYTES), os.urandom(_NONCE_BYTES)
        description = {
            "method": _METHOD,
            "scrypt": {"n": _SCRYPT_N, "r": _SCRYPT_R, "p": _SCRYPT_P, "salt": _text(salt)},
            "wrapped_key": _text(nonce + AESGCM(_stretched(passphrase, salt, _SCRYPT_N)).encrypt(nonce, key, b"")),
        }
        return cls(key, description)

    @classmethod
    def opened(cls, passphrase: bytes, description: dict[str, Any]) -> Sealer:
        """The one of a backup that is there. Raises BackupError where the passphrase is another."""
        try:
            cost = description["scrypt"]
            wrapped = base64.b64decode(description["wrapped_key"], validate=True)
            salt = base64.b64decode(cost["salt"], validate=True)
            if description["method"] != _METHOD or not 1 < cost["n"] <= _MOST_SCRYPT_N:
                raise ValueError
            wrapping = AESGCM(_stretched(passphrase, salt, cost["n"]))
            key = wrapping.decrypt(wrapped[:_NONCE_BYTES], wrapped[_NONCE_BYTES:], b"")
        except InvalidTag:
            raise BackupError("the passphrase is not the one that this backup was made with") from None
        except (KeyError, TypeError, ValueError):
            raise BackupError("this backup is encrypted in a way that this release does not know") from None
        return cls(key, description)

    def seal_of(self, manifest: bytes) -> bytes:
        """Proves that whoever wrote the manifest had the key: nobody else can leave out or add members."""
        return hmac.new(self._key, b"portico backup manifest\0" + manifest, hashlib.sha256).hexdigest().encode()

    def sealed(self, path: str, chunks: Iterator[bytes]) -> Iterator[bytes]:
        """The member's bytes as they are stored. `chunks` are its bytes, in pieces of any size."""
        salt = os.urandom(_SALT_BYTES)
        cipher = self._cipher(path, salt)
        yield salt
        for number, (chunk, last) in enumerate(_marked(_in_chunks(chunks))):
            yield cipher.encrypt(_nonce(number, last), chunk, b"")

    def unsealed(self, path: str, stored: BinaryIO) -> Iterator[bytes]:
        """A member's own bytes. Raises BackupError for what was changed or cut."""
        cipher = self._cipher(path, stored.read(_SALT_BYTES))
        pieces = iter(lambda: stored.read(CHUNK_BYTES + _TAG_BYTES), b"")
        whole = False
        for number, (chunk, whole) in enumerate(_marked(pieces)):
            try:
                yield cipher.decrypt(_nonce(number, whole), chunk, b"")
            except InvalidTag:
                raise BackupError(f"the member {path} was changed or cut. Use another copy of this backup.") from None
        if not whole:
            raise BackupError(f"the member {path} was cut. Use another copy of this backup.")

    def _cipher(self, path: str, salt: bytes) -> AESGCM:
        info = b"portico backup member\0" + path.encode()
        return AESGCM(HKDF(hashes.SHA256(), _KEY_BYTES, salt, info).derive(self._key))


def _stretched(passphrase: bytes, salt: bytes, n: int) -> bytes:
    room = 256 * n * _SCRYPT_R  # OpenSSL refuses by default what takes more than 32 MiB
    return hashlib.scrypt(passphrase, salt=salt, n=n, r=_SCRYPT_R, p=_SCRYPT_P, maxmem=room, dklen=_KEY_BYTES)


def _nonce(number: int, last: bool) -> bytes:
    return number.to_bytes(_NONCE_BYTES - 1, "big") + bytes([last])


def _in_chunks(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The same bytes in chunks of CHUNK_BYTES, the last one shorter; one empty chunk of nothing."""
    waiting = bytearray()
    for piece in pieces:
        waiting += piece
        while len(waiting) > CHUNK_BYTES:
            yield bytes(waiting[:CHUNK_BYTES])
            del waiting[:CHUNK_BYTES]
    yield bytes(waiting)


def _marked(chunks: Iterator[bytes]) -> Iterator[tuple[bytes, bool]]:
    """Each chunk, and whether it is the last."""
    before: bytes | None = None
    for chunk in chunks:
        if before is not None:
            yield before, False
        before = chunk
    if before is not None:
        yield before, True


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode()
