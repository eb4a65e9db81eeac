"""Operations counted, of each bucket and day, by class, as R2's price list has them; and bytes of objects, as sent.

A process counts in memory, and adds what it has counted to the database every ten seconds and when it stops: one that
crashes loses ten seconds of counts at most, and an answer that was lost with the connection to the database may lose as
much, since to count twice would be worse. Calls that fail are not counted. A request of a face counts once, as its
operation is charged, however many calls it makes.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextvars import ContextVar
from enum import Enum
from typing import Any

import structlog

from portico_server.objects.buckets.lifecycle import DAY_US
from portico_server.objects.store import usage as store
from portico_server.objects.store.usage import Used
from portico_server.objects.versions.reading import CHUNK_BYTES
from portico_server.platform import call
from portico_server.platform.clock import Clock
from portico_server.platform.database import Batch, Database, DatabaseError, OutcomeUnknown

CLASS_A = frozenset(
    {
        *("CreateBucket", "UpdateBucket", "ListBuckets", "ListObjects", "ListObjectVersions"),
        *("PutObject", "CopyObject", "UpdateObject"),
        *("CreateMultipartUpload", "UploadPart", "CopyPart", "CompleteMultipartUpload"),
        *("ListMultipartUploads", "ListParts"),
    }
)
CLASS_B = frozenset({"GetBucket", "GetObject", "HeadObject", "ListObjectParts"})
FREE = frozenset(
    {
        "DeleteBucket",
        "ScrubBucket",
        "RelocateBucket",
        "DeleteObject",
        "DeleteObjects",
        "AbortMultipartUpload",
        "GetUsageReport",
    }
)


class Class(Enum):
    """What an operation is charged as."""

    A = "A"
    B = "B"
    FREE = "free"


_FLUSH_SECONDS = 10.0
_AT_ONCE = 100
"""Rows a batch."""
_SENT = 2
"""Where bytes that were sent stand among the counts."""

_log = structlog.get_logger(__name__)


class _Request:
    """A request of a face, until it is counted."""

    __slots__ = ("class_", "counted")

    def __init__(self, class_: Class) -> None:
        self.class_ = class_
        self.counted = False


_request: ContextVar[_Request | None] = ContextVar("_request", default=None)


def one_request(class_: Class) -> None:
    """From now on the calls of this task are one request of that class, counted with the first that is answered."""
    _request.set(_Request(class_))


class Meter:
    """The counts of one process."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._counts: dict[tuple[str, int], list[int]] = {}
        """Of a bucket and day: operations of class A, of class B, bytes sent."""
        self._task: asyncio.Task[None] | None = None
        self._flushing = asyncio.Lock()
        self._stopping = asyncio.Event()

    def count_call(self, resource: str, is_class_a: bool) -> None:
        """Counts a call that was answered, or the request of a face that it belongs to."""
        request = _request.get()
        if request is None:
            self.count(resource, is_class_a)
        elif not request.counted:
            request.counted = True
            if request.class_ is not Class.FREE:
                self.count(resource, request.class_ is Class.A)

    def count(self, resource: str, is_class_a: bool) -> None:
        """Counts an operation on what has this name: an account, a bucket, an object."""
        self._of(resource)[not is_class_a] += 1

    def count_sent(self, resource: str, sent_bytes: int) -> None:
        """Counts bytes of an object."""
        self._of(resource)[_SENT] += sent_bytes

    def _of(self, resource: str) -> list[int]:
        parts = resource.split("/", 4)
        bucket = "/".join(parts[:4]) if len(parts) > 3 else f"{resource}/"
        return self._counts.setdefault((bucket, self._clock.now_us() // DAY_US), [0, 0, 0])

    def start(self) -> None:
        """Adds what is counted to the database now and then, until `stop`."""
        self._task = asyncio.create_task(self._repeat(), name="objects metering")

    async def stop(self) -> None:
        """Adds the rest. What is being added meanwhile comes to its end: cut off, it would be added again."""
        self._stopping.set()
        if self._task is not None:
            await asyncio.gather(self._task, return_exceptions=True)
        with contextlib.suppress(DatabaseError):
            await self.flush()

    async def flush(self) -> None:
        """Adds what is counted to the database, which has it all then, what another flush was adding too; what it
        refused is kept for the next time. Raises DatabaseError."""
        async with self._flushing:
            await self._flush()

    async def _flush(self) -> None:
        counts, self._counts = self._counts, {}
        left = sorted(counts)
        try:
            while left:
                part = left[:_AT_ONCE]
                used = [store.add(_used(bucket, *counts[bucket, day]), day) for bucket, day in part]
                try:
                    await self._database.batch(Batch(used))
                except OutcomeUnknown:
                    lost = sum(sum(counts[key][:_SENT]) for key in part)
                    _log.warning("operations may not be counted", operations=lost)
                left = left[_AT_ONCE:]
        finally:
            for key in left:
                ours = self._counts.setdefault(key, [0, 0, 0])
                ours[:] = map(sum, zip(ours, counts[key], strict=True))

    async def _repeat(self) -> None:
        while not self._stopping.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), _FLUSH_SECONDS)
                return
            try:
                await self.flush()
            except DatabaseError as error:
                _log.warning("counts of operations are kept for later", error=str(error))


def _used(bucket: str, class_a: int, class_b: int, sent_bytes: int) -> Used:
    return Used(bucket, class_a, class_b, egress_bytes=sent_bytes)


class Metered:
    """A servicer whose answered calls are counted; all else of it is its own."""

    def __init__(self, servicer: Any, meter: Meter) -> None:
        self._servicer = servicer
        self.meter = meter
        for name in (CLASS_A | CLASS_B) & set(dir(servicer)):
            method = getattr(servicer, name)
            counted = _streaming if name == "GetObject" else _unary
            setattr(self, name, counted(method, meter, name in CLASS_A))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._servicer, name)


def _unary(method: Any, meter: Meter, is_class_a: bool) -> Any:
    async def counted(request: Any, context: Any) -> Any:
        response = await method(request, context)
        if resource := call.current.get().resource:
            meter.count_call(resource, is_class_a)
        return response

    return counted


def _streaming(method: Any, meter: Meter, is_class_a: bool) -> Any:
    async def counted(request: Any, context: Any) -> AsyncIterator[Any]:
        """Counted with its first message: who leaves in the middle was served. What was sent is counted at the end, by
        messages, all but the last of which have as many bytes: to look at the bytes would copy them."""
        resource = call.current.get().resource
        messages = length_bytes = 0
        try:
            async with contextlib.aclosing(method(request, context)) as responses:
                async for response in responses:
                    if not messages:
                        length_bytes = response.length_bytes
                        if resource:
                            meter.count_call(resource, is_class_a)
                    messages += 1
                    yield response
        finally:
            if resource and messages:
                meter.count_sent(resource, min(length_bytes, messages * CHUNK_BYTES))

    return counted
