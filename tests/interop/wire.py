"""gRPC's frames by hand, for tests that look at or spoil what is on the wire."""

from __future__ import annotations

import struct


def framed(message: bytes, *, flag: int = 0) -> bytes:
    """One message as a frame."""
    return struct.pack(">BI", flag, len(message)) + message


def frames(body: bytes) -> list[tuple[int, bytes]]:
    """The (compressed flag, payload) of each frame in a body."""
    found = []
    while body:
        flag, length = struct.unpack_from(">BI", body)
        found.append((flag, body[5 : 5 + length]))
        body = body[5 + length :]
    return found
