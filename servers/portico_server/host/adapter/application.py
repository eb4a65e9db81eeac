"""The ASGI application that Envoy hosts: calls in, each through the pipeline to its servicer, answers out."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import NamedTuple

import grpc

from portico_server.host.adapter.binding import Binding
from portico_server.host.adapter.calls import bind, unknown
from portico_server.host.adapter.context import Abort, Context
from portico_server.host.adapter.exchange import Cut, Exchange, Receive, Scope, Send
from portico_server.host.adapter.metadata import Metadatum, decode
from portico_server.host.adapter.refusals import is_grpc, refuse
from portico_server.host.adapter.requests import Requests
from portico_server.host.adapter.responses import Responses
from portico_server.host.adapter.rest_verbs import RestVerbs
from portico_server.host.adapter.status import Outcome, outcome_of
from portico_server.host.adapter.watch import Watch
from portico_server.platform.call import Call, Step, current
from portico_server.platform.errors import ApiError
from portico_server.platform.methods import ContractError, Method

_log = logging.getLogger(__name__)
_STOP_SECONDS = 5.0  # how long calls may take to end once they are cancelled


class _HandlerCallDetails(NamedTuple):
    """What grpcio's generic handlers are asked with."""

    method: str
    invocation_metadata: tuple[Metadatum, ...]


@grpc.aio.Server.register
class GrpcApplication:
    """Serves grpcio's servicers as an ASGI application.

    It has the face of a `grpc.aio.Server` where servicers are added; they must be added before the calls come.
    `pipeline` is what every call passes; `methods` says what is known of a method, by path, and must know each one that
    is added; `errors` says what to tell of an exception; `max_message_bytes` bounds a request message after
    decompression; `first_message_seconds` is how long a call may take to say what it is about; `lifespan` spans the
    time of serving.
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
    ) -> None:
        self._pipeline = pipeline
        self._methods = methods
        self._rest_verbs = RestVerbs(methods)
        self._errors = errors
        self._max_message_bytes = max_message_bytes
        self._lifespan = lifespan
        self._bindings: dict[str, Binding] = {}
        self._generic: list[grpc.GenericRpcHandler] = []
        self._watch = Watch(first_message_seconds)

    @property
    def calls_in_flight(self) -> int:
        """How many calls are being served."""
        return len(self._watch)

    def add_registered_method_handlers(
        self, service_name: str, method_handlers: Mapping[str, grpc.RpcMethodHandler]
    ) -> None:
        """Adds a service's methods; generated `add_XServicer_to_server` functions call it. Raises ContractError."""
        for name, handler in method_handlers.items():
            path = f"/{service_name}/{name}"
            if path not in self._methods:
                raise ContractError(f"{path} is served, but nothing says who may call it")
            self._bindings[path] = bind(self._methods[path], handler)

    def add_generic_rpc_handlers(self, generic_rpc_handlers: Iterable[grpc.GenericRpcHandler]) -> None:
        """Adds handlers that are asked for methods which are not registered."""
        self._generic.extend(generic_rpc_handlers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        arrival_time_ns, arrival_ns = time.time_ns(), time.perf_counter_ns()
        if scope["type"] != "http":
            await self._live(scope, receive, send)
            return
        headers = dict(scope["headers"])
        binding = self._bindings.get(scope["path"]) or self._ask_generic_handlers(scope)
        if not is_grpc(headers.get(b"content-type", b"")) or scope["method"] != "POST":
            await refuse(scope, receive, send, ["POST"] if binding is not None else self._rest_verbs.at(scope["path"]))
            return
        if binding is None:
            binding = unknown(scope["path"])
        exchange = Exchange(scope, headers, asyncio.get_running_loop())
        requests = Requests(exchange, receive, binding, self._max_message_bytes)
        responses = Responses(exchange, send)
        context = Context(exchange, requests, responses, binding.serialize)
        call = Call(binding.method, context, headers, requests.first, arrival_time_ns, arrival_ns)
        requests.call = responses.call = call  # until it is over: the call refers to them
        current.set(call)
        self._watch.add(requests)
        try:
            outcome = await self._serve(call, binding, context)
            if exchange.transcoded and outcome is not None and not (outcome.ok or responses.started):
                await requests.discard()
            if outcome is not None and not exchange.disconnected:
                responses.finish(outcome, streaming=binding.response_streaming)
        finally:
            self._watch.remove(requests)
            exchange.end()
            requests.call = responses.call = None
            context.call_back()

    async def _serve(self, call: Call, binding: Binding, context: Context) -> Outcome | None:
        """Takes the call through the pipeline; None where nobody waits for how it ended."""
        exchange = context.exchange
        try:
            exchange.keep_deadline()
            await self._pipeline(call, binding.invoke)
            return context.outcome()
        except Abort:
            return context.outcome()
        except (Exception, asyncio.CancelledError) as error:
            if exchange.disconnected:
                return None
            cause = exchange.cancellation(error) if isinstance(error, asyncio.CancelledError) else error
            return outcome_of(self._errors(cause), call.ray_id, context.trailing_metadata())

    def _ask_generic_handlers(self, scope: Scope) -> Binding | None:
        method = self._methods.get(scope["path"])
        if method is None or not self._generic:
            return None
        try:
            metadata = decode(scope["headers"])
        except ApiError:  # told where the servicer asks for it
            metadata = ()
        details = _HandlerCallDetails(scope["path"], metadata)
        for generic in self._generic:
            handler = generic.service(details)
            if handler is not None:
                return bind(method, handler)
        return None

    async def _live(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI's lifespan: starts, waits for the end, cuts short the calls that are left, stops."""
        if scope["type"] != "lifespan":
            return
        await receive()
        phase = "startup"
        try:
            async with self._lifespan():
                _spare_what_stays()
                await send({"type": "lifespan.startup.complete"})
                phase = "shutdown"
                await receive()
                await self._end_calls()
        except Exception as error:
            _log.exception("%s failed", phase)
            await send({"type": f"lifespan.{phase}.failed", "message": str(error)})
            return
        await send({"type": "lifespan.shutdown.complete"})

    async def _end_calls(self) -> None:
        self._watch.cut_all(Cut.STOPPING)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._watch.empty(), _STOP_SECONDS)


def _spare_what_stays() -> None:
    """Keeps the garbage collector from looking again and again at what start-up has made: a full collection took 25 to
    100 ms, in which no call went on. Calls themselves leave no cycles, so it may look rarely."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 50)
