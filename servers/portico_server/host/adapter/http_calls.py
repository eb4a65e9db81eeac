"""Requests of plain HTTP as calls: through the pipeline to an endpoint, and its answer back."""

from __future__ import annotations

import asyncio
import time
from time import perf_counter_ns
from typing import Any

import grpc

from portico_server.host.adapter.exchange import Event, Receive, Scope, Send
from portico_server.host.adapter.refusals import discard
from portico_server.host.adapter.serving import Serving
from portico_server.platform.call import Call, current
from portico_server.platform.errors import ApiError
from portico_server.platform.http_face import Endpoint, HttpRequest, HttpResponse
from portico_server.platform.peer import peer_at

BODY_SECONDS = 10.0
"""How long a body may take, where Envoy has not collected it before."""


class HttpContext:
    """As much of a `ServicerContext` as the pipeline looks at."""

    __slots__ = ("_client",)

    def __init__(self, client: tuple[str, int] | None) -> None:
        self._client = client

    def peer(self) -> str:
        """As grpcio spells it."""
        if self._client is None:
            return "unix:"
        host, port = self._client
        return f"ipv6:[{host}]:{port}" if ":" in host else f"ipv4:{host}:{port}"

    def code(self) -> grpc.StatusCode | None:
        return None

    def time_remaining(self) -> float | None:
        return None


async def answer_http(
    serving: Serving, endpoint: Endpoint, scope: Scope, receive: Receive, send: Send, arrival: tuple[int, int]
) -> None:
    """Takes a request to its end. `arrival`: nanoseconds since 1970, and of `perf_counter_ns`."""
    context: Any = HttpContext(scope.get("client"))
    peer = peer_at(scope.get("client"))
    call = Call(endpoint.method, context, dict(scope["headers"]), _no_message, *arrival, peer=peer)
    current.set(call)
    answered: list[HttpResponse] = []
    unread = True

    async def handle(call: Call) -> None:
        nonlocal unread
        start_ns = perf_counter_ns()
        try:
            body = await _body(receive, endpoint.max_body_bytes)
            unread = False
            call.received_bytes = len(body)
            request = HttpRequest(scope["method"], scope["path"], scope.get("query_string", b""), call.headers, body)
            response = await endpoint.answer(request)
            call.sent_bytes = len(response.content)
            answered.append(response)
        finally:
            call.steps.append(("handler", start_ns, perf_counter_ns() - start_ns))

    refused = await serving.carry(call, handle)
    if unread:
        await discard(receive)
    response = endpoint.refusal(refused) if refused is not None else answered[0]
    # Those of the response win: a protocol may have another challenge than the pipeline's.
    headers = {**dict(call.response_headers), **response.headers, "content-length": str(len(response.content))}
    encoded = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": response.status, "headers": encoded})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else response.content})


async def _no_message() -> Any:
    raise AssertionError("nothing is decided on the message of a call that has none")


async def _body(receive: Receive, max_bytes: int) -> bytes:
    """Raises ApiError for one that is too long, or does not come."""
    parts: list[bytes] = []
    size_bytes, end = 0, time.monotonic() + BODY_SECONDS
    while True:
        arrival = asyncio.ensure_future(receive())
        # Which does not cancel: pyvoy stumbles over what is.
        await asyncio.wait((arrival,), timeout=max(0.0, end - time.monotonic()))
        event: Event = arrival.result() if arrival.done() else {"type": "http.disconnect"}
        if event["type"] == "http.disconnect":
            raise ApiError(grpc.StatusCode.CANCELLED, "BODY_MISSING", "the request's body did not come in time")
        part: bytes = event.get("body", b"")
        size_bytes += len(part)
        if size_bytes > max_bytes:
            raise ApiError(
                grpc.StatusCode.INVALID_ARGUMENT,
                "BODY_TOO_LARGE",
                f"the request's body must have at most {max_bytes} bytes here",
            )
        parts.append(part)
        if not event.get("more_body"):
            return b"".join(parts)
