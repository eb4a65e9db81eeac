"""What can be uploaded, as chunks of at most 1 MiB: bytes, a file's path, an open file, or an iterable of bytes."""

from __future__ import annotations

import asyncio
import errno
import os
import stat
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Protocol

CHUNK_BYTES = 1024 * 1024

Data = bytes | bytearray | memoryview | os.PathLike[str] | BinaryIO | Iterable[bytes] | AsyncIterable[bytes]
"""What a put takes. An asynchronous iterable needs the asyncio client."""


class Source(Protocol):
    """Bytes to send. `size_bytes`: None if it is not known before; `replayable`: `chunks` may be asked for again;
    `prompt`: the first chunk comes without waiting for somebody else."""

    size_bytes: int | None
    replayable: bool
    prompt: bool

    def chunks(self) -> Iterator[bytes]: ...


async def chunks_async(source: Source) -> AsyncIterator[bytes]:
    """The source's chunks for asyncio; what may block is done in a thread."""
    if isinstance(source, AsyncIterableSource):
        async for chunk in source.chunks_async():
            yield chunk
    elif isinstance(source, BytesSource):
        for chunk in source.chunks():
            yield chunk
    else:
        chunks = source.chunks()
        while chunk := await asyncio.to_thread(next, chunks, b""):
            yield chunk


def source_of(data: Data) -> Source:
    """The source for what a caller gave. Raises TypeError for anything else, text above all."""
    if isinstance(data, (bytes, bytearray, memoryview)):
        return BytesSource(data)
    if isinstance(data, os.PathLike):
        return PathSource(Path(data))
    if isinstance(data, str):
        raise TypeError("a text is neither bytes nor a path: give text.encode() or pathlib.Path(text)")
    if hasattr(data, "read"):
        return FileSource(data)
    if isinstance(data, AsyncIterable):
        return AsyncIterableSource(data)
    if isinstance(data, Iterable):
        return IterableSource(data)
    raise TypeError(f"cannot upload a {type(data).__name__}: give bytes, a path, a binary file or an iterable of bytes")


class BytesSource:
    """Bytes in memory."""

    replayable = True
    prompt = True

    def __init__(self, data: bytes | bytearray | memoryview) -> None:
        self.data = data if isinstance(data, bytes) else bytes(data)
        self.size_bytes: int | None = len(self.data)

    def chunks(self) -> Iterator[bytes]:
        if len(self.data) <= CHUNK_BYTES:
            yield self.data
            return
        for start in range(0, len(self.data), CHUNK_BYTES):
            yield self.data[start : start + CHUNK_BYTES]


class PathSource:
    """A file by its path, opened anew for every try. Of a pipe or device the size is not known, and it is read once."""

    def __init__(self, path: Path) -> None:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
        self.path = path
        self.replayable = self.prompt = stat.S_ISREG(status.st_mode)
        self.size_bytes: int | None = status.st_size if self.replayable else None

    def chunks(self) -> Iterator[bytes]:
        with self.path.open("rb") as file:
            yield from _pieces(file)


class FileSource:
    """An open binary file, from where it stands to its end."""

    def __init__(self, file: Any) -> None:
        self._file = file
        self.replayable = bool(getattr(file, "seekable", lambda: False)())
        self.prompt = self.replayable
        self._start = file.tell() if self.replayable else 0
        self.size_bytes: int | None = None
        if self.replayable:
            self.size_bytes = file.seek(0, os.SEEK_END) - self._start
            file.seek(self._start)

    def chunks(self) -> Iterator[bytes]:
        if self.replayable:
            self._file.seek(self._start)
        yield from _pieces(self._file)


@dataclass
class IterableSource:
    """Pieces of any size, cut or joined to chunks."""

    pieces: Iterable[bytes]
    size_bytes: int | None = None
    replayable: bool = False
    prompt: bool = False

    def chunks(self) -> Iterator[bytes]:
        pending = bytearray()
        for piece in self.pieces:
            pending += piece
            while len(pending) >= CHUNK_BYTES:
                yield bytes(pending[:CHUNK_BYTES])
                del pending[:CHUNK_BYTES]
        if pending:
            yield bytes(pending)


@dataclass
class AsyncIterableSource:
    """The same from an asynchronous iterable."""

    pieces: AsyncIterable[bytes]
    size_bytes: int | None = None
    replayable: bool = False
    prompt: bool = False

    def chunks(self) -> Iterator[bytes]:
        raise TypeError(
            "an asynchronous iterable can be uploaded by the asyncio client only: see portico.connect_async"
        )

    async def chunks_async(self) -> AsyncIterator[bytes]:
        pending = bytearray()
        async for piece in self.pieces:
            pending += piece
            while len(pending) >= CHUNK_BYTES:
                yield bytes(pending[:CHUNK_BYTES])
                del pending[:CHUNK_BYTES]
        if pending:
            yield bytes(pending)


def _pieces(file: Any) -> Iterator[bytes]:
    while chunk := file.read(CHUNK_BYTES):
        if not isinstance(chunk, bytes):
            raise TypeError("the file is open as text: open it with mode 'rb'")
        yield chunk
