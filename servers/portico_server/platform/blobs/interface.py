"""The interface of a product's bytes. They are in one store or several: files, and S3-compatible stores.

DESIGN.md says what each backend promises, and how.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Collection, Sequence
from contextlib import AbstractAsyncContextManager
from typing import NamedTuple, Protocol

LOCAL = "local"
"""The store that every platform has: files in its data directory."""
_STORE_END = "."


class Store(NamedTuple):
    """A place for bytes: its name, and where it stands; empty: nobody has said."""

    name: str
    location: str = ""
    jurisdiction: str = ""


def store_of(blob_id: str) -> str:
    """The name of the store that a blob is in: its id begins with it, but in LOCAL."""
    name, end, _ = blob_id.partition(_STORE_END)
    return name if end else LOCAL


def id_in(store: str, name: str) -> str:
    """The id of the blob that a store, not LOCAL, has by this name."""
    return store + _STORE_END + name


def name_of(blob_id: str) -> str:
    """What the blob's own store calls it."""
    return blob_id.rpartition(_STORE_END)[2]


class BlobWriter(Protocol):
    """A blob being written; invisible until committed."""

    @property
    def blob_id(self) -> str:
        """Its id, chosen at the start."""
        ...

    async def write(self, *parts: bytes) -> None:
        """Appends them. Raises StorageFull where the disk is full."""
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
    """A product's blobs.

    What has to reach a store outside of this machine raises a `StoreError` besides.
    """

    @property
    def identity(self) -> str:
        """What tells this platform's blobs from those of all others: random, of its own folder."""
        ...

    @property
    def stores(self) -> Sequence[Store]:
        """Where bytes can be put. The first is the usual one."""
        ...

    async def check_way(self, store: str) -> None:
        """Raises StoreLoop where what is put into the store of that name would come to a platform that it has come by
        before; StoreUnknown. Whether the store can be reached is not told."""
        ...

    async def create(self, store: str = "") -> BlobWriter:
        """Begins a new blob, in the store of that name; empty: the usual one. Raises StoreUnknown."""
        ...

    async def open(self, blob_id: str, *, pinned: bool = False) -> Blob:
        """Opens one for reading; `pinned` until it is closed. Raises FileNotFoundError, also where a pin is wanted and
        somebody is just making sure that there is none; StoreUnknown."""
        ...

    def unpinned(self, blob_id: str) -> AbstractAsyncContextManager[bool]:
        """Around what must not happen while one is pinned by any process: false where it is. Inside none can be pinned.
        One that is not there is not pinned."""
        ...

    async def copy(self, blob_id: str, store: str = "") -> str:
        """The id of a new, durable blob with the same bytes, in the store of that name; empty: in the same one. Raises
        FileNotFoundError, StorageFull, StoreUnknown."""
        ...

    async def delete(self, blob_id: str) -> None:
        """Removes one; to remove what is not there succeeds. One that is read in a store outside is left there, as if
        nobody had ever told of it."""
        ...

    def removing(self) -> AbstractAsyncContextManager[bool]:
        """Around the removal of blobs that rows referred to until lately: false where somebody, a backup for example,
        needs them for now. Then they are to be left for later."""
        ...

    def all_ids(self) -> AsyncIterator[tuple[str, int]]:
        """Every blob that exists, with the seconds since its last change; unfinished ones too. For the collector."""
        ...

    async def set_aside(self, blob_id: str) -> None:
        """Takes one out of the sight of `all_ids`: `all_aside` finds it, and it may be that it cannot be opened. Of an
        unfinished one nothing is left."""
        ...

    async def bring_back(self, blob_id: str) -> None:
        """Undoes `set_aside`; to bring back what is not there succeeds."""
        ...

    async def delete_aside(self, blob_id: str) -> None:
        """Removes one that is set aside; to remove what is not there succeeds."""
        ...

    def all_aside(self, *, hidden: bool = False) -> AsyncIterator[tuple[str, int]]:
        """Every blob that is set aside, with the seconds since; `hidden`: those alone that cannot be opened now."""
        ...

    async def belong_to(self, owner: str, in_use: Collection[str] = ()) -> None:
        """Says which database these blobs belong to, and which stores outside it tells of bytes in, before any is
        written or removed: in a store that has another owner nothing is."""
        ...

    @property
    def place(self) -> str:
        """Where the local store is, for people of any node."""
        ...

    @property
    def owner_place(self) -> str:
        """Where the local store's owner is written, for people."""
        ...

    async def owner(self) -> str:
        """The identity of the database that the local blobs belong to; empty where nobody has claimed them."""
        ...

    async def claim(self, owner: str) -> None:
        """Writes the owner down, durably, in place of the one before."""
        ...
