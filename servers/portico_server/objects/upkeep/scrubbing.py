"""Buckets scrubbed: their stored bytes are read again, one version after another, and damage is told, not mended."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass

from google.longrunning import operations_pb2
from google.protobuf.message import Message

from portico.objects.v1 import buckets_pb2
from portico_server.objects import events, text
from portico_server.objects.buckets.buckets import Buckets
from portico_server.objects.content import damage
from portico_server.objects.content.verifying import Damage, Read, Verifier
from portico_server.objects.names import ObjectName
from portico_server.objects.records import Version
from portico_server.objects.store import listing, versions
from portico_server.objects.store import scrubs as store
from portico_server.objects.upkeep.known_problems import KnownProblems
from portico_server.platform.clock import Clock
from portico_server.platform.database import Batch, Database
from portico_server.platform.operations import Operations, Running

KIND = "scrub bucket"
_READ_AT_ONCE = 100
"""Versions a look at their rows."""
_MOST_TOLD = 1000
"""Damaged versions that a result names, in some 1.3 MiB, and that are logged."""
_TOLD_EVERY_SECONDS = 1.0
_AT_ONCE = 2
"""Operations that read at once in a process; others wait their turn."""
MOST_KNOWN = 10_000
"""Damaged versions that are kept in mind."""


@dataclass(slots=True)
class Figures:
    """What was looked at so far."""

    versions: int = 0
    read_bytes: int = 0
    damaged: int = 0

    def message(self) -> buckets_pb2.ScrubProgress:
        return buckets_pb2.ScrubProgress(
            versions=self.versions, read_bytes=self.read_bytes, damaged_versions=self.damaged
        )


async def stored_versions(
    database: Database, bucket: str, key: str = "", place: int = listing.BEFORE_ALL_PLACES
) -> AsyncIterator[Version]:
    """The versions of a bucket by key and place, behind one; delete markers too."""
    while page := await listing.versions(database, bucket, text.TextRange(key, text.END), place, _READ_AT_ONCE):
        for version in page:
            yield version
        key, place = page[-1].key, page[-1].place


class Scrubber:
    """Looks at versions, tells damage to the log, and keeps in mind which are damaged."""

    def __init__(self, database: Database, verifier: Verifier, problems: KnownProblems) -> None:
        self._database = database
        self._verifier = verifier
        self.problems = problems

    async def known(self) -> set[store.Damaged]:
        """Those that are known to be damaged."""
        return set(await store.known_damaged(self._database, MOST_KNOWN))

    async def look(
        self, bucket: str, version: Version, figures: Figures, known: set[store.Damaged], pause: Read
    ) -> Damage | None:
        """What is wrong with a version. Counts it, and keeps `known` as it is now. `pause` is told of what was read."""

        async def read(size_bytes: int) -> None:
            figures.read_bytes += size_bytes
            await pause(size_bytes)

        found = await self._verifier.damage(bucket, version, read)
        figures.versions += 1
        one = store.damaged(bucket, version)
        if found is not None:
            figures.damaged += 1
            if figures.damaged <= _MOST_TOLD:
                damage.log(ObjectName(bucket, version.key), version.version_id, found.detail)
            if one not in known and len(known) < MOST_KNOWN:
                await self._database.batch(Batch([store.note(one)]))
                known.add(one)
        elif one in known:
            await self.forget(one)
            known.discard(one)
        self.problems.note_damaged(len(known))
        return found

    async def forget(self, one: store.Damaged) -> None:
        """It is whole again, or gone."""
        await self._database.batch(Batch([store.forget(one)]))

    async def forget_what_is_gone(self, bucket: str = "") -> set[store.Damaged]:
        """What is known to be damaged, without what was deleted, or put again, since; it is looked for in one bucket,
        or in all."""
        known = await self.known()
        for one in [one for one in known if bucket in ("", one.bucket)]:
            found = await versions.get(self._database, one.bucket, one.key, one.version_id)
            if found is None or found[0].id != one.id:
                await self.forget(one)
                known.discard(one)
        self.problems.note_damaged(len(known))
        return known


class Scrubbing:
    """The operations that scrub a bucket."""

    def __init__(self, database: Database, buckets: Buckets, operations: Operations, clock: Clock) -> None:
        self._database = database
        self._buckets = buckets
        self._operations = operations
        self._clock = clock
        self._turn = asyncio.Semaphore(_AT_ONCE)

    async def start(self, name: str) -> operations_pb2.Operation:
        """The operation, which runs, and is in the audit. Raises BucketNotFound."""
        await self._buckets.get(name)
        metadata = buckets_pb2.ScrubBucketMetadata(name=name)
        operation, starting = self._operations.starting(KIND, name.encode(), metadata)
        audit = events.audit("objects.bucket.scrub", name, self._clock.now_us(), operation=operation.name)
        await self._database.batch(Batch([starting, audit]))
        self._operations.launch(operation)
        return operation

    async def scrub(self, running: Running, scrubber: Scrubber) -> Message:
        """The work of the operation. Where it is run again it begins anew."""
        async with self._turn:
            return await self._scrub(running, scrubber)

    async def _scrub(self, running: Running, scrubber: Scrubber) -> Message:
        name, figures = running.argument.decode(), Figures()
        result = buckets_pb2.ScrubBucketResult(name=name)
        tell_at = 0.0

        async def tell(_size_bytes: int = 0) -> None:
            nonlocal tell_at
            if time.monotonic() >= tell_at:
                tell_at = time.monotonic() + _TOLD_EVERY_SECONDS
                await running.progress(buckets_pb2.ScrubBucketMetadata(name=name, progress=figures.message()))

        known = await scrubber.forget_what_is_gone(name)
        async for version in stored_versions(self._database, name):
            if version.marker:
                continue
            found = await scrubber.look(name, version, figures, known, tell)
            if found is not None and len(result.damaged_versions) < _MOST_TOLD:
                result.damaged_versions.append(_told(name, version, found))
            await tell()
        await running.progress(buckets_pb2.ScrubBucketMetadata(name=name, progress=figures.message()))
        result.progress.CopyFrom(figures.message())
        return result


def _told(bucket: str, version: Version, found: Damage) -> buckets_pb2.DamagedVersion:
    return buckets_pb2.DamagedVersion(
        name=str(ObjectName(bucket, version.key)),
        version_id=version.version_id,
        damage=found.kind,
        detail=found.detail,
    )
