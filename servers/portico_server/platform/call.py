"""One call on its way through the house: what the steps of the pipeline read and write, and what a product may ask of
it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Protocol

import grpc

from portico_server.platform.authorization import Authorizer, Filter, Principal
from portico_server.platform.errors import ApiError
from portico_server.platform.methods import Method
from portico_server.platform.peer import NOBODY
from portico_server.platform.peer import Peer as Peer

Check = Callable[[Any], None]
"""Looks at one request message; raises ApiError to refuse it."""


@dataclass(slots=True, eq=False)
class Trace:
    """Where the call stands in its trace. Ids in hexadecimal. Replaced, not changed.

    `sampled`: spans are recorded and kept (the flag of W3C Trace Context). `tentative`: they are recorded, and whether
    they are kept is judged when the call has ended.
    """

    trace_id: str
    span_id: str
    parent_span_id: str = ""
    sampled: bool = False
    tentative: bool = False


NO_TRACE = Trace("", "")
"""Until the call has been placed in one."""


@dataclass(slots=True)
class Call:
    """Made by the host for each call, filled by the pipeline, answered by a servicer.

    `headers` are the request's as the host has them (lower-case names, the last of a name wins). `first_message` reads
    and parses the first request message, once, and a step of the pipeline puts it into `message` for those behind it;
    the host applies `checks` to every later message of a request stream. `response_headers` are sent with the initial
    metadata, or with the trailers where there is none. `steps` holds (step, start, duration) in nanoseconds of
    `time.perf_counter_ns`.

    `face` is the door of the face that makes the call (`platform.faces`), empty for none; `credential` is what tells of
    such a call who makes it, in place of the headers. `anonymous`: the caller may call only because the method's option
    says `anonymous`. Then the servicer allows what the resource itself opens to everybody, and else raises what
    `denial` makes.

    `beside`: where large bytes of a stream's messages (`google.api.HttpBody`) are handed over, not in them: protobuf
    would copy them in and out. A servicer that streams such responses, and finds a list there, appends them to it and
    yields the message without them. One that takes a stream of such requests makes a list before it asks for the second
    message; what is in the list when a message has come belongs to that, and is to be taken out.

    `rows`: where a face takes the rows of a list, not as messages, which take longer to be made and read than to be
    told. A servicer that finds a list there appends them to it, as one, and answers its message without them.
    """

    method: Method
    context: grpc.aio.ServicerContext[Any, Any]
    headers: Mapping[bytes, bytes]
    first_message: Callable[[], Awaitable[Any]]
    arrival_time_ns: int  # since 1970
    arrival_ns: int  # of time.perf_counter_ns
    message: Any = None
    peer: Peer = NOBODY
    ray_id: str = ""
    trace: Trace = NO_TRACE
    principal: Principal | None = None
    acting: str = ""  # for calls between products: the service that calls on the principal's behalf; see platform.mesh
    origin: Peer = NOBODY  # for those: the peer of the call that the principal made
    resource: str = ""  # the first that the call names
    held: frozenset[str] = frozenset()  # which of the method's MODE_EITHER permissions the caller holds
    filter: Filter | None = None  # for lists: what they may show
    authorizer: Authorizer | None = None  # who decided, for handlers that find out later what a request is about
    checks: list[Check] = field(default_factory=list)
    response_headers: list[tuple[str, str]] = field(default_factory=list)
    steps: list[tuple[str, int, int]] = field(default_factory=list)
    spans: list[Any] = field(default_factory=list)  # recorded ones, see platform.telemetry
    received_bytes: int = 0
    sent_bytes: int = 0
    handler: Handler | None = None  # the innermost: what the pipeline leads to
    face: str = ""
    credential: Credential | None = None
    anonymous: bool = False
    denial: Callable[[], ApiError] | None = None
    beside: list[bytes] | None = None
    rows: list[Any] | None = None
    at_end: Callable[[], None] | None = None  # what gives back what the call has taken; called once, however it ends

    def header(self, name: bytes) -> str:
        """A request header's value, empty if absent."""
        return self.headers.get(name, b"").decode("latin-1")


Credential = Callable[[Call], Principal | None]
"""Says who makes a call that a face makes; None: nobody who showed anything. Raises ApiError (UNAUTHENTICATED)."""

Handler = Callable[[Call], Awaitable[None]]
"""Takes a call to its end: the innermost one runs the servicer and sends what it answers."""


class Step(Protocol):
    """One step of the pipeline: does its part, calls `proceed` for the rest of the way, sees how it ended.

    A coroutine function, or, where nothing is left to do after `proceed`, a function that answers what that answered:
    one coroutine less, of which each costs every wake-up of the call.
    """

    def __call__(self, call: Call, proceed: Handler) -> Awaitable[None]: ...


current: ContextVar[Call] = ContextVar("portico_call")
"""The call that is being served, for servicers and what they use. Set by the host."""
