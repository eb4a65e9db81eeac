"""Where a product's blobs are in a store, and what is needed to work on them: who asks the store, and threads for what
waits on this machine's disk."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import ParamSpec, TypeVar

from portico_server.platform.blobs.interface import id_in
from portico_server.platform.blobs.s3.client import S3Client
from portico_server.platform.blobs.stores import S3Store

_THREADS = 4

P = ParamSpec("P")
T = TypeVar("T")


class Place:
    """Of one product in one store. `folder` is on this machine: locks, and what waits to be sent."""

    def __init__(self, described: S3Store, product: str, folder: Path) -> None:
        self.store = described.store
        self.client = S3Client(described)
        self.folder = folder
        self.root = f"{product}/"
        """What all keys begin with."""
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix=f"store-{self.store.name}")

    async def close(self) -> None:
        await self.client.close()
        await asyncio.to_thread(self._threads.shutdown)

    def id_of(self, name: str) -> str:
        return id_in(self.store.name, name)

    def key_of(self, name: str) -> str:
        return f"{self.root}blobs/{name}"

    async def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """The function's answer, from a thread."""
        return await asyncio.get_running_loop().run_in_executor(
            self._threads, functools.partial(function, *args, **kwargs)
        )
