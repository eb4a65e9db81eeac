"""A version's bytes moved to the store where its bucket wants them; who reads it meanwhile notices nothing.

The bytes are copied first, then one batch gives the version the copy and retires what it had, which is removed after
the grace, as what a put replaces. A copy that no version got is removed: a file at once or as an orphan, a list of
parts after a time that no move of one object takes.
"""

from __future__ import annotations

from contextlib import suppress

from portico_server.objects.buckets.buckets import Buckets
from portico_server.objects.content.incoming import Receiver
from portico_server.objects.content.part_lists import Piece
from portico_server.objects.content.parts_blob import inline
from portico_server.objects.content.placing import Placing
from portico_server.objects.records import Bucket, Part, Version
from portico_server.objects.store import moving as store
from portico_server.objects.store import parts as part_store
from portico_server.objects.store import versions
from portico_server.objects.store.locks import of_key
from portico_server.platform.blobs import Blobs, store_of
from portico_server.platform.blobs.errors import StoreError
from portico_server.platform.database import Batch, Database, GuardFailed
from portico_server.platform.ids import Ids

_UNFINISHED_US = 7 * 24 * 3600 * 1_000_000
"""How long a list may take to be made; longer, it is removed as one that nobody ended."""
_ATTEMPTS = 5


class Mover:
    """Moves those of all buckets."""

    def __init__(
        self,
        database: Database,
        blobs: Blobs,
        buckets: Buckets,
        placing: Placing,
        receiver: Receiver,
        ids: Ids,
    ) -> None:
        self._database = database
        self._blobs = blobs
        self._buckets = buckets
        self._placing = placing
        self._receiver = receiver
        self._ids = ids

    async def move(self, name: str, version: Version) -> bool:
        """Whether it had to be moved; false also for one that was deleted meanwhile. Raises BucketNotFound,
        JurisdictionUnavailable, StorageFull, StoreError, FileNotFoundError for bytes that are lost."""
        found = await self._now(name, version)
        for _ in range(_ATTEMPTS):
            if found is None:
                return False
            try:
                return await self._move(await self._buckets.get(name), found)
            except FileNotFoundError:
                before, found = found, await self._now(name, version)
                if found == before:
                    raise
            except GuardFailed as failed:
                if failed.reason not in (store.NOT_AS_READ, store.LIST_NOT_OURS):
                    raise
                found = await self._now(name, version)
        return False  # it is written again and again; what comes of that is in the right place

    async def _now(self, name: str, version: Version) -> Version | None:
        found = await versions.get(self._database, name, version.key, version.version_id)
        return found[0] if found is not None and found[0].id == version.id else None

    async def _move(self, bucket: Bucket, version: Version) -> bool:
        target = self._placing.store_for(bucket)
        if version.list_id:
            return await self._move_list(bucket, version, target)
        if version.file:
            if store_of(version.file) == target:
                return False
            file = await self._blobs.copy(version.file, target)
        elif version.size_bytes and not self._placing.is_inline(bucket):
            data = await inline(self._database, Piece(version.id, "", version.size_bytes))
            file = await self._receiver.keep(data, target)
        else:
            return False
        held = [of_key(bucket.name, version.key)]
        try:
            moved = store.to_file(bucket.name, version, file, self._ids.mint()[1])
            await self._database.batch(Batch(moved, held))
        except GuardFailed:
            with suppress(StoreError):
                await self._blobs.delete(file)
            raise
        return True

    async def _move_list(self, bucket: Bucket, version: Version, target: str) -> bool:
        parts = [part async for page in part_store.pages(self._database, version.list_id) for part in page]
        if all(self._is_there(bucket, part, target) for part in parts):
            return False
        list_id, now_us = self._ids.mint()
        await self._database.batch(Batch([store.let_go(list_id, now_us + _UNFINISHED_US)]))
        try:
            for part in parts:
                await self._copy_part(bucket, list_id, part, target)
            moved = store.to_list(bucket.name, version, list_id, self._ids.mint()[1])
            held = [of_key(bucket.name, version.key), *store.locks(version, list_id)]
            await self._database.batch(Batch(moved, held))
        except (GuardFailed, FileNotFoundError, StoreError):
            await self._database.batch(Batch([store.let_go(list_id, self._ids.mint()[1])]))
            raise
        return True

    def _is_there(self, bucket: Bucket, part: Part, target: str) -> bool:
        if not part.file:
            return not part.size_bytes or self._placing.is_inline(bucket)
        return store_of(part.file) == target

    async def _copy_part(self, bucket: Bucket, list_id: str, part: Part, target: str) -> None:
        part_id, _ = self._ids.mint()
        file, data = "", b""
        if part.file:
            file = await self._blobs.copy(part.file, target)
        elif part.size_bytes:
            data = await inline(self._database, Piece(part.id, "", part.size_bytes))
            if not self._placing.is_inline(bucket):
                file, data = await self._receiver.keep(data, target), b""
        copied = part._replace(id=part_id, file=file)
        await self._database.batch(Batch(store.put_part(list_id, copied, data)))
