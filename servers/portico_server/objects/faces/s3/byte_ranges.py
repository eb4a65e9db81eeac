"""The header `Range`: one range of bytes (RFC 9110, 14.1.2).

As in S3, several ranges, other units and what is malformed are passed over: then the whole object is the answer.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from grpc import StatusCode

from portico_server.objects.faces.s3.refusals import invalid_argument
from portico_server.platform.errors import ApiError

_RANGE = re.compile(r"bytes=([0-9]*)-([0-9]*)", re.IGNORECASE)
_COPY_RANGE = re.compile(r"bytes=([0-9]{1,13})-([0-9]{1,13})")
_MOST_BYTES = 5_497_558_138_880


class Range(NamedTuple):
    """As the contract has it: `offset` negative is so many bytes before the end; `limit` 0 is to the end."""

    offset: int
    limit: int


def range_of(text: str) -> Range | None:
    """Which bytes are asked for; None: all. The last 0 bytes are told as those behind the end of any object."""
    found = _RANGE.fullmatch(text)
    if found is None or found[1] == found[2] == "":
        return None
    if not found[1]:
        last = min(int(found[2][:16]), _MOST_BYTES)
        return Range(-last if last else _MOST_BYTES, 0)
    first = min(int(found[1][:16]), _MOST_BYTES)
    if not found[2]:
        return Range(first, 0)
    end = min(int(found[2][:16]), _MOST_BYTES)
    return Range(first, min(end - first + 1, _MOST_BYTES)) if end >= first else None


def copy_range_of(text: str) -> Range:
    """That of `x-amz-copy-source-range`, which must have both ends. Raises ApiError."""
    found = _COPY_RANGE.fullmatch(text.strip())
    if found is None or int(found[2]) < int(found[1]):
        raise invalid_argument(
            "x-amz-copy-source-range",
            text,
            "the x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the "
            "zero-based offsets of the first and last bytes to copy",
        )
    return Range(int(found[1]), int(found[2]) - int(found[1]) + 1)


def resolved(wanted: Range, size_bytes: int) -> tuple[int, int]:
    """Where the bytes begin in an object of that size, and how many they are. Raises ApiError."""
    offset, limit = wanted
    begin = offset if offset >= 0 else max(0, size_bytes + offset)
    if begin >= size_bytes:
        raise not_satisfiable(size_bytes)
    return begin, min(limit or size_bytes, size_bytes - begin)


def not_satisfiable(size_bytes: int) -> ApiError:
    return ApiError(
        StatusCode.OUT_OF_RANGE,
        "INVALID_RANGE",
        "the requested range is not satisfiable",
        metadata={"size_bytes": str(size_bytes)},
    )
