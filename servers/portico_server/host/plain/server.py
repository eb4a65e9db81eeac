"""The `grpc.aio` server: takes calls at a Unix socket, and each through the pipeline to its servicer. Beside it stands
that for all else (`http`)."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

import grpc

from portico_server.host.adapter.application import GrpcApplication
from portico_server.host.adapter.binding import Binding
from portico_server.host.adapter.calls import unknown
from portico_server.host.adapter.context import Context
from portico_server.host.adapter.metadata import Headers
from portico_server.host.adapter.serving import Serving, leave_generators_alone, spare_what_stays
from portico_server.host.envoy import windows
from portico_server.host.plain.exchange import PlainExchange, headers_of
from portico_server.host.plain.http import serving_http
from portico_server.host.plain.requests import PlainRequests
from portico_server.host.plain.responses import PlainResponses
from portico_server.platform.call import Call, current
from portico_server.platform.peer import peer_at

_END_SECONDS = 1.0  # how long statuses may take to leave when the server stops
_OURS_TO_REFUSE = 2
"""Messages of so many times the limit still reach us, to be refused with a reason; larger ones gRPC's core refuses."""


async def serve(application: GrpcApplication, socket: str, http_socket: str, stop: asyncio.Event) -> None:
    """Serves gRPC calls at the socket, all else at the other one, paths of 107 bytes at most, until `stop` is set; then
    cuts short the calls that are left.

    The sockets' folder must be this user's alone: who can connect is believed to be Envoy.
    """
    server = grpc.aio.server(options=_options(application.max_message_bytes))
    server.add_generic_rpc_handlers([_Handlers(application)])
    path = Path(socket)
    path.unlink(missing_ok=True)  # noqa: ASYNC240 - nobody waits yet
    server.add_insecure_port(f"unix:{socket}")
    try:
        async with application.lifespan(), serving_http(application, http_socket):
            leave_generators_alone()
            spare_what_stays()
            await server.start()
            await stop.wait()
            await application.end_calls()
            await server.stop(_END_SECONDS)
    finally:
        await server.stop(None)
        path.unlink(missing_ok=True)  # noqa: ASYNC240 - nor any more


def _options(max_message_bytes: int) -> list[tuple[str, int]]:
    return [
        ("grpc.max_receive_message_length", _OURS_TO_REFUSE * max_message_bytes),
        ("grpc.max_send_message_length", -1),
        ("grpc.so_reuseport", 0),
        # gRPC's core, once it has failed to read a header, fails to read every later one whose name Envoy's compression
        # took from it: then one client's mistake would be that of all who share the connection.
        ("grpc.http2.hpack_table_size.decoder", 0),
        # Envoy bounds what a client may send and how often; it is the only one who connects here.
        ("grpc.max_metadata_size", 256 * 1024),
        ("grpc.absolute_max_metadata_size", 256 * 1024),
        ("grpc.http2.min_ping_interval_without_data_ms", 1000),
        ("grpc.http2.max_ping_strikes", 0),
        # As much of a stream as Envoy keeps itself, however fast the socket is: gRPC's own guess was 16 MiB of each.
        ("grpc.http2.bdp_probe", 0),
        ("grpc.http2.lookahead_bytes", windows.STREAM_WINDOW_BYTES),
    ]


class _Handlers(grpc.GenericRpcHandler):  # type: ignore[misc]  # grpcio has no types
    """Answers a handler for every method: which there are, is for the pipeline's ears too."""

    def __init__(self, application: Serving) -> None:
        self._application = application

    def service(self, handler_call_details: Any) -> grpc.RpcMethodHandler:
        """Called once a call. Requests are taken as a stream of bytes, whatever the method's are, so that bounds, times
        and errors are those of `Messages`."""
        arrival = time.time_ns(), time.perf_counter_ns()
        path: str = handler_call_details.method
        headers = headers_of(handler_call_details.invocation_metadata)
        binding = self._application.binding_of(path, headers) or unknown(path)

        async def handle(_: Any, grpc_context: Any) -> bytes:
            return await _carry(self._application, binding, path, headers, arrival, grpc_context)

        if binding.response_streaming:
            return grpc.stream_stream_rpc_method_handler(handle)
        return grpc.stream_unary_rpc_method_handler(handle)


async def _carry(
    application: Serving,
    binding: Binding,
    path: str,
    headers: Headers,
    arrival: tuple[int, int],
    grpc_context: Any,
) -> bytes:
    """Takes one call to its end; what it answers, grpc.aio sends where the response is one message."""
    loop = asyncio.get_running_loop()
    waited_seconds = 0.0 if application.pace.may_begin(loop) else await application.take_turn(path, loop)
    exchange = PlainExchange(path, headers, loop)
    exchange.waited_seconds = waited_seconds
    requests = PlainRequests(exchange, grpc_context, binding, application.max_message_bytes)
    responses = PlainResponses(exchange, grpc_context)
    context = Context(exchange, requests, responses, binding.serialize)
    peer = peer_at(exchange.scope["client"])
    call = Call(binding.method, context, exchange.headers, requests.first, *arrival, peer=peer)
    requests.call = responses.call = call  # until it is over: the call refers to them
    current.set(call)
    application.watch.add(requests)
    try:
        outcome = await application.serve(call, binding, context)
        if outcome is None or exchange.disconnected:
            raise asyncio.CancelledError
        if exchange.transcoded and not (outcome.ok or responses.started):
            await requests.discard()
        return await responses.finish(outcome)
    finally:
        application.watch.remove(requests)
        exchange.end()
        requests.call = responses.call = None
        context.call_back()
