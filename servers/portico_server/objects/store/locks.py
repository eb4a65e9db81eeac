"""Names of the locks under which a batch reads and writes: a bucket is cut into stripes by its keys' hash.

A write of a key locks the key's stripe, so that what it reads of the key stays as it is to the commit. A change of the
bucket itself (its versioning, its deletion) locks all of them, so that no write of a key can come between its look and
its commit. One lock a write instead of two, and no lock that all writers of a bucket would queue for.
"""

from __future__ import annotations

import zlib

_STRIPES = 256


def of_key(bucket: str, key: str) -> str:
    return f"{bucket}#{zlib.crc32(key.encode()) % _STRIPES}"


def of_bucket(bucket: str) -> list[str]:
    return [f"{bucket}#{stripe}" for stripe in range(_STRIPES)]
