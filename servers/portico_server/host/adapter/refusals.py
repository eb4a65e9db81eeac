"""Plain HTTP answers to requests that are not gRPC. What REST clients may call was turned into gRPC before."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Sequence

from portico_server.host.adapter.exchange import Receive, Scope, Send
from portico_server.host.adapter.requests import DISCARDED_BYTES, DISCARDING_SECONDS
from portico_server.platform.errors import DOMAIN

_HINT = "this address speaks gRPC, gRPC-Web, Connect, and REST on the paths that the contracts name"


def is_grpc(content_type: bytes) -> bool:
    """Whether a request's content type is gRPC with protobuf messages."""
    return content_type == b"application/grpc" or content_type.startswith(
        (b"application/grpc+proto", b"application/grpc;")
    )


async def refuse(scope: Scope, receive: Receive, send: Send, allowed: Sequence[str]) -> None:
    """Says that nothing answers here (404), that the path has only the HTTP methods in `allowed` (405), or that
    messages are wanted in another encoding (415).

    Such a request is no call: it passes no pipeline, so it leaves no request event and its answer names no ray.
    """
    verb = scope["method"]
    if not allowed:
        status, code, reason, message = 404, 5, "PATH_UNKNOWN", f"nothing answers {verb} at this path; {_HINT}"
    elif verb not in allowed:
        status, code, reason = 405, 12, "METHOD_NOT_ALLOWED"
        message = f"this path does not take {verb}, but {', '.join(allowed)}; {_HINT}"
    else:
        status, code, reason = 415, 3, "CONTENT_TYPE_UNKNOWN"
        message = (
            "gRPC methods take the content type application/grpc, or by Connect application/json or application/proto, "
            f"in the query of a GET encoding=json or encoding=proto; {_HINT}"
        )
    headers = [(b"content-type", b"application/json")]
    if status == 405:
        headers.append((b"allow", ", ".join(allowed).encode()))
    info = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason, "domain": DOMAIN}
    body = json.dumps({"code": code, "message": message, "details": [info]}).encode()
    await discard(receive)
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if verb == "HEAD" else body})


async def discard(receive: Receive) -> None:
    """Reads the request's body and throws it away; why, `Requests.discard` says."""
    left, end = DISCARDED_BYTES, time.monotonic() + DISCARDING_SECONDS
    while left > 0 and (seconds := end - time.monotonic()) > 0:
        arrival = asyncio.ensure_future(receive())
        await asyncio.wait((arrival,), timeout=seconds)  # which does not cancel: pyvoy stumbles over what is
        event = arrival.result() if arrival.done() else {}
        left -= len(event.get("body", b""))
        if not event.get("more_body"):
            return
