"""A call with several responses, cancelled as soon as nobody holds it.

grpcio's own call and its iterator keep one another alive until the garbage collector looks, and with them the servicer
that a reader has left.
"""

from __future__ import annotations

from typing import Any

import grpc


@grpc.aio.UnaryStreamCall.register
@grpc.aio.StreamStreamCall.register
class HeldStream:
    """Hands everything on to a call of grpcio."""

    __slots__ = ("_call",)

    def __init__(self, call: Any) -> None:
        self._call = call

    def __getattr__(self, name: str) -> Any:
        return getattr(self._call, name)

    def __del__(self) -> None:
        if not self._call.done():
            self._call.cancel()

    def __aiter__(self) -> _Iterator:
        return _Iterator(self, self._call.__aiter__())


class _Iterator:
    __slots__ = ("_held", "_messages")

    def __init__(self, held: HeldStream, messages: Any) -> None:
        self._held = held
        self._messages = messages

    def __aiter__(self) -> _Iterator:
        return self

    async def __anext__(self) -> Any:
        return await self._messages.__anext__()
