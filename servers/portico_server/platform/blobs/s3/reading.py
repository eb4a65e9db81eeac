"""A blob that is read from a store: each range by a request of its own, gone on with where a connection breaks off."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator
from contextlib import aclosing

from portico_server.platform.blobs.errors import StoreUnreachable
from portico_server.platform.blobs.open_files import OpenFile
from portico_server.platform.blobs.s3.client import Request
from portico_server.platform.blobs.s3.connection import Broken
from portico_server.platform.blobs.s3.place import Place

_RESUMED = 5
"""How often without a byte between."""
_SILENT_SECONDS = 45.0
"""So long nothing may come, over all tries, before none is made any more."""


class S3Blob:
    """Implements `Blob`. The locks that it holds keep its bytes where they are."""

    def __init__(self, place: Place, name: str, locks: list[OpenFile], size_bytes: int) -> None:
        self._place = place
        self._name = name
        self._locks = locks
        self.size_bytes = size_bytes

    async def chunks(self, offset: int, length: int, chunk_bytes: int) -> AsyncGenerator[bytes, None]:
        """Raises EOFError where the blob is too short, FileNotFoundError where it is gone, StoreUnreachable."""
        if length and offset + length > self.size_bytes:
            raise EOFError(f"the blob has {self.size_bytes} bytes, {offset + length - self.size_bytes} too few")
        waiting = bytearray()
        async with aclosing(self._pieces(offset, length)) as pieces:
            async for piece in pieces:
                if not waiting and len(piece) == chunk_bytes:
                    yield piece
                    continue
                waiting += piece
                while len(waiting) >= chunk_bytes:
                    yield bytes(waiting[:chunk_bytes])
                    del waiting[:chunk_bytes]
        if waiting:
            yield bytes(waiting)

    async def close(self) -> None:
        locks, self._locks = self._locks, []
        for lock in locks:
            await self._place.run(lock.close)

    async def _pieces(self, offset: int, length: int) -> AsyncGenerator[bytes, None]:
        """As they come."""
        end, broken_off, waiting_since = offset + length, 0, time.monotonic()
        while offset < end:
            headers = {"range": f"bytes={offset}-{end - 1}"}
            try:
                async with self._place.client.streamed(
                    Request("GET", self._place.key_of(self._name), headers=headers)
                ) as answer:
                    if answer.status != 206:
                        raise StoreUnreachable(self._place.client.name, f"a range was answered {answer.status}")
                    async with aclosing(answer.connection.body()) as pieces:
                        async for piece in pieces:
                            offset, broken_off = offset + len(piece), 0
                            yield piece
                            waiting_since = time.monotonic()
                if offset < end:
                    raise Broken("it sent less than the range")
            except Broken as broken:
                broken_off += 1
                if broken_off > _RESUMED or time.monotonic() - waiting_since > _SILENT_SECONDS:
                    raise StoreUnreachable(self._place.client.name, str(broken)) from None
