"""Whether a file or object is the same as its copy, so that it need not be copied again."""

from __future__ import annotations

import asyncio
import re
from enum import Enum
from pathlib import Path
from typing import Any

from portico_cli.transfers.entries import Entry

_MD5 = re.compile(r"[0-9a-f]{32}")
_DIGESTS = ("md5", "sha256", "crc64nvme", "crc32c", "crc32", "sha1")
_CHUNK_BYTES = 1024 * 1024
_SECOND_US = 1_000_000


class By(Enum):
    """What two of one size are compared by."""

    TIME = "the source is newer"
    EXACT_TIME = "their times differ, to the second"
    SIZE = "nothing further"
    CHECKSUM = "a digest of their bytes differs; by time, where none is known of both"


async def differs(source: Entry, target: Entry, by: By) -> bool:
    """Whether the source is to be copied over the target."""
    if source.size_bytes != target.size_bytes:
        return True
    if by is By.SIZE:
        return False
    if by is By.CHECKSUM and (same := await _same_bytes(source, target)) is not None:
        return not same
    if by is By.EXACT_TIME and isinstance(target.place, Path):
        return source.modified_us // _SECOND_US != target.modified_us // _SECOND_US
    return source.modified_us > target.modified_us


async def _same_bytes(one: Entry, other: Entry) -> bool | None:
    """None where no digest tells."""
    if isinstance(one.place, Path):
        return await asyncio.to_thread(_file_is, one.place, other.object)
    if isinstance(other.place, Path):
        return await asyncio.to_thread(_file_is, other.place, one.object)
    return _objects_are_same(one.object, other.object)


def _file_is(path: Path, item: Any) -> bool | None:
    """Whether a file has an object's bytes, by a digest of all of them."""
    from portico._checksums import md5, verifier

    check = verifier(item.checksums)
    if check is None and _MD5.fullmatch(item.etag):
        check = md5(), bytes.fromhex(item.etag)
    if check is None:
        return None
    digest, expected = check
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.digest() == expected


def _objects_are_same(one: Any, other: Any) -> bool | None:
    """By their ETags, or a digest that both have; ETags of other parts do not tell."""
    if one.etag == other.etag:
        return True
    if _MD5.fullmatch(one.etag) and _MD5.fullmatch(other.etag):
        return False
    if one.checksums.type != other.checksums.type:
        return None
    digests = ((getattr(one.checksums, name), getattr(other.checksums, name)) for name in _DIGESTS)
    return next((mine == theirs for mine, theirs in digests if mine and theirs), None)
