"""What every host serves with: the face where servicers are added, and a call's way through the pipeline.

A host is what the calls come through: `application` is ASGI's, inside Envoy; `portico_server.host.plain` is a
`grpc.aio` server.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import sys
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import NamedTuple

import grpc

from portico_server.host.adapter.binding import Binding
from portico_server.host.adapter.calls import bind
from portico_server.host.adapter.context import Abort, Context
from portico_server.host.adapter.exchange import Cut
from portico_server.host.adapter.metadata import Metadatum, decode
from portico_server.host.adapter.pace import Pace
from portico_server.host.adapter.status import Outcome, outcome_of
from portico_server.host.adapter.watch import Watch
from portico_server.platform.call import Call, Handler, Step
from portico_server.platform.errors import ApiError
from portico_server.platform.faces import Face
from portico_server.platform.http_face import FindEndpoint, no_endpoint
from portico_server.platform.methods import ContractError, Method
from portico_server.platform.pages import FindPage, no_page

_URGENT = "/grpc.health.v1.Health/"
_STOP_SECONDS = 5.0  # how long calls may take to end once they are cancelled


class _HandlerCallDetails(NamedTuple):
    """What grpcio's generic handlers are asked with."""

    method: str
    invocation_metadata: tuple[Metadatum, ...]


@grpc.aio.Server.register
class Serving:
    """What is served, whoever brings the calls.

    It has the face of a `grpc.aio.Server` where servicers are added; they must be added before the calls come.
    `pipeline` is what every call passes; `methods` says what is known of a method, by path, and must know each one that
    is added; `errors` says what to tell of an exception; `max_message_bytes` bounds a request message after
    decompression; `first_message_seconds` is how long a call may take to say what it is about; `lifespan` spans the
    time of serving; `find_page` finds what is shown to whoever asks, `find_endpoint` what answers plain HTTP.
    """

    def __init__(
        self,
        *,
        pipeline: Step,
        methods: Mapping[str, Method],
        errors: Callable[[BaseException], ApiError],
        max_message_bytes: int,
        first_message_seconds: float,
        lifespan: Callable[[], AbstractAsyncContextManager[None]] = contextlib.nullcontext,
        find_page: FindPage = no_page,
        find_endpoint: FindEndpoint = no_endpoint,
    ) -> None:
        self.methods = methods
        self.max_message_bytes = max_message_bytes
        self.lifespan = lifespan
        self.find_page = find_page
        self.find_endpoint = find_endpoint
        self.faces: dict[bytes, Face] = {}
        """By their doors' names."""
        self.watch = Watch(first_message_seconds)
        self.pace = Pace()
        self._pipeline = pipeline
        self._errors = errors
        self._bindings: dict[str, Binding] = {}
        self._generic: list[grpc.GenericRpcHandler] = []

    @property
    def calls_in_flight(self) -> int:
        """How many calls are being served, or wait for their turn."""
        return len(self.watch) + len(self.pace)

    async def take_turn(self, path: str, loop: asyncio.AbstractEventLoop) -> float:
        """Waits until a call that has come may begin. Answers for how many seconds; health never waits."""
        if path.startswith(_URGENT):
            return 0.0
        began = time.monotonic()
        await self.pace.turn(loop)
        return time.monotonic() - began

    def add_registered_method_handlers(
        self, service_name: str, method_handlers: Mapping[str, grpc.RpcMethodHandler]
    ) -> None:
        """Adds a service's methods; generated `add_XServicer_to_server` functions call it. Raises ContractError."""
        for name, handler in method_handlers.items():
            path = f"/{service_name}/{name}"
            if path not in self.methods:
                raise ContractError(f"{path} is served, but nothing says who may call it")
            self._bindings[path] = bind(self.methods[path], handler)

    def add_generic_rpc_handlers(self, generic_rpc_handlers: Iterable[grpc.GenericRpcHandler]) -> None:
        """Adds handlers that are asked for methods which are not registered."""
        self._generic.extend(generic_rpc_handlers)

    def add_face(self, face: Face) -> None:
        """Has a face answer what comes in at its door."""
        self.faces[face.door.encode()] = face

    def binding_of(self, path: str, headers: Iterable[tuple[bytes, bytes]]) -> Binding | None:
        """What serves the method of that path; None where nobody does."""
        return self._bindings.get(path) or self._ask_generic_handlers(path, headers)

    async def serve(self, call: Call, binding: Binding, context: Context) -> Outcome | None:
        """Takes the call through the pipeline; None where nobody waits for how it ended."""
        try:
            context.exchange.keep_deadline()
            await self._pipeline(call, binding.invoke)
            return context.outcome()
        except Abort:
            return context.outcome()
        except (Exception, asyncio.CancelledError) as error:
            return self._failed(error, call, context)

    async def carry(self, call: Call, handle: Handler) -> ApiError | None:
        """Takes a call that is none of gRPC through the pipeline to `handle`; what to tell of it where it failed."""
        try:
            await self._pipeline(call, handle)
        except Exception as error:
            return self._errors(error)
        return None

    def pass_pipeline(self, call: Call, handle: Handler) -> Awaitable[None]:
        """The pipeline's way for a call, to `handle` and back. Raises whatever ends it: see `error_of`."""
        return self._pipeline(call, handle)

    def error_of(self, error: Exception) -> ApiError:
        """What to tell of an exception."""
        return self._errors(error)

    def _failed(self, error: BaseException, call: Call, context: Context) -> Outcome | None:
        """How a call ended with this exception. Not in `serve`, whose frame the exception holds: if that in turn named
        the cause, which mostly is the exception itself, neither would go before the garbage collector looks."""
        exchange = context.exchange
        cause = exchange.cancellation(error) if isinstance(error, asyncio.CancelledError) else error
        if exchange.disconnected:
            return None
        return outcome_of(self._errors(cause), call.ray_id, context.trailing_metadata())

    async def end_calls(self) -> None:
        """Cuts short the calls that are left, and waits for them, but not for ever."""
        self.pace.open()
        await asyncio.sleep(0)  # those that waited are seen by the watch
        self.watch.cut_all(Cut.STOPPING)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.watch.empty(), _STOP_SECONDS)

    def _ask_generic_handlers(self, path: str, headers: Iterable[tuple[bytes, bytes]]) -> Binding | None:
        method = self.methods.get(path)
        if method is None or not self._generic:
            return None
        try:
            metadata = decode(headers)
        except ApiError:  # told where the servicer asks for it
            metadata = ()
        details = _HandlerCallDetails(path, metadata)
        for generic in self._generic:
            handler = generic.service(details)
            if handler is not None:
                return bind(method, handler)
        return None


def leave_generators_alone() -> None:
    """Keeps the running loop from noting every asynchronous generator that begins: by a weak reference each, some 3 us,
    for nothing but to close those that are left when it ends. Ours are closed by who iterates; those that are collected
    unfinished the loop closes as before."""
    sys.set_asyncgen_hooks(firstiter=None)


def spare_what_stays() -> None:
    """Keeps the garbage collector from looking again and again at what start-up has made: a full collection took 25 to
    100 ms, in which no call went on. Calls themselves leave no cycles, so it may look rarely."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 50)
