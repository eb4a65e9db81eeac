"""Whether a file or object is the same as its copy, so that it need not be copied again."""

from __future__ import annotations

import asyncio
import re
from enum import Enum
from pathlib import Path
from typing import Any

from portico_cli.transfers.entries import Entry

_MD5 = re.compile(r"[0-9a-f]{32}")
_CHUNK_BYTES = 1024 * 1024
_SECOND_US = 1_000_000


class By(Enum):
    """What two of one size are compared by."""

    TIME = "the source is newer"
    EXACT_TIME = "their times differ, to the second"
    SIZE = "nothing further"
    CHECKSUM = "their MD5s differ; where one of a multipart object is not known, by time"


async def differs(source: Entry, target: Entry, by: By) -> bool:
    """Whether the source is to be copied over the target."""
    if source.size_bytes != target.size_bytes:
        return True
    if by is By.SIZE:
        return False
    if by is By.CHECKSUM:
        one, other = await _digest(source), await _digest(target)
        if one and other:
            return one != other
    if by is By.EXACT_TIME and isinstance(target.place, Path):
        return source.modified_us // _SECOND_US != target.modified_us // _SECOND_US
    return source.modified_us > target.modified_us


async def _digest(entry: Entry) -> bytes:
    """The MD5 of a file or object; empty where it is not known."""
    if isinstance(entry.place, Path):
        return await asyncio.to_thread(_digest_of_file, entry.place)
    return digest_of_object(entry.object)


def digest_of_object(item: Any) -> bytes:
    """The MD5 of an object's bytes; empty where it is not known."""
    if item.checksums.md5:
        return bytes(item.checksums.md5)
    return bytes.fromhex(item.etag) if _MD5.fullmatch(item.etag) else b""


def _digest_of_file(path: Path) -> bytes:
    from portico._checksums import md5

    digest = md5()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.digest()
