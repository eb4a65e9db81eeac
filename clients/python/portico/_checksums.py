"""Checks bytes that arrive against whichever of an object's digests can be computed."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable, Mapping
from typing import Any, Protocol

_COMPOSITE = 2
"""The contract's number for digests that are made of those of parts."""


class Digest(Protocol):
    """A running digest, as in `hashlib`."""

    def update(self, data: bytes, /) -> None: ...

    def digest(self) -> bytes: ...


class _Cyclic:
    """A cyclic redundancy check with the face of a hash."""

    def __init__(self, function: Callable[[bytes, int], int], length_bytes: int) -> None:
        self._function = function
        self._length_bytes = length_bytes
        self._value = 0

    def update(self, data: bytes, /) -> None:
        self._value = self._function(data, self._value)

    def digest(self) -> bytes:
        return self._value.to_bytes(self._length_bytes, "big")


def md5(data: bytes = b"") -> Digest:
    """RFC 1321: against errors, not against attackers."""
    return hashlib.md5(data, usedforsecurity=False)


_KINDS: Mapping[str, Callable[[], Digest]] = {
    "md5": md5,
    "crc32": lambda: _Cyclic(zlib.crc32, 4),
    "sha256": hashlib.sha256,
    "sha1": lambda: hashlib.sha1(usedforsecurity=False),
}


def verifier(checksums: Any) -> tuple[Digest, bytes] | None:
    """A running digest and what it must come to, from a `Checksums` message; None if it holds none of those computed
    here, or none of an object's bytes, but of its parts' digests."""
    for field, make in _KINDS.items():
        if field != "md5" and checksums.type == _COMPOSITE:
            break
        if expected := getattr(checksums, field):
            return make(), expected
    return None
