"""Whose the blobs in a store are: nobody writes or removes there but the one platform that the store's mark names.

The mark names the database, and this platform's own folder: what was restored from a backup has the same database, and
would else remove what the platform it was made of still needs.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from contextlib import aclosing
from pathlib import Path

from portico_server.platform.blobs import loops
from portico_server.platform.blobs.errors import StoreError, StoreLoop, StoreRefused
from portico_server.platform.blobs.s3.client import Request, S3Client
from portico_server.platform.blobs.s3.connection import body_of
from portico_server.platform.blobs.s3.listing import objects_below
from portico_server.platform.blobs.stores import CLAIMS

KEY = "owner"
TOLD_OF, BLOBS_FOUND = "this platform's database tells of bytes in it", "there are blobs in it"
"""Why a store should have a mark."""
_CHECKED_SECONDS = 60.0


class Ownership:
    """Of one store, as one process knows it."""

    def __init__(self, client: S3Client, root: str, folder: Path) -> None:
        """`root` is what keys of the product begin with, `folder` this platform's own for it."""
        self._client = client
        self._root = root
        self._folder = folder
        self._owner = ""
        self._has_bytes = False
        self._checked_at = 0.0
        self._failed_at = 0.0
        self._failure: StoreError | None = None
        self._checking = asyncio.Lock()
        self.problem = ""

    async def belong_to(self, database: str, *, has_bytes: bool) -> None:
        """`has_bytes`: the database tells of some there, so there must be a mark. Nothing is asked of the store yet: it
        may be away."""
        identity = await asyncio.to_thread(loops.identity_of, self._folder)
        self._client.asks_as = loops.platform_named(identity)
        self._owner = f"{database} {identity}"
        self._has_bytes = self._has_bytes or has_bytes

    async def check(self) -> None:
        """Whether the store is this platform's; claims one that is nobody's. Raises StoreRefused, and what the client
        does."""
        came_at = time.monotonic()
        if self._is_fresh(came_at):
            return
        async with self._checking:
            if self._is_fresh(time.monotonic()):
                return
            if self._failure is not None and self._failed_at >= came_at:
                raise self._failure  # of whom this one waited for: to ask again would take as long
            self._checked_at = 0.0
            if not self._owner:
                raise StoreRefused(self._client.name, "nobody has said whose it is to be")
            try:
                with loops.of_its_own():
                    await self._take(await self._found())
            except StoreError as error:
                self._failure, self._failed_at = error, time.monotonic()
                raise
            self._failure, self._checked_at = None, time.monotonic()

    def _is_fresh(self, now: float) -> bool:
        return bool(self._checked_at) and now - self._checked_at < _CHECKED_SECONDS

    async def look(self) -> bool:
        """Keeps `problem` as it is now, and writes nothing there; false where nobody has said yet whose it is to be.
        Raises StoreError."""
        async with self._checking:
            with loops.of_its_own():
                found = await self._found()
                if self._owner and not await asyncio.to_thread(self._claim.exists):
                    self.problem = await self._judged(found)
        return bool(self._owner)

    @property
    def _claim(self) -> Path:
        return self._folder / CLAIMS / self._client.name

    async def _take(self, found: str) -> None:
        if found != self._owner and await asyncio.to_thread(self._claim.exists):
            found = await self._write(anew=not found)
        self.problem = await self._judged(found)
        if not self.problem and not found:
            found = await self._write(anew=True)
            self.problem = await self._judged(found)
        if self.problem:
            raise StoreRefused(self._client.name, self.problem)
        self._has_bytes = True  # soon: from now on its mark must not be missing
        await asyncio.to_thread(self._claim.unlink, missing_ok=True)

    async def _judged(self, found: str) -> str:
        """What is wrong with the mark; empty: nothing."""
        if not found and self._has_bytes:
            return unmarked(self._client.name, TOLD_OF)
        if not found and await has_blobs(self._client, self._root):
            found = await self._read()  # whoever wrote them has marked it before
            if not found:
                return unmarked(self._client.name, BLOBS_FOUND)
        return another_s(self._client.name, found) if found not in ("", self._owner) else ""

    async def _found(self) -> str:
        """The mark of a store that does not lead back."""
        try:
            await follow(self._client)
        except StoreLoop as error:
            self.problem = error.problem  # until a look finds otherwise; a read that succeeds ends the client's own
            raise
        return await self._read()

    async def _read(self) -> str:
        return await mark(self._client, self._root)

    async def _write(self, *, anew: bool) -> str:
        """The owner behind it: of two that claim what is nobody's at once, the one who was first."""
        headers = {"if-none-match": "*"} if anew else {}
        body = body_of(self._owner.encode())
        with contextlib.suppress(FileExistsError):
            await self._client.ask(Request("PUT", self._root + KEY, headers=headers, body=body))
        return await self._read()


async def follow(client: S3Client) -> None:
    """Where what is put into the store would go from there: another platform asks its own store in turn. Raises
    StoreLoop where it would come back; StoreUnreachable. What else is said is for who asks for more."""
    with contextlib.suppress(FileNotFoundError, StoreRefused):
        await client.ask(Request("HEAD"))


async def mark(client: S3Client, root: str) -> str:
    """Whose the store is; empty: nobody's. Raises StoreError."""
    try:
        answer = await client.ask(Request("GET", root + KEY))
    except FileNotFoundError:
        return ""
    return answer.content.decode(errors="replace").strip()


async def has_blobs(client: S3Client, root: str) -> bool:
    """Whether anybody's are there. Raises StoreError."""
    async with aclosing(objects_below(client, f"{root}blobs/")) as found:
        async for _ in found:
            return True
    return False


def another_s(store: str, found: str) -> str:
    """What to tell the operator of a store with another platform's mark."""
    return (
        f"belongs to another platform ({found[:100]}): nothing is written or removed there; if that one is gone for "
        f"good, `portico stores claim {store}`"
    )


def unmarked(store: str, why: str) -> str:
    """What to tell the operator of a store that has no mark and should."""
    return (
        f"has no owner's mark, though {why}: nothing is written or removed there; see in stores.toml that it is the "
        f"right bucket and prefix; if it is, and no other platform has its bytes there, `portico stores claim {store}`"
    )
