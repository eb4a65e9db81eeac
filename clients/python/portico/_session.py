"""Calls as a product's client makes them: token, deadline, retries, typed errors, ray id and spans, in steps for both
clients."""

from __future__ import annotations

import contextlib
import dataclasses
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from portico._channels import Reply
from portico._credentials import Credentials
from portico._methods import Method, Response, lookup
from portico._retries import Deadline, pause_seconds
from portico._revisions import BEHIND, HEADER, UNKNOWN, PolicyRevision
from portico._steps import Result, Steps, exchange, open_stream, sleep
from portico._streams import Stream
from portico._tracing import EXPORT, Span, Tracer, export_request, last_ray, outer_traceparent
from portico.errors import DeadlineExceeded, PorticoError

Metadata = list[tuple[str, str | bytes]]

Attempt = Callable[[float | None, Metadata], Steps[Result]]
"""Makes a call once, given what is left of its time in seconds, and its metadata."""

_HAND_IN_SECONDS = 5.0
_REFUSED_HANDSHAKE = frozenset({"PLATFORM_UNKNOWN", "CERTIFICATE_REFUSED"})
_STALE_TOKEN = frozenset(
    # The fourth where the platform's clock was set back since.
    ("TOKEN_EXPIRED", "SIGNATURE_INVALID", "ISSUER_UNKNOWN", "TOKEN_NOT_YET_VALID", "CERTIFICATE_MISMATCH")
)


@dataclass(frozen=True, slots=True)
class Options:
    """How calls are made. `timeout_seconds` holds for a call with all its retries, `transfer_timeout_seconds` for one
    that streams (None: no limit; a dead connection is found by pings). `attempts`: how often a call is tried in all.
    `trace`: every call is recorded as a trace of its own, unless it stands in one. `metadata` is sent with every
    call."""

    timeout_seconds: float | None = 60.0
    transfer_timeout_seconds: float | None = None
    attempts: int = 5
    trace: bool = False
    metadata: tuple[tuple[str, str | bytes], ...] = ()


class Session:
    """Makes calls over one transport. `with_options` answers another session on the same one."""

    def __init__(
        self,
        transport: Any,
        credentials: Credentials,
        tracer: Tracer,
        options: Options,
        policy_revision: PolicyRevision | None = None,
    ) -> None:
        self.transport = transport
        self.policy_revision = policy_revision or PolicyRevision()
        self.credentials = credentials
        self.tracer = tracer
        self.options = options

    @property
    def account(self) -> str:
        """`accounts/{account}`."""
        return f"accounts/{self.credentials.profile.account}"

    def with_options(self, **changes: Any) -> Session:
        options = dataclasses.replace(self.options, **changes)
        return Session(self.transport, self.credentials, self.tracer, options, self.policy_revision)

    def with_metadata(self, metadata: Sequence[tuple[str, str | bytes]]) -> Session:
        return self.with_options(metadata=tuple(metadata)) if metadata else self

    def call(self, called: Method[Response], request: Any, *, repeatable: bool = False) -> Steps[Response]:
        """A call of one message there and one back; answers the message. Gives the request an id if it takes one."""
        if called.request_id and not request.request_id:
            request.request_id = str(uuid.uuid4())
        repeatable = repeatable or called.repeatable or called.request_id
        return (yield from self.exchange(called, request, self.options.timeout_seconds, repeatable))

    def exchange(
        self, called: Method[Response], requests: Any, timeout_seconds: float | None, repeatable: bool
    ) -> Steps[Response]:
        """A call that answers one message, with retries where it is repeatable; answers the message."""

        def attempt(left_seconds: float | None, metadata: Metadata) -> Steps[Response]:
            span = self._begin(called.path, metadata)
            try:
                reply: Reply[Response] = yield exchange(called, requests, left_seconds, metadata)
            except BaseException as error:
                self._end(span, error)
                raise
            self._end(span, None, reply.ray_id)
            self.policy_revision.note(reply.policy_revision)
            return reply.message

        return (yield from self._attempts(called, attempt, Deadline.after(timeout_seconds), repeatable))

    def stream(self, called: Method[Response], requests: Any, *, repeatable: bool) -> Steps[Stream[Response]]:
        """Begins a call that answers a stream and waits for its first message; retries until that is there."""

        def attempt(left_seconds: float | None, metadata: Metadata) -> Steps[Stream[Response]]:
            stream = Stream[Response](partial(self._end, self._begin(called.path, metadata)))
            yield from stream.begin((yield open_stream(called, requests, left_seconds, metadata)))
            return stream

        deadline = Deadline.after(self.options.transfer_timeout_seconds)
        return (yield from self._attempts(called, attempt, deadline, repeatable))

    def hand_in_spans(self) -> Steps[None]:
        """Sends the ended spans to the platform. Telling of a call must not fail it: errors are dropped."""
        if spans := self.tracer.take():
            before = last_ray.get()
            request = export_request(spans, self.tracer)
            with contextlib.suppress(PorticoError):
                yield from self.exchange(lookup(EXPORT), request, _HAND_IN_SECONDS, False)
            last_ray.set(before)

    def _attempts(
        self, called: Method[Any], attempt: Attempt[Result], deadline: Deadline, repeatable: bool
    ) -> Steps[Result]:
        """Makes attempts until one succeeds or another would be of no use. A token that is refused as stale is renewed
        once: the gateway refuses before anything happens, so that is safe for every request that can be sent again.
        Where the handshake fails, that is safe, too, and the profile's files may be newer than what we have. And where
        policies are behind those that we have seen, or we have seen some that are not the platform's."""
        failures = 0
        renewed = looked = forgot = once = called.request_streaming and not repeatable
        while True:
            token = "" if called.anonymous else (yield from self.credentials.token(self))
            metadata: Metadata = [*self.options.metadata]
            if token:
                metadata.append(("authorization", f"Bearer {token}"))
            if seen := self.policy_revision.seen:
                metadata.append((HEADER, str(seen)))
            if (left := deadline.left_seconds()) == 0:
                raise DeadlineExceeded("the time for the call was over before it was sent: give it longer")
            try:
                return (yield from attempt(left, metadata))
            except PorticoError as error:
                if error.reason in _STALE_TOKEN and not renewed and self.credentials.refuse(token):
                    renewed = True
                    continue
                if error.reason in _REFUSED_HANDSHAKE and not looked:
                    looked = True
                    if (yield from self.credentials.look_again()):
                        continue
                if error.reason == UNKNOWN and not forgot:
                    forgot = True
                    self.policy_revision.forget(seen)
                    continue
                failures += 1
                again = repeatable or (error.reason == BEHIND and not once)
                pause = pause_seconds(error, failures, self.options.attempts, deadline) if again else None
                if pause is None:
                    raise
            yield sleep(pause)

    def _begin(self, path: str, metadata: Metadata) -> Span | None:
        if path == EXPORT:
            return None
        span = self.tracer.begin(path[1:], always=self.options.trace)
        if span is not None:
            span.attributes["rpc.system.name"] = "grpc"
            span.attributes["rpc.method"] = path[1:]
        if traceparent := span.traceparent if span else outer_traceparent():
            metadata.append(("traceparent", traceparent))
        return span

    def _end(self, span: Span | None, error: BaseException | None, ray_id: str = "") -> None:
        ray_id = ray_id or getattr(error, "ray_id", "")
        last_ray.set(ray_id)
        if span is not None:
            if ray_id:
                span.attributes["portico.ray_id"] = ray_id
            self.tracer.end(span, "" if error is None else getattr(error, "code", "") or type(error).__name__)
