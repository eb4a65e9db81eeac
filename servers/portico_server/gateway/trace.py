"""Step: places the call in its trace. Beside it: the gateway's own span of a call.

Source: W3C Trace Context (traceparent), OpenTelemetry's semantic conventions for RPC.
"""

from __future__ import annotations

import random
import re
from collections.abc import Awaitable, Callable
from typing import NamedTuple

from portico_server.gateway.outcome import OK, code_name
from portico_server.platform.call import Call, Handler, Step, Trace
from portico_server.platform.telemetry import Span
from portico_server.platform.telemetry.otlp import attached_parent
from portico_server.platform.telemetry.telemetry import SERVER_FAULTS

_TRACEPARENT = re.compile(rb"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?", re.DOTALL)
_SAMPLED = 0x01


class Parent(NamedTuple):
    """The caller's span. Ids in hexadecimal."""

    trace_id: str
    span_id: str
    sampled: bool


def parse_traceparent(header: bytes) -> Parent | None:
    """The caller's span; None for what is not a traceparent, which is then to be ignored (W3C Trace Context, 3.2.2)."""
    match = _TRACEPARENT.fullmatch(header)
    if match is None:
        return None
    version, trace_id, span_id, flags, more = match.groups()
    if version == b"ff" or (version == b"00" and more):
        return None
    if trace_id == b"0" * 32 or span_id == b"0" * 16:
        return None
    return Parent(trace_id.decode(), span_id.decode(), bool(int(flags, 16) & _SAMPLED))


def trace(
    sample_ratio: float,
    *,
    record_all: bool = False,
    parent_other_libraries: bool = False,
    chance: Callable[[], float] = random.random,
) -> Step:
    """Continues the caller's trace, or begins one named by the ray id.

    Spans are kept when the caller says so, and for `sample_ratio` of the rest; `chance` answers from 0 to below 1. With
    `record_all` those of all other calls are recorded too, and kept only if the end of the call is worth it. With
    `parent_other_libraries` the gateway's span is OpenTelemetry's current one, too.
    """

    def step(call: Call, proceed: Handler) -> Awaitable[None]:
        header = call.headers.get(b"traceparent")
        parent = parse_traceparent(header) if header else None
        span_id = call.ray_id[16:]  # random already, and the gateway's span is the ray's one
        if parent is None:
            sampled = chance() < sample_ratio
            call.trace = Trace(call.ray_id, span_id, "", sampled, record_all and not sampled)
        else:
            sampled = parent.sampled or chance() < sample_ratio
            call.trace = Trace(parent.trace_id, span_id, parent.span_id, sampled, record_all and not sampled)
        return attach(call, proceed) if sampled and parent_other_libraries else proceed(call)

    async def attach(call: Call, proceed: Handler) -> None:
        with attached_parent(call.trace):
            await proceed(call)

    return step


def server_span(call: Call, code: int, reason: str, duration_ns: int) -> Span:
    """The gateway's own span of a call that has ended with this `google.rpc.Code` and reason."""
    span = Span(call, call.method.path[1:], "gateway", call.trace.span_id, call.trace.parent_span_id, call.arrival_ns)
    span.duration_ns = duration_ns
    span.code = code
    span.attributes = _attributes(call, code, reason)
    span.is_error = code in SERVER_FAULTS
    return span


def _attributes(call: Call, code: int, reason: str) -> dict[str, str | int]:
    attributes: dict[str, str | int] = {
        "rpc.system.name": "grpc",
        "rpc.method": call.method.path[1:],
        "rpc.response.status_code": code_name(code),
    }
    if code != OK:
        attributes["error.type"] = reason or code_name(code)
    if call.peer.address:
        attributes["client.address"] = call.peer.address
    if call.principal is not None:
        attributes["enduser.id"] = call.principal.name
    if call.resource:
        attributes["portico.resource"] = call.resource
    return attributes
