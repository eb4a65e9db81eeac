"""Which bytes of an object a read is about."""

from __future__ import annotations

from typing import NamedTuple

from portico_server.objects.errors import InvalidRange


class ByteRange(NamedTuple):
    """`length` bytes from `offset` on; both are within the object."""

    offset: int
    length: int


def resolve(offset: int, limit: int, size: int, resource: object) -> ByteRange:
    """The bytes that `offset` (negative: so many before the end) and `limit` (0: to the end) mean of an object.

    `size` is the object's, in bytes. More bytes before the end than there are means all; a limit that goes beyond the
    end is cut. Raises InvalidRange for an offset at or behind the end, but for 0 in an empty object.
    """
    begin = offset if offset >= 0 else max(0, size + offset)
    if begin >= size and begin > 0:
        raise InvalidRange(
            f"offset_bytes is {offset}, but the object has {size} bytes", resource=str(resource), size_bytes=str(size)
        )
    return ByteRange(begin, min(limit or size, size - begin))
