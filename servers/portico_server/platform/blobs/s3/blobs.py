"""Blobs as objects of a bucket that speaks S3, named by id.

    PREFIX PRODUCT/blobs/NAME     a blob
    PREFIX PRODUCT/aside/NAME     an empty mark: the blob of that name is set aside; it stays where it is
    PREFIX PRODUCT/owner          whose all of it is

DESIGN.md beside the interface says what is promised.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import AsyncIterator
from pathlib import Path

from portico_server.platform.blobs import pins
from portico_server.platform.blobs.errors import StoreRefused, StoreUnreachable
from portico_server.platform.blobs.interface import name_of
from portico_server.platform.blobs.open_files import OpenFile
from portico_server.platform.blobs.s3 import copying, listing
from portico_server.platform.blobs.s3.client import Request
from portico_server.platform.blobs.s3.connection import body_of
from portico_server.platform.blobs.s3.ownership import Ownership, follow
from portico_server.platform.blobs.s3.place import Place
from portico_server.platform.blobs.s3.reading import S3Blob
from portico_server.platform.blobs.s3.spool import Spool
from portico_server.platform.blobs.s3.writer import PART_BYTES, S3BlobWriter
from portico_server.platform.blobs.stores import S3Store

_NAME = re.compile(r"[0-9a-f]{32}")


class S3Blobs:
    """What `PlacedBlobs` needs of a store. `folder` is on this machine: locks, and what waits to be sent."""

    def __init__(self, described: S3Store, product: str, folder: Path, part_bytes: int = PART_BYTES) -> None:
        self._place = place = Place(described, product, folder)
        self.store, self.client = place.store, place.client
        self._part_bytes = part_bytes
        self._ownership = Ownership(place.client, place.root, folder)

    async def close(self) -> None:
        await self._place.close()

    @property
    def problem(self) -> str:
        """What is wrong with it, for its operator; empty: nothing that is known."""
        return self._ownership.problem or self.client.problem

    async def belong_to(self, owner: str, *, has_bytes: bool = False) -> None:
        await self._ownership.belong_to(owner, has_bytes=has_bytes)

    async def look(self) -> bool:
        """Asks the store how it is, so that `problem` says it, and writes nothing; false where nobody has said yet
        whose it is to be. Raises StoreError."""
        return await self._ownership.look()

    async def check_owner(self) -> None:
        """Raises StoreError where nothing may be written or removed."""
        await self._ownership.check()

    async def check_way(self) -> None:
        """Raises StoreLoop, and nothing else that the store says."""
        with contextlib.suppress(StoreUnreachable):
            await follow(self.client)

    async def create(self) -> S3BlobWriter:
        await self._ownership.check()
        name = os.urandom(16).hex()
        lock = await self._locked(name, pins.Kind.READ)
        assert lock is not None  # nobody else knows the name
        return S3BlobWriter(self._place, self._part_bytes, name, lock, await self._place.run(Spool, self._place.folder))

    async def open(self, blob_id: str, *, pinned: bool = False) -> S3Blob:
        name = _name(blob_id)
        locks: list[OpenFile] = []
        try:
            for kind in (pins.Kind.PIN, pins.Kind.READ) if pinned else (pins.Kind.READ,):
                lock = await self._locked(name, kind)
                if lock is None:
                    raise FileNotFoundError(f"{blob_id} is about to be removed")
                locks.append(lock)
            return S3Blob(self._place, name, locks, await self._found(name))
        except BaseException:
            for lock in locks:
                lock.close()
            raise

    @contextlib.asynccontextmanager
    async def unpinned(self, blob_id: str) -> AsyncIterator[bool]:
        lock = await self._locked(_name(blob_id), pins.Kind.PIN, alone=True)
        try:
            yield lock is not None
        finally:
            if lock is not None:
                await self._place.run(lock.close)

    async def copy(self, blob_id: str) -> str:
        await self._ownership.check()
        source, target = await self.open(blob_id), os.urandom(16).hex()
        lock = await self._locked(target, pins.Kind.READ)
        assert lock is not None
        try:
            await copying.copy(self._place, _name(blob_id), target, source.size_bytes)
        finally:
            lock.close()
            await source.close()
        return self._place.id_of(target)

    async def delete(self, blob_id: str) -> None:
        await self._ownership.check()
        async with self._unread(_name(blob_id)) as unread:
            if unread:
                await self._remove(self._place.key_of(_name(blob_id)))

    async def all_ids(self) -> AsyncIterator[tuple[str, int]]:
        """In the order of their names, then those of unfinished uploads."""
        marks = self._listed("aside/")
        mark = await anext(marks, None)
        async for found in self._listed("blobs/"):
            while mark is not None and mark[0] < found[0]:
                mark = await anext(marks, None)
            if mark is None or mark[0] != found[0]:
                yield found
        async for upload in listing.uploads_below(self.client, self._place.root + "blobs/"):
            if _NAME.fullmatch(upload.rest):
                yield self._place.id_of(upload.rest), upload.age_seconds

    async def set_aside(self, blob_id: str) -> None:
        """A mark is put; the blob can still be read. Nothing is done to one that somebody writes or reads."""
        await self._ownership.check()
        name = _name(blob_id)
        async with self._unread(name) as unread:
            if not unread:
                return
            async for upload in listing.uploads_below(self.client, self._place.key_of(name)):
                if not upload.rest:
                    await self._remove(self._place.key_of(name), {"uploadId": upload.upload_id})
            with contextlib.suppress(FileNotFoundError):
                await self._size_bytes(name)
                await self.client.ask(Request("PUT", self._mark_of(name), body=body_of(b"")))

    async def bring_back(self, blob_id: str) -> None:
        await self._ownership.check()
        await self._remove(self._mark_of(_name(blob_id)))

    async def delete_aside(self, blob_id: str) -> None:
        """One that is not set aside stays."""
        await self._ownership.check()
        name = _name(blob_id)
        try:
            await self.client.ask(Request("HEAD", self._mark_of(name)))
        except FileNotFoundError:
            return
        async with self._unread(name) as unread:
            if unread:
                await self._remove(self._place.key_of(name))
                await self._remove(self._mark_of(name))

    def all_aside(self) -> AsyncIterator[tuple[str, int]]:
        return self._listed("aside/")

    async def _listed(self, below: str) -> AsyncIterator[tuple[str, int]]:
        async for found in listing.objects_below(self.client, self._place.root + below):
            if _NAME.fullmatch(found.rest):
                yield self._place.id_of(found.rest), found.age_seconds

    async def _found(self, name: str) -> int:
        """Its bytes. What is missing in a store that is not this platform's is not lost, but somewhere else. Raises
        FileNotFoundError, StoreError."""
        try:
            return await self._size_bytes(name)
        except FileNotFoundError:
            await self._ownership.look()
            if problem := self._ownership.problem:
                raise StoreRefused(self.store.name, problem) from None
            raise

    async def _size_bytes(self, name: str) -> int:
        answer = await self.client.ask(Request("HEAD", self._place.key_of(name)))
        try:
            return int(answer.headers["content-length"])
        except (KeyError, ValueError):
            raise StoreRefused(self.store.name, "it did not tell how long an object is") from None

    async def _remove(self, key: str, query: dict[str, str] | None = None) -> None:
        with contextlib.suppress(FileNotFoundError):
            await self.client.ask(Request("DELETE", key, query or {}))

    async def _locked(self, name: str, kind: pins.Kind, *, alone: bool = False) -> OpenFile | None:
        return await self._place.run(pins.lock, self._place.folder, name, kind, alone=alone)

    @contextlib.asynccontextmanager
    async def _unread(self, name: str) -> AsyncIterator[bool]:
        """Inside nobody can begin to read it; false where somebody does."""
        lock = await self._locked(name, pins.Kind.READ, alone=True)
        try:
            yield lock is not None
        finally:
            if lock is not None:
                await self._place.run(lock.close)

    def _mark_of(self, name: str) -> str:
        return f"{self._place.root}aside/{name}"


def _name(blob_id: str) -> str:
    name = name_of(blob_id)
    if not _NAME.fullmatch(name):
        raise ValueError(f"not the id of a blob: {blob_id!r:.80}")
    return name
