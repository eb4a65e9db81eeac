"""What a call between products carries, whichever way it goes: for whom it is, until when, in which trace."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import grpc

from portico_server.host.adapter.metadata import Metadata, Metadatum
from portico_server.platform.access.revision import HEADER, KEY
from portico_server.platform.authorization import Principal
from portico_server.platform.call import Call, current
from portico_server.platform.peer import NOBODY, Peer
from portico_server.platform.telemetry.spans import innermost_span_id

_OURS = (
    *("authorization", "traceparent", "tracestate"),
    *("forwarded", "x-ray-id", "x-request-id", "x-real-ip", HEADER),
)
_OUR_PREFIXES = (":", "grpc-", "x-portico-", "portico-", "x-forwarded-", "x-envoy-")


class NoCaller(Exception):
    """The caller's channel was used where nobody's call is being served."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One call before it is known where it goes.

    `principal` is None where the caller is unknown (a public method was called without a token). `acting` is the
    service that calls. `deadline` is of `time.monotonic`; None: none. `traceparent` is empty outside of a trace.
    `origin` is the peer by whose certificate the caller came, of nobody where a product calls for itself.
    `wait_for_ready` and `compression` are grpcio's; within the process all is ready, and nothing is compressed.
    """

    principal: Principal | None
    acting: str
    deadline: float | None
    traceparent: str
    metadata: Metadata
    origin: Peer = NOBODY
    wait_for_ready: bool | None = None
    compression: grpc.Compression | None = None

    @property
    def remaining_seconds(self) -> float | None:
        return None if self.deadline is None else max(0.0, self.deadline - time.monotonic())


class Sender:
    """Makes outgoing calls: on behalf of the current call's caller, or, where `own` is given, as that principal."""

    def __init__(self, product: str, own: Principal | None = None) -> None:
        self._product = product
        self._own = own

    def outgoing(
        self,
        timeout_seconds: float | None,
        metadata: Iterable[tuple[str, Any]] | None,
        wait_for_ready: bool | None = None,
        compression: grpc.Compression | None = None,
    ) -> Outgoing:
        """A call from here and now. Raises NoCaller."""
        call = current.get(None)
        if call is not None and call.context.done():
            call = None  # a task that outlives the call it was started in does not act for its caller
        if self._own is None and call is None:
            raise NoCaller
        deadline = None if timeout_seconds is None else time.monotonic() + timeout_seconds
        sent = _allowed(metadata) if metadata else ()
        if call is not None and KEY in call.headers:  # what the caller saw holds behind us, too
            sent = (*sent, Metadatum(HEADER, call.header(KEY)))
        if call is None:
            return Outgoing(self._own, self._product, deadline, "", sent, NOBODY, wait_for_ready, compression)
        remaining = call.context.time_remaining()
        if remaining is not None:
            until = time.monotonic() + remaining
            deadline = until if deadline is None else min(deadline, until)
        service, trace = call.method.service, _traceparent(call)
        if self._own is not None:
            return Outgoing(self._own, service, deadline, trace, sent, NOBODY, wait_for_ready, compression)
        origin = call.origin if call.acting else call.peer
        return Outgoing(call.principal, service, deadline, trace, sent, origin, wait_for_ready, compression)


def _allowed(metadata: Iterable[tuple[str, Any]]) -> Metadata:
    """Without what the mesh says itself, so that a product may hand on the metadata that it was called with."""
    return tuple(
        Metadatum(key, value) for key, value in metadata if key not in _OURS and not key.startswith(_OUR_PREFIXES)
    )


def _traceparent(call: Call) -> str:
    if not call.trace.trace_id:
        return ""
    return f"00-{call.trace.trace_id}-{innermost_span_id(call)}-{'01' if call.trace.sampled else '00'}"
