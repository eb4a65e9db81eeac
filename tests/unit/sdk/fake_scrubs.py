"""Scrubs of the small platform, and moves: those objects are damaged whose key says so, and all are moved."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from google.longrunning.operations_pb2 import Operation

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
    return running, done


def relocating(bucket: str, names: Iterable[str]) -> tuple[Operation, Operation]:
    """The same of a move."""
    held = sum(name.startswith(bucket + "/") for name in names)
    progress = RelocateProgress(versions=held, moved_versions=held, moved_bytes=1024 * held)
    running = Operation(name="operations/objects/3")
    running.metadata.Pack(RelocateBucketMetadata(name=bucket, progress=progress))
    done = Operation(name=running.name, done=True)
    done.response.Pack(RelocateBucketResult(name=bucket, progress=progress))
    return running, done


class LongWork:
    """The calls of the bucket service that start them."""

    platform: Any
    _found: Callable[[str, Any], Any]

    def ScrubBucket(self, request: Any, context: Any) -> Any:
        self._found(request.name, context)
        running, done = scrubbing(request.name, self.platform.objects)
        self.platform.operations[done.name] = iter([running, done])
        return ScrubBucketResponse(operation=running)

    def RelocateBucket(self, request: Any, context: Any) -> Any:
        self._found(request.name, context)
        if request.HasField("location_hint"):
            self.platform.buckets[request.name].location_hint = request.location_hint
        running, done = relocating(request.name, self.platform.objects)
        self.platform.operations[done.name] = iter([running, done])
        return RelocateBucketResponse(operation=running)
