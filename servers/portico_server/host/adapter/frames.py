"""gRPC's length-prefixed messages, out of body events of any size and into them.

A frame is one byte (1: compressed), four bytes of length, big-endian, and the message. Source: "gRPC over HTTP2",
Length-Prefixed-Message.
"""

from __future__ import annotations

import struct
from collections import deque

import grpc

from portico_server.platform.errors import ApiError

HEADER = struct.Struct(">BI")
HEADER_BYTES = HEADER.size

header = HEADER.pack
"""(compressed flag, length of the message in bytes) -> the five bytes that stand before it."""


class Frames:
    """Takes bytes as they come and gives whole messages.

    Small messages that share an event are cut out of it; the parts of a large one are kept and joined once.
    """

    __slots__ = ("_at", "_chunks", "_length", "_max_message_bytes", "compressed", "size_bytes")

    def __init__(self, max_message_bytes: int) -> None:
        self._max_message_bytes = max_message_bytes
        self._chunks: deque[bytes] = deque()
        self._at = 0  # where the unread bytes of the first chunk begin
        self._length = -1  # of the message whose header was read last, -1: none
        self.compressed = False
        """Whether the message that `take` gave last is compressed."""
        self.size_bytes = 0
        """How many bytes wait to be taken."""

    def feed(self, data: bytes) -> None:
        """Adds what came next."""
        if data:
            self._chunks.append(data)
            self.size_bytes += len(data)

    @property
    def missing_bytes(self) -> int:
        """How many more are to come of the message whose beginning was looked at last; 0 where it is there."""
        return max(self._length - self.size_bytes, 0)

    def take(self) -> bytes | None:
        """The next message, None until more of it is fed. Raises ApiError where no message can follow."""
        if self._length < 0 and not self._read_header():
            return None
        length = self._length
        if self.size_bytes < length:
            return None
        self._length = -1
        return self._cut(length) if length else b""

    def take_pieces(self, least_bytes: int) -> list[bytes | memoryview] | None:
        """The next message as it came, not joined; None until more of it is fed, or where it is compressed or smaller
        than that: then `take` takes it. Raises ApiError where no message can follow."""
        if (self._length < 0 and not self._read_header()) or self.compressed:
            return None
        length = self._length
        if length < least_bytes or self.size_bytes < length:
            return None
        self._length = -1
        self.size_bytes -= length
        first = memoryview(self._chunks[0])[self._at :]
        if len(first) > length:
            self._at += length
            return [first[:length]]
        self._chunks.popleft()
        self._at = 0
        return self._gather(first, length - len(first))

    def finish(self) -> bytes | None:
        """Says that nothing follows; what of it is a message. Raises ApiError where one was begun."""
        if self.size_bytes or self._length >= 0:
            raise ApiError(
                grpc.StatusCode.INTERNAL,
                "MESSAGE_TRUNCATED",
                "the request ended inside a message: send the whole of it before closing the stream",
            )
        return None

    def _read_header(self) -> bool:
        if self.size_bytes < HEADER_BYTES:
            return False
        chunk, at = self._chunks[0], self._at
        if len(chunk) - at > HEADER_BYTES:  # more than the header: the chunk stays
            flag, length = HEADER.unpack_from(chunk, at)
            self._at = at + HEADER_BYTES
            self.size_bytes -= HEADER_BYTES
        else:
            flag, length = HEADER.unpack(self._cut(HEADER_BYTES))
        if flag > 1:
            raise ApiError(
                grpc.StatusCode.INTERNAL,
                "FRAME_MALFORMED",
                f"a message begins with the byte {flag}; gRPC knows 0 and 1: is the body framed as gRPC?",
            )
        if length > self._max_message_bytes:
            raise too_large(length, self._max_message_bytes)
        self.compressed = flag == 1
        self._length = length
        return True

    def _cut(self, length: int) -> bytes:
        """The next `length` bytes, which are there."""
        chunk, at = self._chunks[0], self._at
        end = at + length
        self.size_bytes -= length
        if end < len(chunk):
            self._at = end
            return chunk[at:end]
        self._chunks.popleft()
        self._at = 0
        if end == len(chunk):
            return chunk[at:]
        return b"".join(self._gather(memoryview(chunk)[at:], length - (len(chunk) - at)))

    def _gather(self, first: memoryview, missing: int) -> list[bytes | memoryview]:
        """`first` and the next `missing` bytes."""
        parts: list[bytes | memoryview] = [first]
        while missing:
            chunk = self._chunks[0]
            if len(chunk) > missing:
                parts.append(memoryview(chunk)[:missing])
                self._at = missing
                break
            parts.append(self._chunks.popleft())
            missing -= len(chunk)
        return parts


def too_large(length: int, limit: int) -> ApiError:
    """The error about a message of `length` bytes, or more, where `limit` are taken."""
    return ApiError(
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        "MESSAGE_TOO_LARGE",
        f"a request message has {length} bytes or more; at most {limit} are accepted: send it in smaller parts",
        metadata={"max_message_bytes": str(limit)},
    )
