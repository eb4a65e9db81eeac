"""What stands below a folder or a prefix: files and objects, in the order of the bytes of their relative paths.

Both come in the same order, one by one, so that two of them can be compared without holding either.
"""

from __future__ import annotations

import os
import stat
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from portico_cli.remote import Remote, is_utf8
from portico_cli.transfers.places import Place

if TYPE_CHECKING:
    from portico import AsyncClient

Item = TypeVar("Item")

_AT_A_TIME = 256
"""Entries of folders that are read before others get their turn."""


class Links(Enum):
    """What symbolic links in a folder are taken for."""

    FILES = "links to files are taken as files, links to folders refused"
    FOLLOWED = "links to folders are followed, too"
    LEFT_OUT = "no link is taken"


@dataclass(frozen=True, slots=True)
class Entry:
    """A file or an object."""

    relative: str
    """Its path below the folder or prefix, with slashes."""
    place: Place
    size_bytes: int = 0
    modified_us: int = 0
    """When a file was changed, or an object put: microseconds since 1970."""
    object: Any = None
    """An object's message, as listed."""
    refused: str = ""
    """Why it cannot be copied."""

    @property
    def order(self) -> bytes:
        return self.relative.encode(errors="surrogateescape")


async def entries(client: AsyncClient, where: Place, links: Links) -> AsyncIterator[Entry]:
    """All below a folder or prefix. Raises OSError for a folder that cannot be read, PorticoError."""
    if isinstance(where, Path):
        async for entry in by_turns(files(where, links)):
            yield entry
        return
    prefix = prefix_of(where)
    async for item in client.objects.list(where.bucket, prefix=prefix):
        if relative := item.name.partition("/objects/")[2].removeprefix(prefix):  # else the folder's own marker
            yield of_object(item, where.bucket, relative)


def prefix_of(where: Remote) -> str:
    """What keys below it begin with: a name is taken for that of a folder."""
    return where.key if where.is_folder else where.key + "/"


def of_object(item: Any, bucket: str, relative: str) -> Entry:
    """An object as listed or answered."""
    place = Remote(bucket, item.name.partition("/objects/")[2])
    return Entry(relative, place, item.size_bytes, item.create_time.ToMicroseconds(), item)


def files(folder: Path, links: Links) -> Iterator[Entry]:
    """All that is no folder below one. Raises OSError for a folder that cannot be read: it is not an empty one."""
    yield from _below(str(folder), "", links, ())


async def by_turns(items: Iterable[Item]) -> AsyncIterator[Item]:
    """The items of what may take its time, which meanwhile does not keep others from theirs."""
    import asyncio

    rest = iter(items)
    while some := await asyncio.to_thread(list, islice(rest, _AT_A_TIME)):
        for item in some:
            yield item


def _below(folder: str, base: str, links: Links, above: tuple[tuple[int, int], ...]) -> Iterator[Entry]:
    """`above`: device and inode of the folders around, by which a link that leads back is known."""
    if links is Links.FOLLOWED:
        status = os.stat(folder)
        if (status.st_dev, status.st_ino) in above:
            yield Entry(base.removesuffix("/"), Path(folder), refused="a link that leads back to a folder around it")
            return
        above = (*above, (status.st_dev, status.st_ino))
    with os.scandir(folder) as scanned:
        found = [(item, _is_folder(item, links)) for item in scanned]
    found.sort(key=lambda pair: os.fsencode(pair[0].name) + (b"/" if pair[1] else b""))
    for item, is_folder in found:
        relative = base + item.name
        if is_folder:
            yield from _below(item.path, relative + "/", links, above)
        elif links is not Links.LEFT_OUT or not item.is_symlink():
            yield _of_file(item, relative)


def _is_folder(item: os.DirEntry[str], links: Links) -> bool:
    return item.is_dir(follow_symlinks=links is Links.FOLLOWED)


def _of_file(item: os.DirEntry[str], relative: str) -> Entry:
    path = Path(item.path)
    try:
        status = item.stat()
    except OSError as error:
        told = "a link to what is not there" if item.is_symlink() else error.strerror or "it cannot be read"
        return Entry(relative, path, refused=told)
    refused = ""
    if stat.S_ISDIR(status.st_mode):
        refused = "a link to a folder: --follow-symlinks takes what it holds"
    elif not stat.S_ISREG(status.st_mode):
        refused = "no regular file"
    elif not is_utf8(relative):
        refused = "its name is not UTF-8, which keys are"
    return Entry(relative, path, status.st_size, status.st_mtime_ns // 1000, refused=refused)
