"""One call within the process, as both of its sides hold it."""

from __future__ import annotations

import asyncio
import time
from typing import Any, NamedTuple

import grpc

from portico_server.host.adapter import metadata
from portico_server.host.adapter.binding import Binding
from portico_server.host.adapter.context import Context
from portico_server.host.adapter.deadline import exceeded
from portico_server.host.adapter.exchange import NO_CONTEXT, Cut, Exchange
from portico_server.host.adapter.status import Outcome, outcome_of
from portico_server.host.mesh.local.pipe import Pipe
from portico_server.host.mesh.local.requests import LocalRequests
from portico_server.host.mesh.local.responses import LocalResponses
from portico_server.host.mesh.messages import Crossing
from portico_server.host.mesh.outgoing import Outgoing
from portico_server.platform.call import Call

CANCELLED = Outcome(grpc.StatusCode.CANCELLED, "the call was cancelled")

GIVEN_UP = Outcome(grpc.StatusCode.CANCELLED, "the caller cancelled the call")
"""This very one is the caller's own doing, which grpcio tells by CancelledError."""


class Target(NamedTuple):
    """A method as it is called: what serves it, and how its messages cross in both directions. It is not known where
    nothing serves it."""

    binding: Binding
    requests: Crossing
    responses: Crossing
    known: bool = True


class LocalExchange(Exchange):
    """A call in flight whose task is made after it."""

    __slots__ = ()

    def __init__(self, headers: dict[bytes, bytes], outgoing: Outgoing, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__({"client": None, "headers": ()}, headers, loop)
        self.deadline = outgoing.deadline
        self._task = None

    def adopt(self, task: asyncio.Task[None]) -> None:
        self._task = task


class LocalContext(Context):
    """The `grpc.aio.ServicerContext` of a call within the process."""

    __slots__ = ("_metadata",)

    def __init__(self, exchange: Exchange, requests: LocalRequests, responses: Any, sent: metadata.Headers) -> None:
        super().__init__(exchange, requests, responses, None)
        self._metadata = sent

    def invocation_metadata(self) -> metadata.Metadata:
        return metadata.decode(self._metadata)

    def peer(self) -> str:
        return "inproc:"


class LocalCall:
    """One call, which both sides hold: the caller reads `responses` and writes to `pipe`; `call` is the pipeline's."""

    __slots__ = ("_timer", "binding", "call", "context", "exchange", "loop", "pipe", "responses", "target")

    def __init__(self, target: Target, outgoing: Outgoing, request: Any, max_message_bytes: int) -> None:
        self.loop = loop = asyncio.get_running_loop()
        self.target = target
        self.binding = binding = target.binding
        encoded = metadata.encode(outgoing.metadata) if outgoing.metadata else []
        headers = dict(encoded)
        if outgoing.traceparent:
            headers[b"traceparent"] = outgoing.traceparent.encode()
        self.exchange = exchange = LocalExchange(headers, outgoing, loop)
        self.pipe = Pipe() if binding.request_streaming else None
        requests = LocalRequests(exchange, binding, max_message_bytes, request, self.pipe)
        self.responses = responses = LocalResponses(loop, target.responses, streaming=binding.response_streaming)
        self.context = LocalContext(exchange, requests, responses, encoded)
        self.call = Call(
            binding.method,
            self.context,
            headers,
            requests.first,
            time.time_ns(),
            time.perf_counter_ns(),
            principal=outgoing.principal,
            acting=outgoing.acting,
            origin=outgoing.origin,
        )
        requests.call = responses.call = self.call
        self._timer: asyncio.TimerHandle | None = None
        seconds = outgoing.remaining_seconds
        if seconds is not None and seconds <= 0:
            self._late()
        elif seconds is not None:
            self._timer = loop.call_later(seconds, self._late, context=NO_CONTEXT)

    def finish(self, outcome: Outcome) -> None:
        """Tells the caller how it ended; the first time counts."""
        if self._timer is not None:
            self._timer.cancel()
        self.responses.finish(outcome)

    def cancel(self) -> None:
        """The caller gives up: it is told at once, the servicer's task is cancelled."""
        self.finish(GIVEN_UP)
        self._cut(Cut.DISCONNECTED)

    def _late(self) -> None:
        """The time is up: the caller is told now, though the servicer take its time to end."""
        self.finish(outcome_of(exceeded(), self.call.ray_id))
        self._cut(Cut.DEADLINE)

    def _cut(self, cut: Cut) -> None:
        for pipe in (self.pipe, self.responses.pipe):
            if pipe is not None:
                pipe.close()
        self.exchange.cancel(cut)

    def end(self) -> None:
        """The servicer is done; requests that it has not read are nobody's."""
        if self.pipe is not None:
            self.pipe.close()
        self.exchange.end()
        self.context.requests.call = self.responses.call = None
        self.context.call_back()
