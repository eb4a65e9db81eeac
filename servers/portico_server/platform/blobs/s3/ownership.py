"""Whose the blobs in a store are: nobody writes or removes there but the one platform that the store's mark names.

The mark names the database, and this platform's own folder: what was restored from a backup has the same database, and
would else remove what the platform it was made of still needs.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from pathlib import Path

from portico_server.platform.blobs.errors import StoreRefused
from portico_server.platform.blobs.s3.client import Request, S3Client
from portico_server.platform.blobs.s3.writer import body_of
from portico_server.platform.blobs.stores import CLAIMS
from portico_server.platform.private_files import read_or_create

KEY = "owner"
_FOLDER_ID = "folder"
_CHECKED_SECONDS = 60.0


class Ownership:
    """Of one store, as one process knows it."""

    def __init__(self, client: S3Client, key: str, folder: Path) -> None:
        """`folder` is this platform's own, for the product."""
        self._client = client
        self._key = key
        self._folder = folder
        self._owner = ""
        self._checked_at = 0.0
        self._checking = asyncio.Lock()
        self.problem = ""

    async def belong_to(self, database: str) -> None:
        """Nothing is asked of the store yet: it may be away."""
        folder_id = await asyncio.to_thread(
            read_or_create, self._folder / _FOLDER_ID, lambda: os.urandom(16).hex().encode()
        )
        self._owner = f"{database} {folder_id.decode('ascii', 'replace').strip()}"

    async def check(self) -> None:
        """Whether the store is this platform's; claims one that is nobody's. Raises StoreRefused, and what the client
        does."""
        if self._checked_at and time.monotonic() - self._checked_at < _CHECKED_SECONDS:
            return
        async with self._checking:
            if not self._checked_at or time.monotonic() - self._checked_at >= _CHECKED_SECONDS:
                self._checked_at = 0.0
                await self._look()
                self._checked_at = time.monotonic()

    async def _look(self) -> None:
        if not self._owner:
            raise StoreRefused(self._client.name, "nobody has said whose it is to be")
        found = await self._read()
        claim = self._folder / CLAIMS / self._client.name
        if found != self._owner and (not found or await asyncio.to_thread(claim.exists)):
            found = await self._write(anew=not found)
        if found != self._owner:
            self.problem = (
                f"belongs to another platform ({found[:100]}): nothing is written or removed there; if that one is "
                f"gone for good, `portico stores claim {self._client.name}`"
            )
            raise StoreRefused(self._client.name, self.problem)
        self.problem = ""
        await asyncio.to_thread(claim.unlink, missing_ok=True)

    async def _read(self) -> str:
        try:
            answer = await self._client.ask(Request("GET", self._key))
        except FileNotFoundError:
            return ""
        return answer.content.decode(errors="replace").strip()

    async def _write(self, *, anew: bool) -> str:
        """The owner behind it: of two that claim what is nobody's at once, the one who was first."""
        headers = {"if-none-match": "*"} if anew else {}
        with contextlib.suppress(FileExistsError):
            await self._client.ask(Request("PUT", self._key, headers=headers, body=body_of(self._owner.encode())))
        return await self._read()
