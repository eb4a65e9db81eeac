"""The calls that a face makes of its product's contract: through the pipeline, in the request's own task, with messages
handed over as they are.

A stream of responses is pulled by the face, while the pipeline around the servicer is entered and left once. So the
pipeline's coroutine is driven by hand: it runs until the servicer hands over a message, stands there, and goes on when
the next one is asked for. What it awaits meanwhile is passed on to the task.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
import types
from collections.abc import AsyncIterator, Callable, Coroutine, Generator, Mapping
from time import perf_counter_ns
from typing import Any

import grpc

from portico_server.host.adapter.binding import Binding
from portico_server.host.adapter.context import Abort, Context
from portico_server.host.adapter.exchange import ClientDisconnected, Exchange
from portico_server.host.adapter.face_body import FaceBody
from portico_server.host.adapter.messages import END, Messages
from portico_server.host.adapter.metadata import Metadata
from portico_server.host.adapter.serving import Serving
from portico_server.platform.call import Call, Handler, Trace, current
from portico_server.platform.errors import ApiError
from portico_server.platform.faces import FaceRequest, face_method, nobody

_ROW_BYTES = 200
"""What a row of a list counts for in the call's event: to measure it would cost what it saves."""
_HANDED_OVER: Any = object()
"""What a driven coroutine yields when a message is there; all else are the futures that it awaits."""


class FaceRequests(Messages):
    """The request of one call: a message, or an iterator of messages."""

    __slots__ = ("_before", "_messages")

    def __init__(self, exchange: Exchange, binding: Binding, messages: Any) -> None:
        super().__init__(exchange, binding)
        self._messages = messages
        self._before: Any = None

    async def _read(self) -> Any:
        if not self._streaming:
            return self._messages
        message = await anext(self._messages, END)
        if message is self._before:  # that has nothing but bytes beside it
            self._checked = message
        self._before = message
        return message

    async def _expect_end(self) -> None:
        """A face cannot bring a second message."""

    def probe(self) -> None:
        """The request's body is watched."""


class FaceResponses:
    """The response of one call; see `context.Responses`. Metadata are for those who speak gRPC: a face's messages say
    all."""

    __slots__ = ("call", "compress_next", "message", "started")

    def __init__(self) -> None:
        self.compress_next = True
        self.started = False
        self.message: Any = None
        self.call: Call | None = None

    def add_initial_metadata(self, entries: Metadata) -> None:
        pass

    def compress_with(self, compression: grpc.Compression) -> None:
        pass

    async def start(self) -> None:
        self.started = True

    async def put(self, message: Any) -> None:
        self.message = message
        self._count(message)

    async def write(self, message: Any) -> None:
        if not self.started:  # later ones are counted as they are sent: to measure one, it is serialized
            self._count(message)
        self.started = True
        self.message = message
        del message  # its reader's alone
        await _hand_over()

    def taken(self) -> Any:
        """The message that was handed over. It is not kept: a reader that is slow would hold it, too."""
        message, self.message = self.message, None
        return message

    def _count(self, message: Any) -> None:
        if self.call is not None:
            rows = sum(map(len, self.call.rows or ()))
            self.call.sent_bytes += message.ByteSize() + sum(map(len, self.call.beside or ())) + rows * _ROW_BYTES


@types.coroutine
def _hand_over() -> Generator[Any, None, None]:
    yield _HANDED_OVER


class FaceCallsOfRequest:
    """See `platform.faces.FaceCalls`. `headers`: the request's, the last of a name wins."""

    __slots__ = (
        "_arrival",
        "_body",
        "_exchange",
        "_headers",
        "_request",
        "_serving",
        "_streams",
        "door",
        "made",
        "ray_id",
    )

    def __init__(
        self,
        serving: Serving,
        door: str,
        request: FaceRequest,
        body: FaceBody,
        headers: Mapping[bytes, bytes],
        arrival: tuple[int, int],
    ) -> None:
        self.door = door
        self.ray_id = ""
        self.made: list[Call] = []
        self._serving = serving
        self._request = request
        self._body = body
        self._exchange = body.exchange
        self._headers = headers
        self._arrival = arrival
        self._streams: list[_Stream] = []

    async def call(
        self, method: str, request: Any, beside: list[bytes] | None = None, rows: list[Any] | None = None
    ) -> Any:
        """See `FaceCalls.call`."""
        call, responses, invoke = self._begin(method, request, streaming=False)
        call.beside, call.rows = beside, rows
        before = current.set(call)
        try:
            await self._serving.pass_pipeline(call, invoke)
            self._check(call)
        except (Exception, asyncio.CancelledError) as error:
            raise self._told(call, error) from None
        finally:
            current.reset(before)
            self.note(call)
            call.context.call_back()
        return responses.message

    def stream(self, method: str, request: Any, beside: list[bytes] | None = None) -> AsyncIterator[Any]:
        """See `FaceCalls.stream`."""
        call, responses, invoke = self._begin(method, request, streaming=True)
        call.beside = beside
        stream = _Stream(self, call, responses, self._carry(call, invoke))
        self._streams.append(stream)
        return stream

    async def carry(self, handle: Handler) -> ApiError | None:
        """Takes the request itself through the pipeline to `handle`, where it has made no call; what to tell of it
        where it failed."""
        binding = Binding(face_method(self.door), None, None, handle, response_streaming=False, request_streaming=False)
        call, _ = self._call(binding, None)
        call.credential = nobody  # what is shown counts for calls of the contract
        refused = await self._serving.carry(call, handle)
        self.note(call)
        return refused

    async def close(self) -> None:
        """Ends the calls whose responses were not read to their end."""
        for stream in self._streams:
            await stream.close()

    def let_go(self) -> None:
        """Once the request is over: else its calls would refer to themselves and wait for the garbage collector, and
        new ones would never find memory that is still in the processor's caches."""
        self._streams.clear()
        for call in self.made:
            call.context.requests.call = call.context.responses.call = None

    async def _carry(self, call: Call, invoke: Handler) -> None:
        try:
            await self._serving.pass_pipeline(call, invoke)
            self._check(call)
        except (Exception, asyncio.CancelledError) as error:
            raise self._told(call, error) from None
        finally:
            call.context.call_back()

    def _begin(self, path: str, request: Any, *, streaming: bool) -> tuple[Call, FaceResponses, Handler]:
        binding = self._serving.binding_of(path, ())
        if binding is None:
            raise RuntimeError(f"{path} is not served in this process")
        if binding.response_streaming != streaming:
            raise RuntimeError(f"{path} answers {'one message' if streaming else 'a stream'}")
        call, responses = self._call(binding, request)
        return call, responses, binding.invoke

    def _call(self, binding: Binding, request: Any) -> tuple[Call, FaceResponses]:
        requests = FaceRequests(self._exchange, binding, request)
        responses = FaceResponses()
        context = Context(self._exchange, requests, responses, None)
        arrival_time_ns, arrival_ns = self._arrival
        headers = self._headers
        if self.made:  # a further call of the request: it begins now, in the first one's trace
            arrival_time_ns, arrival_ns = time.time_ns(), perf_counter_ns()
            headers = {**headers, b"traceparent": _traceparent(self.made[0].trace)}
        call = Call(
            binding.method,
            context,
            headers,
            requests.first,
            arrival_time_ns,
            arrival_ns,
            peer=self._request.peer,
            face=self.door,
            credential=self._request.credential,
        )
        requests.call = responses.call = self._body.call = call
        self.made.append(call)
        return call, responses

    def count_sent(self, part: bytes) -> None:
        """Counts what the face sends of a stream's later responses, of which only the first was measured."""
        if self.made:
            self.made[-1].sent_bytes += len(part)

    def note(self, call: Call) -> None:
        """To be told when a call has got its ray id."""
        if not self.ray_id:
            self.ray_id = call.ray_id

    def _check(self, call: Call) -> None:
        """Raises Abort where the servicer has set a code in place of raising."""
        if call.context.code() not in (None, grpc.StatusCode.OK):
            raise Abort

    def _told(self, call: Call, error: BaseException) -> BaseException:
        """What the face is told of how a call ended."""
        if isinstance(error, Abort):
            outcome = call.context.outcome()
            return ApiError(outcome.code, outcome.code.name, outcome.message)
        if isinstance(error, asyncio.CancelledError):
            return self._exchange.cancellation(error)
        return self._serving.error_of(error) if isinstance(error, Exception) else error


def _traceparent(trace: Trace) -> bytes:
    return f"00-{trace.trace_id}-{trace.span_id}-{'01' if trace.sampled else '00'}".encode()


class _Stream:
    """The responses of a call, made as they are asked for."""

    __slots__ = ("_call", "_calls", "_carried", "_ended", "_responses", "_started")

    def __init__(
        self, calls: FaceCallsOfRequest, call: Call, responses: FaceResponses, carried: Coroutine[Any, Any, None]
    ) -> None:
        self._calls = calls
        self._call = call
        self._responses = responses
        self._carried = carried
        self._started = self._ended = False

    def __aiter__(self) -> _Stream:
        return self

    def __anext__(self) -> Any:
        return self._go_on(self._carried.send, None)

    async def close(self) -> None:
        if self._started and not self._ended:
            with contextlib.suppress(Exception, asyncio.CancelledError):
                # Whoever cleans up with another message is cut off.
                await self._go_on(self._carried.throw, ClientDisconnected())
        self._ended = True
        self._carried.close()

    @types.coroutine
    def _go_on(self, step: Callable[[Any], Any], given: Any) -> Generator[Any, None, Any]:
        """Runs the call until a message is there, or it has ended (StopAsyncIteration)."""
        if self._ended:
            raise StopAsyncIteration
        self._started = True
        before = current.set(self._call)
        try:
            while (awaited := step(given)) is not _HANDED_OVER:
                try:
                    given = yield awaited
                    step = self._carried.send
                except BaseException as error:
                    given, step = error, self._carried.throw
            return self._responses.taken()
        except StopIteration:
            self._ended = True
            raise StopAsyncIteration from None
        except BaseException:
            self._ended = True
            raise
        finally:
            del step, given  # or an exception and this frame would keep one another alive
            current.reset(before)
            self._calls.note(self._call)
