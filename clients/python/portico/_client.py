"""The two clients, one for threads and one for asyncio: the same products with the same methods.

A product is loaded when it is first used, so a program pays only for the contracts that it calls.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypedDict, TypeVar, Unpack

from portico._session import Session
from portico._steps import run, run_async
from portico._stubs import AsyncStubChannel, StubChannel
from portico._tracing import Span, last_ray
from portico.profiles import Profile

if TYPE_CHECKING:
    from portico._clients.access import Access, AsyncAccess
    from portico._clients.buckets import AsyncBuckets, Buckets
    from portico._clients.credentials import AsyncCredentials, Credentials
    from portico._clients.health import AsyncHealth, Health
    from portico._clients.notifications import AsyncNotifications, Notifications
    from portico._clients.object_usage import AsyncObjectUsage, ObjectUsage
    from portico._clients.objects import AsyncObjects, Objects
    from portico._clients.operations import AsyncOperations, Operations
    from portico._clients.records import AsyncRecords, Records
    from portico._clients.telemetry import AsyncRequestEvents, AsyncTraces, RequestEvents, Traces
    from portico._clients.uploads import AsyncUploads, Uploads
    from portico._clients.zones import AsyncZones, Zones

Stub = TypeVar("Stub")


class Changes(TypedDict, total=False):
    """How calls are made.

    `timeout_seconds`: for a call with all its retries; 60 at first, None for none. `transfer_timeout_seconds`: for a
    put or a get as a whole; none at first. `attempts`: how often a call whose repetition does no harm is tried in
    all; 5 at first. `trace`: record each call as a trace of its own.
    """

    timeout_seconds: float | None
    transfer_timeout_seconds: float | None
    attempts: int
    trace: bool


class _AnyClient:
    """What both clients have."""

    def __init__(self, session: Session, *, owner: bool = True) -> None:
        self._session = session
        self._owner = owner

    @property
    def profile(self) -> Profile:
        """The profile in use."""
        return self._session.credentials.profile

    @property
    def last_ray_id(self) -> str:
        """The ray id of the last call in this thread or task: what to name when asking why. Empty before the first."""
        return last_ray.get()

    @property
    def policy_revision(self) -> int:
        """The newest policy revision that an answer named; 0 before the first. Each call sends it on, so none is
        decided by older policies. Hand it to another program's client, with what that is to do."""
        return self._session.policy_revision.seen

    @policy_revision.setter
    def policy_revision(self, revision: int) -> None:
        self._session.policy_revision.note(revision)

    def trace(self, name: str) -> AbstractContextManager[Span]:
        """What is called inside is recorded as one trace, below one span of that name: `with client.trace("nightly")
        as span`.

        `span.trace_id` is what `portico trace` takes. Spans are handed to the platform when the client is closed, or
        by `flush`.
        """
        return self._session.tracer.trace(name)

    def with_options(self, **changes: Unpack[Changes]) -> Self:
        """A client with other options on the same connection:
        `client.with_options(timeout_seconds=2).buckets.get("b")`."""
        return type(self)(self._session.with_options(**changes), owner=False)


class Client(_AnyClient):
    """A platform, for threads. Safe to use from many at once; close it, or use it in a `with`."""

    @cached_property
    def buckets(self) -> Buckets:
        """Buckets of the object storage."""
        from portico._clients.buckets import Buckets

        return Buckets(self._session)

    @cached_property
    def objects(self) -> Objects:
        """Objects of the object storage."""
        from portico._clients.objects import Objects

        return Objects(self._session)

    @cached_property
    def object_usage(self) -> ObjectUsage:
        """What accounts use of the object storage."""
        from portico._clients.object_usage import ObjectUsage

        return ObjectUsage(self._session)

    @cached_property
    def notifications(self) -> Notifications:
        """Queues and webhooks that are told of objects."""
        from portico._clients.notifications import Notifications

        return Notifications(self._session)

    @cached_property
    def uploads(self) -> Uploads:
        """Multipart uploads, step by step; `objects.upload` does all of it."""
        from portico._clients.uploads import Uploads

        return Uploads(self._session)

    @cached_property
    def access(self) -> Access:
        """Accounts, members and policies."""
        from portico._clients.access import Access

        return Access(self._session)

    @cached_property
    def zones(self) -> Zones:
        """Zones: domains under an account."""
        from portico._clients.zones import Zones

        return Zones(self._session)

    @cached_property
    def records(self) -> Records:
        """DNS records of zones."""
        from portico._clients.records import Records

        return Records(self._session)

    @cached_property
    def traces(self) -> Traces:
        """What the platform recorded of traces."""
        from portico._clients.telemetry import Traces

        return Traces(self._session)

    @cached_property
    def request_events(self) -> RequestEvents:
        """What the platform recorded of calls."""
        from portico._clients.telemetry import RequestEvents

        return RequestEvents(self._session)

    @cached_property
    def credentials(self) -> Credentials:
        """Tokens and certificates."""
        from portico._clients.credentials import Credentials

        return Credentials(self._session)

    @cached_property
    def operations(self) -> Operations:
        """Work longer than a call."""
        from portico._clients.operations import Operations

        return Operations(self._session)

    @cached_property
    def health(self) -> Health:
        """Whether the platform and its products serve."""
        from portico._clients.health import Health

        return Health(self._session)

    def stub(self, stub: Callable[[Any], Stub]) -> Stub:
        """A generated stub on this client, for what the SDK has no method for: `client.stub(ObjectServiceStub)`. Its
        calls are made as the SDK's own: with token and retries, and they raise `portico.errors`."""
        return stub(StubChannel(self._session))

    def flush(self) -> None:
        """Hands recorded spans to the platform now."""
        run(self._session.hand_in_spans(), self._session.transport)

    def close(self) -> None:
        """Hands in spans and ends the connection, with what is in flight. Does nothing for a client of
        `with_options`."""
        if self._owner:
            self.flush()
            self._session.transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


class AsyncClient(_AnyClient):
    """A platform, for asyncio. For one event loop; close it, or use it in an `async with`."""

    @cached_property
    def buckets(self) -> AsyncBuckets:
        """Buckets of the object storage."""
        from portico._clients.buckets import AsyncBuckets

        return AsyncBuckets(self._session)

    @cached_property
    def objects(self) -> AsyncObjects:
        """Objects of the object storage."""
        from portico._clients.objects import AsyncObjects

        return AsyncObjects(self._session)

    @cached_property
    def object_usage(self) -> AsyncObjectUsage:
        """What accounts use of the object storage."""
        from portico._clients.object_usage import AsyncObjectUsage

        return AsyncObjectUsage(self._session)

    @cached_property
    def notifications(self) -> AsyncNotifications:
        """Queues and webhooks that are told of objects."""
        from portico._clients.notifications import AsyncNotifications

        return AsyncNotifications(self._session)

    @cached_property
    def uploads(self) -> AsyncUploads:
        """Multipart uploads, step by step; `objects.upload` does all of it."""
        from portico._clients.uploads import AsyncUploads

        return AsyncUploads(self._session)

    @cached_property
    def access(self) -> AsyncAccess:
        """Accounts, members and policies."""
        from portico._clients.access import AsyncAccess

        return AsyncAccess(self._session)

    @cached_property
    def zones(self) -> AsyncZones:
        """Zones: domains under an account."""
        from portico._clients.zones import AsyncZones

        return AsyncZones(self._session)

    @cached_property
    def records(self) -> AsyncRecords:
        """DNS records of zones."""
        from portico._clients.records import AsyncRecords

        return AsyncRecords(self._session)

    @cached_property
    def traces(self) -> AsyncTraces:
        """What the platform recorded of traces."""
        from portico._clients.telemetry import AsyncTraces

        return AsyncTraces(self._session)

    @cached_property
    def request_events(self) -> AsyncRequestEvents:
        """What the platform recorded of calls."""
        from portico._clients.telemetry import AsyncRequestEvents

        return AsyncRequestEvents(self._session)

    @cached_property
    def credentials(self) -> AsyncCredentials:
        """Tokens and certificates."""
        from portico._clients.credentials import AsyncCredentials

        return AsyncCredentials(self._session)

    @cached_property
    def operations(self) -> AsyncOperations:
        """Work longer than a call."""
        from portico._clients.operations import AsyncOperations

        return AsyncOperations(self._session)

    @cached_property
    def health(self) -> AsyncHealth:
        """Whether the platform and its products serve."""
        from portico._clients.health import AsyncHealth

        return AsyncHealth(self._session)

    def stub(self, stub: Callable[[Any], Stub]) -> Stub:
        """A generated stub on this client, for what the SDK has no method for: `client.stub(ObjectServiceStub)`. Its
        calls are made as the SDK's own: with token and retries, and they raise `portico.errors`."""
        return stub(AsyncStubChannel(self._session))

    async def flush(self) -> None:
        """Hands recorded spans to the platform now."""
        await run_async(self._session.hand_in_spans(), self._session.transport)

    async def close(self) -> None:
        """Hands in spans and ends the connection, with what is in flight. Does nothing for a client of
        `with_options`."""
        if self._owner:
            await self.flush()
            await self._session.transport.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()
