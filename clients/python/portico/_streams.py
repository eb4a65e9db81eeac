"""A call that answers a stream of messages, in steps for both clients."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic

from portico._methods import Response
from portico._steps import Steps, ray_of_stream, read_stream

Finish = Callable[[BaseException | None, str], None]
"""Told once that the call is over: its error and its ray id."""


class Stream(Generic[Response]):
    """A call that answers a stream of messages; its first one has come, or its end."""

    def __init__(self, finish: Finish) -> None:
        self._tell = finish
        self._stream: Any = None
        self._first: Response | None = None
        self._ended = False
        self.ray_id = ""

    def begin(self, stream: Any) -> Steps[None]:
        """Waits for the first message."""
        self._stream = stream
        self._first = yield from self._next()
        self.ray_id = yield ray_of_stream(stream)

    def read(self) -> Steps[Response | None]:
        """The next message; None at the end."""
        if self._first is not None:
            message, self._first = self._first, None
            return message
        return (yield from self._next())

    def close(self) -> None:
        """Ends the call, also in the middle."""
        if not self._ended:
            self._stream.cancel()
            self._finish(None)

    def _next(self) -> Steps[Response | None]:
        if self._ended:
            return None
        try:
            message: Response | None = yield read_stream(self._stream)
        except BaseException as error:
            self._finish(error)
            raise
        if message is None:
            self._finish(None)
        return message

    def _finish(self, error: BaseException | None) -> None:
        self._ended = True
        self._tell(error, self.ray_id)
