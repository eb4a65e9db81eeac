"""Blobs in several stores: a blob's id says in which one it is, so nothing is looked up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, aclosing, suppress
from typing import TYPE_CHECKING

import structlog

from portico_server.platform.blobs.errors import StoreError, StoreLoop, StoreUnknown
from portico_server.platform.blobs.files import FileBlobs
from portico_server.platform.blobs.interface import LOCAL, Blob, BlobWriter, Store, store_of

if TYPE_CHECKING:
    from portico_server.platform.blobs.s3.blobs import S3Blobs

_PIECE_BYTES = 1 << 20
_LOOK_SECONDS = 10.0
"""Between two looks at stores with which something is wrong."""
_FIRST_LOOKS_SECONDS = 1.0
"""Until each has answered once."""

_log = structlog.get_logger(__name__)


class PlacedBlobs:
    """Implements `Blobs` by the local store and others, by name. What is told of places, holds and owners of all is the
    local one's: the others have owners' marks of their own."""

    def __init__(self, local: FileBlobs, others: Mapping[str, S3Blobs], default: str) -> None:
        self._local = local
        self._others = others
        found = {LOCAL: local.stores[0]} | {name: one.store for name, one in others.items()}
        self.stores: Sequence[Store] = (found.pop(default), *found.values())

    def problems(self) -> dict[str, str]:
        """What is wrong with which store."""
        return {f"store {name}": one.problem for name, one in self._others.items() if one.problem}

    async def watch(self) -> None:
        """Does not end: asks each store how it is, at the start and then as long as something is wrong with it, so that
        it is told before anybody wants it, and no longer than it is true."""
        settled: set[str] = set()

        async def look(name: str, other: S3Blobs) -> None:
            with suppress(StoreError, OSError):
                try:
                    if await other.look():
                        settled.add(name)
                except StoreLoop:
                    settled.add(name)
                    raise

        while True:
            due = [(name, one) for name, one in self._others.items() if name not in settled or one.problem]
            await asyncio.gather(*(look(name, one) for name, one in due))
            await asyncio.sleep(_LOOK_SECONDS if len(settled) == len(self._others) else _FIRST_LOOKS_SECONDS)

    @property
    def identity(self) -> str:
        return self._local.identity

    async def check_way(self, store: str) -> None:
        if store != LOCAL:
            await self._other(store).check_way()

    async def create(self, store: str = "") -> BlobWriter:
        name = store or self.stores[0].name
        return await (self._local.create() if name == LOCAL else self._other(name).create())

    async def open(self, blob_id: str, *, pinned: bool = False) -> Blob:
        name = store_of(blob_id)
        if name == LOCAL:
            return await self._local.open(blob_id, pinned=pinned)
        return await self._other(name).open(blob_id, pinned=pinned)

    def unpinned(self, blob_id: str) -> AbstractAsyncContextManager[bool]:
        return self._of(blob_id).unpinned(blob_id)

    async def copy(self, blob_id: str, store: str = "") -> str:
        """Within a store its own way; from one to another the bytes pass here."""
        if store in ("", store_of(blob_id)):
            return await self._of(blob_id).copy(blob_id)
        blob = await self.open(blob_id)
        try:
            writer = await self.create(store)
            try:
                async with aclosing(blob.chunks(0, blob.size_bytes, _PIECE_BYTES)) as chunks:
                    async for chunk in chunks:
                        await writer.write(chunk)
                await writer.commit()
            except BaseException:
                await writer.discard()
                raise
        finally:
            await blob.close()
        return writer.blob_id

    async def delete(self, blob_id: str) -> None:
        await self._of(blob_id).delete(blob_id)

    def removing(self) -> AbstractAsyncContextManager[bool]:
        return self._local.removing()

    async def all_ids(self) -> AsyncIterator[tuple[str, int]]:
        """Of the stores that are this platform's, and can be reached."""
        async for found in self._local.all_ids():
            yield found
        for other in self._others.values():
            try:
                await other.check_owner()
                async for found in other.all_ids():
                    yield found
            except StoreError as error:
                _log.warning("a store was not looked through", store=other.store.name, problem=error.problem)

    async def set_aside(self, blob_id: str) -> None:
        await self._of(blob_id).set_aside(blob_id)

    async def bring_back(self, blob_id: str) -> None:
        await self._of(blob_id).bring_back(blob_id)

    async def delete_aside(self, blob_id: str) -> None:
        await self._of(blob_id).delete_aside(blob_id)

    async def all_aside(self, *, hidden: bool = False) -> AsyncIterator[tuple[str, int]]:
        async for found in self._local.all_aside():
            yield found
        for other in () if hidden else self._others.values():
            try:
                await other.check_owner()
                async for found in other.all_aside():
                    yield found
            except StoreError as error:
                _log.warning("a store was not looked through", store=other.store.name, problem=error.problem)

    async def belong_to(self, owner: str, in_use: Collection[str] = ()) -> None:
        for name, other in self._others.items():
            await other.belong_to(owner, has_bytes=name in in_use)

    @property
    def place(self) -> str:
        return self._local.place

    @property
    def owner_place(self) -> str:
        return self._local.owner_place

    async def owner(self) -> str:
        return await self._local.owner()

    async def claim(self, owner: str) -> None:
        await self._local.claim(owner)

    async def close(self) -> None:
        for other in self._others.values():
            await other.close()
        await self._local.close()

    def _of(self, blob_id: str) -> FileBlobs | S3Blobs:
        name = store_of(blob_id)
        return self._local if name == LOCAL else self._other(name)

    def _other(self, name: str) -> S3Blobs:
        found = self._others.get(name)
        if found is None:
            raise StoreUnknown(name)
        return found
