"""The request stream of a put: the first message says what it is, and every message but that of an empty object
carries bytes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator

from portico._checksums import Digest, md5
from portico._sources import Source, chunks_async
from portico.errors import DataLoss
from portico.objects.v1.objects_pb2 import Object, PutObjectRequest

Progress = Callable[[int], None]
"""Told how many bytes were sent or received so far."""


class Upload:
    """A put's messages, made anew for every try. Counts and digests the bytes as they go out."""

    def __init__(self, first: PutObjectRequest, source: Source, progress: Progress | None) -> None:
        self._first = first
        self._source = source
        self._progress = progress
        self._digest: Digest | None = None
        self._sent_bytes = 0

    def __iter__(self) -> Iterator[PutObjectRequest]:
        pending = self._begin()
        if not self._source.prompt:  # the platform waits some seconds for the first message only
            yield self._first
            pending = None
        for chunk in self._source.chunks():
            yield self._filled(pending, chunk)
            pending = None
        if pending is not None:
            yield pending

    async def __aiter__(self) -> AsyncIterator[PutObjectRequest]:
        pending = self._begin()
        if not self._source.prompt:
            yield self._first
            pending = None
        async for chunk in chunks_async(self._source):
            yield self._filled(pending, chunk)
            pending = None
        if pending is not None:
            yield pending

    def check(self, stored: Object) -> None:
        """Compares what was stored with what was sent. Raises DataLoss."""
        if stored.size_bytes != self._sent_bytes:
            told = (
                f"{stored.name} was stored with {stored.size_bytes} bytes, {self._sent_bytes} were sent: put it again"
            )
            raise DataLoss(told, reason="SIZE_MISMATCH")
        if self._digest is not None and stored.checksums.md5 not in (b"", self._digest.digest()):
            raise DataLoss(
                f"{stored.name} was stored with other bytes than were sent: put it again", reason="CHECKSUM_MISMATCH"
            )

    def _begin(self) -> PutObjectRequest | None:
        self._sent_bytes = 0
        self._digest = None if self._first.checksums.md5 else md5()  # a digest sent first is checked by the platform
        message = PutObjectRequest()
        message.CopyFrom(self._first)
        return message

    def _filled(self, message: PutObjectRequest | None, chunk: bytes) -> PutObjectRequest:
        filled = PutObjectRequest() if message is None else message
        filled.data.data = chunk
        self._sent_bytes += len(chunk)
        if self._digest is not None:
            self._digest.update(chunk)
        if self._progress is not None:
            self._progress(self._sent_bytes)
        return filled
