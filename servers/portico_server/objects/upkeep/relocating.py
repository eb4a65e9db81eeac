"""The operations that move a bucket's bytes to the store where new ones of it go."""

from __future__ import annotations

import asyncio
import time

from google.longrunning import operations_pb2
from google.protobuf.message import Message

from portico.objects.v1 import buckets_pb2
from portico_server.objects.buckets.buckets import Buckets
from portico_server.objects.records import Bucket
from portico_server.objects.upkeep.moving import Mover
from portico_server.objects.upkeep.scrubbing import stored_versions
from portico_server.platform.database import Database, Statement
from portico_server.platform.operations import Operations, Running

KIND = "relocate bucket"
_TOLD_EVERY_SECONDS = 1.0
_AT_ONCE = 2
"""Operations that move bytes at once in a process; others wait their turn."""


class Relocating:
    """Starts them, and does their work."""

    def __init__(self, database: Database, buckets: Buckets, operations: Operations) -> None:
        self._database = database
        self._buckets = buckets
        self._operations = operations
        self._turn = asyncio.Semaphore(_AT_ONCE)

    async def start(self, name: str, location_hint: str | None) -> operations_pb2.Operation:
        """The operation, which runs. Raises what `Buckets.relocate` raises."""
        metadata = buckets_pb2.RelocateBucketMetadata(name=name)
        operation, starting = self._operations.starting(KIND, name.encode(), metadata)

        def also(_: Bucket) -> list[Statement]:
            return [starting]

        await self._buckets.relocate(name, location_hint, also)
        self._operations.launch(operation)
        return operation

    async def relocate(self, running: Running, mover: Mover) -> Message:
        """The work of the operation. Where it is run again it begins anew, and finds what was moved where it is."""
        async with self._turn:
            return await self._relocate(running, mover)

    async def _relocate(self, running: Running, mover: Mover) -> Message:
        name, progress = running.argument.decode(), buckets_pb2.RelocateProgress()
        tell_at = 0.0
        async for version in stored_versions(self._database, name):
            if version.marker:
                continue
            progress.versions += 1
            if await mover.move(name, version):
                progress.moved_versions += 1
                progress.moved_bytes += version.size_bytes
            if time.monotonic() >= tell_at:
                tell_at = time.monotonic() + _TOLD_EVERY_SECONDS
                await running.progress(buckets_pb2.RelocateBucketMetadata(name=name, progress=progress))
        await running.progress(buckets_pb2.RelocateBucketMetadata(name=name, progress=progress))
        return buckets_pb2.RelocateBucketResult(name=name, progress=progress)
