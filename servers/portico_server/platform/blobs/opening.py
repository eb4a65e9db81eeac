"""Opens a product's blobs, as stores.toml of the data directory says. Where it says nothing they are files, and what
speaks to other stores is not even loaded."""

from __future__ import annotations

from pathlib import Path

from portico_server.platform.blobs.files import FileBlobs
from portico_server.platform.blobs.placed import PlacedBlobs
from portico_server.platform.blobs.stores import Stores
from portico_server.platform.reserve import Reserve


async def open_blobs(
    data: Path, product: str, stores: Stores, reserve: Reserve | None = None
) -> FileBlobs | PlacedBlobs:
    """To be closed. No store is asked for anything yet. `reserve`: of the disk of the data directory."""
    folder = data / "blobs" / product
    files = await FileBlobs.start(folder, stores.local, reserve)
    if not stores.others:
        return files
    from portico_server.platform.blobs.s3.blobs import S3Blobs

    others = {one.store.name: S3Blobs(one, product, folder) for one in stores.others}
    return PlacedBlobs(files, others, stores.default)
