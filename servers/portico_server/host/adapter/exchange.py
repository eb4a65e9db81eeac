"""One call in flight: how long it may take, whether somebody waits for it, and how it is cut short."""

from __future__ import annotations

import asyncio
import contextvars
import enum
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import grpc

from portico_server.host.adapter import deadline
from portico_server.platform.errors import ApiError

Event = dict[str, Any]
"""An ASGI event."""
Scope = dict[str, Any]
"""What ASGI says of a request."""
Receive = Callable[[], Awaitable[Event]]
Send = Callable[[Event], Awaitable[None]]


NO_CONTEXT = contextvars.Context()
"""For timers, which else keep the context that they are set in, and the call in it, for as long as they run."""


class ClientDisconnected(asyncio.CancelledError):
    """The client went away or gave up: nobody is left to read from or to write to."""


class Cut(enum.Enum):
    """Why a call was ended before it was done."""

    DISCONNECTED = enum.auto()
    DEADLINE = enum.auto()
    FIRST_MESSAGE = enum.auto()
    STOPPING = enum.auto()
    REFUSED = enum.auto()
    """By the exchange's `refusal`."""


class Exchange:
    """A request and its response. Where it is cut short its task is cancelled, and `cut` says why."""

    __slots__ = (
        "_task",
        "_timer",
        "awaited",
        "cut",
        "deadline",
        "headers",
        "loop",
        "reads_out",
        "refusal",
        "scope",
        "started",
        "transcoded",
        "waited_seconds",
    )

    def __init__(self, scope: Scope, headers: Mapping[bytes, bytes], loop: asyncio.AbstractEventLoop) -> None:
        self.scope = scope
        self.headers = headers
        self.loop = loop
        self._task = asyncio.current_task(loop)
        self._timer: asyncio.TimerHandle | None = None
        self.awaited: Awaitable[Event] | None = None
        """The event that the task waits for. pyvoy sets it though it be cancelled, and must not stumble."""
        self.cut: Cut | None = None
        self.refusal: ApiError | None = None
        self.started = time.monotonic()
        self.waited_seconds = 0.0
        """How long the call had waited for its turn when it began. Its client's deadline runs from before."""
        self.deadline: float | None = None
        """When the call must be done, in seconds of `time.monotonic`."""
        # The transcoder sets this header itself, and the host removes a client's own.
        self.transcoded = b"x-envoy-original-path" in headers
        """Whether the client speaks HTTP and JSON: it sees no trailers, so a broken response must be a reset."""
        self.reads_out = self.transcoded or b"x-grpc-web" in headers
        """Whether the client reads no answer before it has sent its request: see `Requests.discard`."""

    @property
    def done(self) -> bool:
        return self._task is None

    @property
    def disconnected(self) -> bool:
        return self.cut is Cut.DISCONNECTED

    @property
    def overdue(self) -> bool:
        """Whether the time that its client gives it has passed, though nothing may have noticed yet."""
        return self.deadline is not None and time.monotonic() >= self.deadline

    def keep_deadline(self) -> None:
        """Ends the call when the time that its client gives it has passed. Raises ApiError for a malformed time."""
        value = self.headers.get(b"grpc-timeout")
        if value is not None:
            self._end_after(deadline.timeout_seconds(value))

    def _end_after(self, seconds: float) -> None:
        left = seconds - self.waited_seconds  # where none is left, the first message says so (`overdue`)
        self.deadline = self.started + left
        self._timer = self.loop.call_later(max(left, 0.0), self.cancel, Cut.DEADLINE, context=NO_CONTEXT)

    def cancel(self, cut: Cut) -> None:
        """Cuts the call short; the first reason counts."""
        if self.cut is None and self._task is not None:
            self.cut = cut
            # A task that cancels itself and then returns counts as cancelled, for which pyvoy has no ear.
            if asyncio.current_task(self.loop) is not self._task:
                if self.awaited is not None:
                    self.awaited.set_result = _ignore  # type: ignore[attr-defined]
                self._task.cancel()

    def refuse(self, refusal: ApiError) -> None:
        """Cuts the call short with what its caller is to be told."""
        if self.cut is None:
            self.refusal = refusal
            self.cancel(Cut.REFUSED)

    def cancellation(self, error: asyncio.CancelledError) -> BaseException:
        """What to raise in place of a CancelledError in the call's task: the reason for it, if there is one to tell."""
        if self.cut not in _REASONS and self.refusal is None:
            return error
        if self._task is not None:
            self._task.uncancel()
        return self.refusal if self.refusal is not None else _REASONS[self.cut]()

    def end(self) -> None:
        """Nothing can cut the call short any more. Lets go of the task, which holds all that the call does."""
        self._task = None
        if self._timer is not None:
            self._timer.cancel()


def _ignore(event: Event) -> None:
    """In place of the `set_result` of a future that is cancelled."""


def _first_message_missing() -> ApiError:
    return ApiError(
        grpc.StatusCode.DEADLINE_EXCEEDED,
        "FIRST_MESSAGE_MISSING",
        "the first request message, on which the call is authorized, did not come in time: send it at once",
    )


def _cancelled() -> ApiError:
    return ApiError(grpc.StatusCode.CANCELLED, "CANCELLED", "the server cancelled the call")


def _stopping() -> ApiError:
    return ApiError(
        grpc.StatusCode.UNAVAILABLE, "STOPPING", "the server is stopping: call again", retry_after_seconds=1
    )


_REASONS: dict[Cut | None, Callable[[], ApiError]] = {
    Cut.DEADLINE: deadline.exceeded,
    Cut.FIRST_MESSAGE: _first_message_missing,
    Cut.STOPPING: _stopping,
    None: _cancelled,
}
