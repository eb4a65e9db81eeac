"""The response as the called side writes it, and how it reaches the caller."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import grpc

from portico_server.host.adapter.metadata import Metadata as Entries
from portico_server.host.adapter.status import Outcome
from portico_server.host.mesh.local.pipe import Pipe
from portico_server.host.mesh.messages import Crossing, size_bytes
from portico_server.platform.call import Call

Metadata = Any
"""A `grpc.aio.Metadata`."""


class LocalResponses:
    """The face of `host.adapter.responses.Responses` towards the servicer's context.

    What the caller gets: `message` of a single response, `pipe` of several, `initial` and `trailing` metadata, the
    `outcome` once `finished` is done; `begun` is done when the initial metadata is there.
    """

    __slots__ = (
        "_callbacks",
        "_crossing",
        "_entries",
        "begun",
        "call",
        "compress_next",
        "finished",
        "initial",
        "message",
        "outcome",
        "pipe",
        "started",
        "trailing",
    )

    def __init__(self, loop: asyncio.AbstractEventLoop, crossing: Crossing, *, streaming: bool) -> None:
        self._crossing = crossing
        self._entries: Entries = ()
        self._callbacks: list[Callable[[], object]] = []
        self.begun: asyncio.Future[None] = loop.create_future()
        self.finished: asyncio.Future[None] = loop.create_future()
        self.pipe = Pipe() if streaming else None
        self.message: Any = None
        self.initial: Metadata = None
        self.trailing: Metadata = None
        self.outcome: Outcome | None = None
        self.call: Call | None = None
        self.compress_next = True
        self.started = False

    def add_initial_metadata(self, entries: Entries) -> None:
        self._entries += entries

    def compress_with(self, compression: grpc.Compression) -> None:
        """Within a process nothing is compressed."""

    async def start(self) -> None:
        self._begin()

    def _begin(self) -> None:
        """The caller gets the initial metadata now."""
        if not self.started:
            self.started = True
            self.initial = self._told()
            if not self.begun.done():
                self.begun.set_result(None)

    async def put(self, message: Any) -> None:
        """The single response."""
        self.message = self._crossing.copied(message)

    async def write(self, message: Any) -> None:
        """One of several; waits while the caller is behind."""
        assert self.pipe is not None
        moved = self._crossing.moved(message)
        self._begin()
        await self.pipe.put(moved, size_bytes(moved))

    def finish(self, outcome: Outcome) -> None:
        """How the call ended, told once; where nothing was sent before, all metadata is trailing."""
        if self.outcome is not None:
            return
        self.outcome = outcome
        if outcome.ok and self.message is not None:
            self._begin()
        entries = () if self.started else self._told()
        self.initial = self.initial or grpc.aio.Metadata()
        details = (("grpc-status-details-bin", outcome.details),) if outcome.details else ()
        self.trailing = grpc.aio.Metadata(*entries, *outcome.metadata, *details)
        if self.pipe is not None:
            self.pipe.end()
        for waiter in (self.begun, self.finished):
            if not waiter.done():
                waiter.set_result(None)
        for callback in self._callbacks:
            self.finished.get_loop().call_soon(callback)
        self._callbacks.clear()

    def when_finished(self, callback: Callable[[], object]) -> None:
        """Calls back once the call has ended, soon if it has."""
        if self.outcome is None:
            self._callbacks.append(callback)
        else:
            self.finished.get_loop().call_soon(callback)

    def _told(self) -> Metadata:
        own = self.call.response_headers if self.call is not None else ()
        return grpc.aio.Metadata(*self._entries, *own)
