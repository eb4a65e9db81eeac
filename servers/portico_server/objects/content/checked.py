"""Stored bytes compared, as they are read, with the CRC-64/NVME that is known of them: nobody is given all of what has
changed on its disk. What is only a part of them cannot be compared; scrubs look at all (`verifying.py`)."""

from __future__ import annotations

from collections.abc import AsyncGenerator

from portico_server.objects.content import checksums

ALGORITHM = "crc64nvme"
"""Made of all that is stored, and quicker than the copy that goes with it: 20 to 100 us a MiB."""


class DigestDiffers(Exception):
    """The bytes are not those that were stored."""


def check(data: bytes, packed: bytes) -> None:
    """Of all bytes, whose packed digests these are. Raises DigestDiffers."""
    known = checksums.unpack(packed).get(ALGORITHM)
    if known is not None and checksums.digest_of(ALGORITHM, data) != known:
        raise DigestDiffers


async def checked(chunks: AsyncGenerator[bytes, None], size_bytes: int, packed: bytes) -> AsyncGenerator[bytes, None]:
    """Gives them on, so many bytes together; the last of them only if all are those whose packed digests these are.

    Raises DigestDiffers.
    """
    known = checksums.unpack(packed).get(ALGORITHM)
    hasher = checksums.Hasher((ALGORITHM,))
    try:
        async for chunk in chunks:
            held = [chunk]
            del chunk
            hasher.update(held[0])
            if hasher.size_bytes >= size_bytes and known is not None and hasher.digests()[ALGORITHM] != known:
                raise DigestDiffers
            yield held.pop()  # not held here as well while the caller has it
    finally:
        await chunks.aclose()
