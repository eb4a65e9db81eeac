"""What objects hold: bytes that tell which write they are of, so that any half or mixture shows."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Sequence


def content(write: str, size_bytes: int) -> bytes:
    """Bytes of that length, or as long as they must be to tell the write."""
    head = f"{write} {size_bytes}\n".encode()
    return (head * (size_bytes // len(head) + 1))[: max(size_bytes, len(head))]


def cut(data: bytes, parts: int) -> list[bytes]:
    """The bytes in so many parts, about alike."""
    ends = [len(data) * number // parts for number in range(parts + 1)]
    return [data[begin:end] for begin, end in itertools.pairwise(ends)]


def etag_of(parts: Sequence[bytes]) -> str:
    """The ETag, as S3 has it, of bytes that were put at once (one part) or in parts."""
    digests = [hashlib.md5(part).digest() for part in parts]
    return f"{hashlib.md5(b''.join(digests)).hexdigest()}-{len(parts)}"


def md5_of(data: bytes) -> str:
    return hashlib.md5(data).hexdigest()
