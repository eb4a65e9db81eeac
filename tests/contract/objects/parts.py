"""What tests of multipart uploads and of what they became have in common."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence

from tests.contract.objects.stand import Stand

SMALL = [os.urandom(30_000), os.urandom(5), os.urandom(16_385)]
"""Parts as they may be where `small_parts` holds: in files and inline."""


def etag_of(parts: Sequence[bytes]) -> str:
    joined = b"".join(hashlib.md5(part).digest() for part in parts)
    return f"{hashlib.md5(joined).hexdigest()}-{len(parts)}"


async def nothing_is_left(stand: Stand) -> bool:
    """Whether neither files nor rows of parts are left, and nothing is in use."""
    tables = ("upload", "part", "freed_list", "file", "inline_bytes", "ledger", "usage")
    counts = {table: (await stand.database.scan(f"SELECT count(*) FROM {table}"))[0][0] for table in tables}
    assert not any(counts.values()), counts
    return not stand.files()
