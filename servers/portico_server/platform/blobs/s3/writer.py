"""A blob on its way into a store: in one request, or, where it is large, as the parts of a multipart upload."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import suppress
from xml.sax.saxutils import escape

from portico_server.platform.blobs.errors import StoreError, StoreRefused
from portico_server.platform.blobs.open_files import OpenFile
from portico_server.platform.blobs.s3.answers import document, text
from portico_server.platform.blobs.s3.client import LONG_ANSWER_SECONDS, Request
from portico_server.platform.blobs.s3.connection import Body, body_of
from portico_server.platform.blobs.s3.place import Place
from portico_server.platform.blobs.s3.spool import Spool

PART_BYTES = 32 << 20
_USUAL_PARTS = 9_000
_LARGEST_PART_BYTES = 5 << 30
"""Stores take 10,000 parts, and some of them only parts of one size. So all have PART_BYTES, for 281 GiB; the last
thousand, which few objects reach, may be as large as parts can be: all in all more than an object may have."""
_CHUNK_BYTES = 256 * 1024


class S3BlobWriter:
    """Implements `BlobWriter`. One write at a time. One part is sent while the next is filled."""

    def __init__(self, place: Place, part_bytes: int, name: str, lock: OpenFile, spool: Spool) -> None:
        """`part_bytes`: of all parts but the very last ones. `lock` says that the blob is in use; the writer closes it,
        and the spool."""
        self._place = place
        self._usual_part_bytes = part_bytes
        self._name = name
        self._lock = lock
        self._spool = spool
        self._parts: list[str] = []
        self._upload_id = ""
        self._sending: asyncio.Task[None] | None = None
        self._may_be_there = False
        self._ended = False

    @property
    def blob_id(self) -> str:
        return self._place.id_of(self._name)

    async def write(self, *parts: bytes) -> None:
        for part in parts:
            await self._write(memoryview(part))

    async def _write(self, view: memoryview) -> None:
        while view:
            room = self._part_bytes() - self._spool.size_bytes
            await self._place.run(self._spool.append, view[:room])
            view = view[room:]
            if self._spool.size_bytes == self._part_bytes():
                await self._send_part()

    async def commit(self) -> None:
        if not self._upload_id and self._sending is None:
            self._may_be_there = True
            await self._place.client.ask(Request("PUT", self._place.key_of(self._name), body=self._body(self._spool)))
        else:
            if self._spool.size_bytes:
                await self._send_part()
            await self._sent()
            self._may_be_there = True
            await complete_upload(self._place, self._name, self._upload_id, self._parts)
        await self._end()

    async def discard(self) -> None:
        """What of it cannot be removed now is left to who looks for what nobody tells of."""
        if self._ended:
            return
        if self._sending is not None:
            self._sending.cancel()
            await asyncio.gather(self._sending, return_exceptions=True)
        key = self._place.key_of(self._name)
        with suppress(StoreError, FileNotFoundError):
            if self._upload_id:
                await self._place.client.ask(Request("DELETE", key, {"uploadId": self._upload_id}))
        with suppress(StoreError, FileNotFoundError):
            if self._may_be_there:
                await self._place.client.ask(Request("DELETE", key))
        await self._end()

    async def _end(self) -> None:
        self._ended = True
        await self._place.run(self._spool.close)
        await self._place.run(self._lock.close)

    def _part_bytes(self) -> int:
        begun = len(self._parts) + (self._sending is not None)
        return self._usual_part_bytes if begun < _USUAL_PARTS else _LARGEST_PART_BYTES

    async def _send_part(self) -> None:
        """Begins to send what is spooled, once the part before is there."""
        await self._sent()
        full, self._spool = self._spool, await self._place.run(Spool, self._place.folder)
        self._sending = asyncio.ensure_future(self._send(full))

    async def _sent(self) -> None:
        if self._sending is not None:
            sending, self._sending = self._sending, None
            try:
                await sending
            except BaseException:
                sending.cancel()
                await asyncio.gather(sending, return_exceptions=True)
                raise

    async def _send(self, spool: Spool) -> None:
        try:
            if not self._upload_id:
                self._upload_id = await begin_upload(self._place, self._name)
            query = {"partNumber": str(len(self._parts) + 1), "uploadId": self._upload_id}
            answer = await self._place.client.ask(
                Request("PUT", self._place.key_of(self._name), query, body=self._body(spool))
            )
            self._parts.append(answer.headers.get("etag", ""))
        except FileNotFoundError:
            raise StoreRefused(self._place.client.name, "a multipart upload was aborted by somebody else") from None
        finally:
            await self._place.run(spool.close)

    def _body(self, spool: Spool) -> Body:
        async def chunks() -> AsyncGenerator[bytes, None]:
            for offset in range(0, spool.size_bytes, _CHUNK_BYTES):
                yield await self._place.run(spool.read, offset, _CHUNK_BYTES)

        return Body(spool.size_bytes, spool.sha256, chunks)


async def begin_upload(place: Place, name: str) -> str:
    """The id of a new multipart upload."""
    answer = await place.client.ask(Request("POST", place.key_of(name), {"uploads": ""}))
    root = document(answer.content)
    upload_id = text(root, "UploadId") if root is not None else ""
    if not upload_id:
        raise StoreRefused(place.client.name, "it answered a new multipart upload without an id")
    return upload_id


async def complete_upload(place: Place, name: str, upload_id: str, etags: list[str]) -> None:
    """Makes the object of its parts."""
    parts = "".join(
        f"<Part><PartNumber>{number}</PartNumber><ETag>{escape(etag)}</ETag></Part>"
        for number, etag in enumerate(etags, 1)
    )
    content = f"<CompleteMultipartUpload>{parts}</CompleteMultipartUpload>".encode()
    key = place.key_of(name)
    body = await place.run(body_of, content)
    try:
        await place.client.ask(
            Request("POST", key, {"uploadId": upload_id}, body=body, answer_seconds=LONG_ANSWER_SECONDS)
        )
    except FileNotFoundError:
        # The answer of a first try was lost: then the object is there.
        await place.client.ask(Request("HEAD", key))
