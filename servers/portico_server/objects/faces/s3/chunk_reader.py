"""The bytes of a body that comes in chunks: lines of bounded length, and what stands between them."""

from __future__ import annotations

from collections.abc import AsyncIterator

from portico_server.objects.faces.s3.signing_errors import invalid
from portico_server.platform.errors import ApiError

MOST_LINE_BYTES = 4096
"""Of a chunk's head, or a trailer."""


class ChunkReader:
    """Reads `parts`, as they come, by lines and by bytes."""

    def __init__(self, parts: AsyncIterator[bytes]) -> None:
        self._parts = parts
        self._held = b""
        self._at = 0

    async def line(self) -> bytes | None:
        """Up to the next line break, without it, or to the body's end; None at its end. Raises ApiError."""
        found = b""
        while True:
            end = self._held.find(b"\n", self._at)
            found += self._held[self._at : end if end >= 0 else self._at + MOST_LINE_BYTES + 1]
            if len(found) > MOST_LINE_BYTES:
                raise malformed_chunk(f"a line of it is longer than {MOST_LINE_BYTES} bytes")
            if end >= 0:
                self._at = end + 1
                return found[:-1] if found.endswith(b"\r") else found
            if not await self._next():
                return found or None

    async def some(self, most_bytes: int) -> bytes:
        """What there is, but not more than that; empty where the body ends."""
        if self._at == len(self._held) and not await self._next():
            return b""
        held, begin, end = self._held, self._at, min(self._at + most_bytes, len(self._held))
        self._at = end
        if end == len(held):  # not held here as well while the caller has it
            self._held, self._at = b"", 0
        return held if end - begin == len(held) else held[begin:end]

    async def _next(self) -> bool:
        """Whether there is more, now that all that was held is used."""
        self._held, self._at = b"", 0
        while not self._held:
            try:
                self._held = await anext(self._parts)
            except StopAsyncIteration:
                return False
        return True


def malformed_chunk(message: str) -> ApiError:
    """About a body that is not aws-chunked, though it should be."""
    return invalid("INVALID_CHUNK", f"the body is not in chunks (aws-chunked) as it says: {message}")


def incomplete(message: str) -> ApiError:
    """About a body that ended too early, or has other bytes than were announced."""
    return invalid("INCOMPLETE_BODY", f"{message}; nothing was stored")
