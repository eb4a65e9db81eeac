"""The ASGI application that Envoy hosts: calls in, each through the pipeline to its servicer, answers out."""

from __future__ import annotations

import asyncio
import functools
import logging
import time
from dataclasses import replace

from portico_server.host.adapter import connect, pages
from portico_server.host.adapter.binding import Binding
from portico_server.host.adapter.calls import unknown
from portico_server.host.adapter.connect_exchange import ConnectExchange
from portico_server.host.adapter.connect_requests import ConnectRequests
from portico_server.host.adapter.connect_responses import ConnectResponses
from portico_server.host.adapter.context import Context
from portico_server.host.adapter.exchange import Exchange, Receive, Scope, Send
from portico_server.host.adapter.faces import DOOR, answer_at_door
from portico_server.host.adapter.http_calls import answer_http
from portico_server.host.adapter.refusals import is_grpc, refuse
from portico_server.host.adapter.requests import Requests
from portico_server.host.adapter.responses import Responses
from portico_server.host.adapter.rest_verbs import RestVerbs
from portico_server.host.adapter.serving import Serving, leave_generators_alone, spare_what_stays
from portico_server.host.adapter.stream_context import StreamContext
from portico_server.platform.call import Call, current
from portico_server.platform.peer import peer_at

_log = logging.getLogger(__name__)


class GrpcApplication(Serving):
    """Serves grpcio's servicers as an ASGI application; what it is made of, `Serving` says."""

    @functools.cached_property
    def _rest_verbs(self) -> RestVerbs:
        return RestVerbs(self.methods)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        arrival_time_ns, arrival_ns = time.time_ns(), time.perf_counter_ns()
        if scope["type"] != "http":
            await self._live(scope, receive, send)
            return
        loop = asyncio.get_running_loop()
        waited_seconds = 0.0 if self.pace.may_begin(loop) else await self.take_turn(scope["path"], loop)
        headers = dict(scope["headers"])
        if DOOR in headers:
            await answer_at_door(self, scope, headers, receive, send, (arrival_time_ns, arrival_ns))
            return
        binding = self.binding_of(scope["path"], scope["headers"])
        beside: list[bytes] | None = None
        if is_grpc(headers.get(b"content-type", b"")) and scope["method"] == "POST":
            binding = binding or unknown(scope["path"])
            exchange = Exchange(scope, headers, loop)
            requests = Requests(exchange, receive, binding, self.max_message_bytes)
            responses = Responses(exchange, send)
            if binding.response_streaming and not binding.request_streaming:
                context = StreamContext(exchange, requests, responses, binding.serialize)
                beside = context.beside
            else:
                context = Context(exchange, requests, responses, binding.serialize)
        elif binding is not None and (dialect := connect.dialect_of(scope, headers, binding)) is not None:
            binding = replace(binding, deserialize=None, serialize=None)  # its codec does both
            exchange = ConnectExchange(scope, headers, loop, dialect)
            requests = ConnectRequests(exchange, receive, binding, self.max_message_bytes, dialect)
            responses = ConnectResponses(exchange, send, dialect)
            context = Context(exchange, requests, responses, binding.serialize)
        else:
            arrival = arrival_time_ns, arrival_ns
            await self._answer_others(scope, receive, send, arrival, binding)
            return
        exchange.waited_seconds = waited_seconds
        peer = peer_at(scope.get("client"))
        call = Call(binding.method, context, exchange.headers, requests.first, arrival_time_ns, arrival_ns, peer=peer)
        call.beside = beside
        requests.call = responses.call = call  # until it is over: the call refers to them
        current.set(call)
        self.watch.add(requests)
        try:
            outcome = await self.serve(call, binding, context)
            if exchange.reads_out and outcome is not None and not (outcome.ok or responses.started):
                await requests.discard()
            if outcome is not None and not exchange.disconnected:
                responses.finish(outcome, streaming=binding.response_streaming)
        finally:
            self.watch.remove(requests)
            exchange.end()
            requests.end()
            responses.call = None
            context.call_back()

    async def _answer_others(
        self, scope: Scope, receive: Receive, send: Send, arrival: tuple[int, int], binding: Binding | None
    ) -> None:
        """What is no call of gRPC: an endpoint answers, a page is shown, everything else refused."""
        if binding is not None:
            await refuse(scope, receive, send, connect.verbs_of(scope, binding))
            return
        if (endpoint := self.find_endpoint(scope["path"])) is not None:
            verbs = [*endpoint.verbs, *(["HEAD"] if "GET" in endpoint.verbs else [])]
            if scope["method"] in verbs:
                await answer_http(self, endpoint, scope, receive, send, arrival)
            else:
                await refuse(scope, receive, send, verbs)
            return
        page = await self.find_page(scope["path"])
        if page is None:
            await refuse(scope, receive, send, self._rest_verbs.at(scope["path"]))
        elif scope["method"] in pages.METHODS:
            await pages.show(scope, send, page)
        else:
            await refuse(scope, receive, send, pages.METHODS)

    async def _live(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI's lifespan: starts, waits for the end, cuts short the calls that are left, stops."""
        if scope["type"] != "lifespan":
            return
        await receive()
        phase = "startup"
        try:
            async with self.lifespan():
                leave_generators_alone()
                spare_what_stays()
                await send({"type": "lifespan.startup.complete"})
                phase = "shutdown"
                await receive()
                await self.end_calls()
        except Exception as error:
            _log.exception("%s failed", phase)
            await send({"type": f"lifespan.{phase}.failed", "message": str(error)})
            return
        await send({"type": "lifespan.shutdown.complete"})
