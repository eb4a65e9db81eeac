"""Operations counted, of each bucket and day, by class, as R2's price list has them.

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
        self._task: asyncio.Task[None] | None = None

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
        parts = resource.split("/", 4)
        bucket = "/".join(parts[:4]) if len(parts) > 3 else f"{resource}/"
        counts = self._counts.setdefault((bucket, self._clock.now_us() // DAY_US), [0, 0])
        counts[not is_class_a] += 1

    def start(self) -> None:
        """Adds what is counted to the database now and then, until `stop`."""
        self._task = asyncio.create_task(self._repeat(), name="objects metering")

    async def stop(self) -> None:
        """Adds the rest."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        with contextlib.suppress(DatabaseError):
            await self.flush()

    async def flush(self) -> None:
        """Adds what is counted to the database; what it refused is kept for the next time. Raises DatabaseError."""
        counts, self._counts = self._counts, {}
        left = sorted(counts)
        try:
            while left:
                part = left[:_AT_ONCE]
                used = [store.add(Used(bucket, *counts[bucket, day]), day) for bucket, day in part]
                try:
                    await self._database.batch(Batch(used))
                except OutcomeUnknown:
                    _log.warning("operations may not be counted", operations=sum(sum(counts[key]) for key in part))
                left = left[_AT_ONCE:]
        finally:
            for key in left:
                ours = self._counts.setdefault(key, [0, 0])
                ours[0] += counts[key][0]
                ours[1] += counts[key][1]

    async def _repeat(self) -> None:
        while True:
            await asyncio.sleep(_FLUSH_SECONDS)
            try:
                await self.flush()
            except DatabaseError as error:
                _log.warning("counts of operations are kept for later", error=str(error))


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
        """Counted with its first message: who leaves in the middle was served."""
        resource = call.current.get().resource
        async with contextlib.aclosing(method(request, context)) as responses:
            async for response in responses:
                if resource:
                    meter.count_call(resource, is_class_a)
                    resource = ""
                yield response

    return counted
