"""Scrubs of the small platform, and moves: those objects are damaged whose key says so, and all are moved. Where one's
key says that its store is away, both end in that error."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from google.longrunning.operations_pb2 import Operation
from google.rpc.code_pb2 import UNAVAILABLE
from google.rpc.error_details_pb2 import ErrorInfo

from portico.objects.v1.buckets_pb2 import (
    RelocateBucketMetadata,
    RelocateBucketResponse,
    RelocateBucketResult,
    RelocateProgress,
    ScrubBucketMetadata,
    ScrubBucketResponse,
    ScrubBucketResult,
    ScrubProgress,
)


def scrubbing(bucket: str, names: Iterable[str]) -> tuple[Operation, Operation]:
    """The operation while it runs, and when it is done; `names` are those of all objects."""
    held = sorted(name for name in names if name.startswith(bucket + "/"))
    damaged = [name for name in held if name.endswith("damaged")]
    progress = ScrubProgress(versions=len(held), damaged_versions=len(damaged))
    result = ScrubBucketResult(name=bucket, progress=progress)
    for name in damaged:
        result.damaged_versions.add(name=name, version_id="null", damage="DAMAGE_LENGTH", detail="it was cut")
    running = Operation(name="operations/objects/2")
    running.metadata.Pack(ScrubBucketMetadata(name=bucket, progress=progress))
    done = Operation(name=running.name, done=True)
    done.response.Pack(result)
    return running, _ended(done, held)


def relocating(bucket: str, names: Iterable[str]) -> tuple[Operation, Operation]:
    """The same of a move."""
    held = [name for name in names if name.startswith(bucket + "/")]
    progress = RelocateProgress(versions=len(held), moved_versions=len(held), moved_bytes=1024 * len(held))
    running = Operation(name="operations/objects/3")
    running.metadata.Pack(RelocateBucketMetadata(name=bucket, progress=progress))
    done = Operation(name=running.name, done=True)
    done.response.Pack(RelocateBucketResult(name=bucket, progress=progress))
    return running, _ended(done, held)


def _ended(done: Operation, names: Iterable[str]) -> Operation:
    if any(name.endswith("/away") for name in names):
        done.error.code, done.error.message = UNAVAILABLE, "the store archive cannot be reached"
        done.error.details.add().Pack(ErrorInfo(reason="STORE_UNREACHABLE", metadata={"store": "archive"}))
    return done


class LongWork:
    """The calls of the bucket service that start them."""

    platform: Any
    _found: Callable[[str, Any], Any]

    def ScrubBucket(self, request: Any, context: Any) -> Any:
        self._found(request.name, context)
        running, done = scrubbing(request.name, self.platform.objects)
        self.platform.operations[done.name] = iter([running, done, done])
        return ScrubBucketResponse(operation=running)

    def RelocateBucket(self, request: Any, context: Any) -> Any:
        self._found(request.name, context)
        if request.HasField("location_hint"):
            self.platform.buckets[request.name].location_hint = request.location_hint
        running, done = relocating(request.name, self.platform.objects)
        self.platform.operations[done.name] = iter([running, done, done])
        return RelocateBucketResponse(operation=running)
