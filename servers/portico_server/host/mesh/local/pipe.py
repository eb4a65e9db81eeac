"""Messages of a stream on their way from one writer to one reader, with bounds."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any

from portico_server.host.adapter.messages import END

MAX_MESSAGES = 64
MAX_BYTES = 256 * 1024
"""A writer waits while so much is underway; a single message may be larger."""


class Pipe:
    """Messages change owner: the writer must not touch one that it has put."""

    __slots__ = ("_bytes", "_ended", "_messages", "_reader", "_writer", "closed")

    def __init__(self) -> None:
        self._messages: deque[tuple[Any, int]] = deque()
        self._bytes = 0
        self._ended = False
        self._reader: asyncio.Future[None] | None = None
        self._writer: asyncio.Future[None] | None = None
        self.closed = False
        """Whether nobody reads any more."""

    async def put(self, message: Any, size_bytes: int) -> None:
        """Waits while too much is underway. What comes after `close` is dropped."""
        while (self._bytes >= MAX_BYTES or len(self._messages) >= MAX_MESSAGES) and not self.closed:
            if self._writer is not None:
                raise RuntimeError("one message can be written at a time")
            self._writer = asyncio.get_running_loop().create_future()
            try:
                await self._writer
            finally:
                self._writer = None
        if not (self.closed or self._ended):
            self._messages.append((message, size_bytes))
            self._bytes += size_bytes
            _wake(self._reader)

    def end(self) -> None:
        """No more will come; what is underway can still be read."""
        self._ended = True
        _wake(self._reader)

    def close(self) -> None:
        """Nobody reads any more: what is underway is dropped, and nobody waits."""
        self.closed = self._ended = True
        self._messages.clear()
        self._bytes = 0
        _wake(self._reader)
        _wake(self._writer)

    async def get(self) -> Any:
        """The next message, or END."""
        while not self._messages:
            if self._ended:
                return END
            if self._reader is not None:
                raise RuntimeError("one message can be read at a time")
            self._reader = asyncio.get_running_loop().create_future()
            try:
                await self._reader
            finally:
                self._reader = None
        message, size_bytes = self._messages.popleft()
        self._bytes -= size_bytes
        if self._bytes < MAX_BYTES:
            _wake(self._writer)
        return message


def _wake(waiter: asyncio.Future[None] | None) -> None:
    if waiter is not None and not waiter.done():
        waiter.set_result(None)
