"""The interface of a product's store of bytes. Backends: files; later any S3-compatible store."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AbstractAsyncContextManager
from typing import Protocol


class BlobWriter(Protocol):
    """A blob being written; invisible until committed."""

    @property
    def blob_id(self) -> str:
        """Its id, chosen at the start."""
        ...

    async def write(self, data: bytes) -> None:
        """Appends. Raises StorageFull where the disk is full."""
        ...

    async def commit(self) -> None:
        """Makes it durable (synced, renamed, directory synced) and readable. Raises StorageFull."""
        ...

    async def discard(self) -> None:
        """Removes what was written. Safe to call after a failure and after commit (then it does nothing)."""
        ...


class Blob(Protocol):
    """A committed blob, open for reading; it stays readable to the end though it be deleted meanwhile."""

    size_bytes: int

    def chunks(self, offset: int, length: int, chunk_bytes: int) -> AsyncGenerator[bytes, None]:
        """Its bytes from `offset`, `length` of them, in pieces. To be closed before the blob is."""
        ...

    async def close(self) -> None: ...


class Blobs(Protocol):
    """A product's blobs."""

    async def create(self) -> BlobWriter:
        """Begins a new blob."""
        ...

    async def open(self, blob_id: str, *, pinned: bool = False) -> Blob:
        """Opens one for reading; `pinned` until it is closed. Raises FileNotFoundError, also where a pin is wanted and
        somebody is just making sure that there is none."""
        ...

    def unpinned(self, blob_id: str) -> AbstractAsyncContextManager[bool]:
        """Around what must not happen while one is pinned by any process: false where it is. Inside none can be pinned.
        One that is not there is not pinned."""
        ...

    async def copy(self, blob_id: str) -> str:
        """The id of a new, durable blob with the same bytes. Raises FileNotFoundError, StorageFull."""
        ...

    async def delete(self, blob_id: str) -> None:
        """Removes one; to remove what is not there succeeds."""
        ...

    def removing(self) -> AbstractAsyncContextManager[bool]:
        """Around the removal of blobs that rows referred to until lately: false where somebody, a backup for example,
        needs them for now. Then they are to be left for later."""
        ...

    def all_ids(self) -> AsyncIterator[tuple[str, int]]:
        """Every blob that exists, with the seconds since its last change; unfinished ones too. For the collector."""
        ...

    async def set_aside(self, blob_id: str) -> None:
        """Takes one out of sight: only `all_aside` finds it. Of an unfinished one nothing is left."""
        ...

    async def bring_back(self, blob_id: str) -> None:
        """Undoes `set_aside`; to bring back what is not there succeeds."""
        ...

    async def delete_aside(self, blob_id: str) -> None:
        """Removes one that is set aside; to remove what is not there succeeds."""
        ...

    def all_aside(self) -> AsyncIterator[tuple[str, int]]:
        """Every blob that is set aside, with the seconds since."""
        ...

    @property
    def place(self) -> str:
        """Where the store is, for people of any node."""
        ...

    @property
    def owner_place(self) -> str:
        """Where the store's owner is written, for people."""
        ...

    async def owner(self) -> str:
        """The identity of the database that these blobs belong to; empty where nobody has claimed them."""
        ...

    async def claim(self, owner: str) -> None:
        """Writes the owner down, durably, in place of the one before."""
        ...
