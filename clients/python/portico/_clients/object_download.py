"""Reading an object: a stream that goes on where it broke off, and checks at the end what arrived.

A read that breaks is taken up again from its next byte, of the very same version (by its ETag); if that is gone
meanwhile, the read fails. Size and digest are checked when the whole object was read; of a range only the size. Where
the digest is wrong, what can be read again is: the way may be to blame, or what is stored.
"""

from __future__ import annotations

import io
import time
from collections.abc import AsyncIterator, Callable, Iterator
from types import TracebackType
from typing import Any, NoReturn, Self, TypeVar

from portico._checksums import Digest, verifier
from portico._methods import method
from portico._retries import Deadline, pause_seconds
from portico._session import Session
from portico._steps import Steps, blocking, run, run_async, sleep
from portico._streams import Stream
from portico.errors import DataLoss, PorticoError
from portico.objects.v1.objects_pb2 import GetObjectRequest, GetObjectResponse, Object

Taken = TypeVar("Taken")

_GET_OBJECT = method("/portico.objects.v1.ObjectService/GetObject", GetObjectResponse)
_MISMATCH = "CHECKSUM_MISMATCH"
_OTHER_BYTES = "other bytes came than were stored: get it again; if they come again, what is stored is damaged"
_DAMAGED = "twice other bytes came than its checksum says: what is stored is damaged; put it again from a copy"
_AWAY_SECONDS = 30.0
"""So long a read that had begun and broke tries to go on: a platform that starts again takes some seconds."""
_MUCH_BYTES = 64 * 1024
"""From here on a digest takes long enough to be computed off an event loop."""


class Download:
    """The bytes of one get, in steps. `object`, `offset_bytes` and `length_bytes` are known after `begin`."""

    def __init__(self, session: Session, request: GetObjectRequest, *, second: bool = False) -> None:
        self._session = session
        self._request = request
        self._second = second
        self._stream: Stream[GetObjectResponse] | None = None
        self._first = b""
        self._failures = 0
        self._broken_at: float | None = None  # of `time.monotonic`; None while bytes come
        self._verifier: tuple[Digest, bytes] | None = None
        self.received_bytes = 0
        self.object = Object()
        self.offset_bytes = 0
        self.length_bytes = 0

    def begin(self) -> Steps[Self]:
        """Waits for the first message. Raises NotFound, FailedPrecondition, OutOfRange."""
        message = yield from self._open(self._request)
        self.object = message.object
        self.offset_bytes = message.offset_bytes
        self.length_bytes = message.length_bytes
        if self.length_bytes == self.object.size_bytes:
            self._verifier = verifier(self.object.checksums)
        return self

    def chunk(self) -> Steps[bytes]:
        """The next bytes, as many as came at once; none at the end. Raises DataLoss where they are not those stored."""
        while True:
            try:
                data = yield from self._next()
            except PorticoError as error:
                yield from self._resume(error)
                continue
            self.received_bytes += len(data)
            if self.received_bytes > self.length_bytes or (not data and self.received_bytes < self.length_bytes):
                self._fail(
                    "SIZE_MISMATCH",
                    f"{self.length_bytes} bytes were announced, {self.received_bytes} came: get it again",
                )
            if data:
                self._failures, self._broken_at = 0, None
                yield from self._digest(data)
            elif self._verifier is not None and self._verifier[0].digest() != self._verifier[1]:
                self._fail(_MISMATCH, _DAMAGED if self._second else _OTHER_BYTES)
            return data

    def close(self) -> None:
        """Ends the call, also in the middle."""
        if self._stream is not None:
            self._stream.close()

    def _open(self, request: GetObjectRequest) -> Steps[GetObjectResponse]:
        self._stream = yield from self._session.stream(_GET_OBJECT, request, repeatable=True)
        message = yield from self._stream.read()
        if message is None:
            self._fail("EMPTY_ANSWER", "the platform answered nothing: get it again")
        self._first = message.data.data
        return message

    def _next(self) -> Steps[bytes]:
        if self._first:
            data, self._first = self._first, b""
            return data
        assert self._stream is not None  # begun
        while (message := (yield from self._stream.read())) is not None:
            if message.data.data:
                return bytes(message.data.data)
        return b""

    def _resume(self, error: PorticoError) -> Steps[None]:
        """Goes on behind what came, of the same version; or raises the error, if it is not worth another try."""
        rest = GetObjectRequest(name=self._request.name, version_id=self._request.version_id)
        rest.offset_bytes = self.offset_bytes + self.received_bytes
        rest.limit_bytes = self.length_bytes - self.received_bytes
        rest.conditions.if_match.append(self.object.etag)
        while True:
            self._failures += 1
            pause = pause_seconds(error, self._failures, self._tries(), Deadline(None))
            if pause is None:
                raise error
            yield sleep(pause)
            try:
                if rest.limit_bytes:
                    yield from self._open(rest)
                return
            except PorticoError as again:
                error = again

    def _tries(self) -> int:
        """How many there may be by now: any number while the platform may be starting again."""
        tries = self._session.options.attempts
        self._broken_at = self._broken_at or time.monotonic()
        patient = tries > 1 and time.monotonic() - self._broken_at < _AWAY_SECONDS
        return self._failures + 1 if patient else tries

    def _digest(self, data: bytes) -> Steps[None]:
        if self._verifier is None:
            return
        if len(data) < _MUCH_BYTES:
            self._verifier[0].update(data)
        else:
            yield blocking(self._verifier[0].update, data)

    def _fail(self, reason: str, told: str) -> NoReturn:
        ray_id = self._stream.ray_id if self._stream else ""
        self.close()
        raise DataLoss(f"{self._request.name}: {told}", reason=reason, ray_id=ray_id)


def read_whole(
    session: Session, request: GetObjectRequest, take: Callable[[Download], Steps[Taken]], *, repeatable: bool = True
) -> Steps[Taken]:
    """Begins a download and hands it to `take`; does so once more where other bytes came than were stored: if they come
    again, it is not the way that is to blame."""
    for second in (False, True):
        download = Download(session, request, second=second)
        yield from download.begin()
        try:
            return (yield from take(download))
        except DataLoss as error:
            if second or not repeatable or error.reason != _MISMATCH:
                raise
        finally:
            download.close()
    raise AssertionError


class ObjectReader(io.RawIOBase):
    """An object's bytes as a binary file that is read once from front to end. Close it, or use it in a `with`.

    Attributes:
        object: the object's metadata.
        offset_bytes: where in the object the bytes begin.
        length_bytes: how many there are.
    """

    def __init__(self, download: Download, session: Session) -> None:
        self._download = download
        self._session = session
        self._pending = memoryview(b"")
        self.object = download.object
        self.offset_bytes = download.offset_bytes
        self.length_bytes = download.length_bytes

    def readable(self) -> bool:
        return True

    def chunks(self) -> Iterator[bytes]:
        """The rest of the bytes in pieces, as they come: the quickest way to read them."""
        if self._pending:
            yield bytes(self._pending)
            self._pending = memoryview(b"")
        while data := run(self._download.chunk(), self._session.transport):
            yield data

    def readall(self) -> bytes:
        return b"".join(self.chunks())

    def readinto(self, buffer: Any, /) -> int:
        if not self._pending:
            self._pending = memoryview(run(self._download.chunk(), self._session.transport))
        target = memoryview(buffer).cast("B")
        count = min(len(target), len(self._pending))
        target[:count] = self._pending[:count]
        self._pending = self._pending[count:]
        return count

    def close(self) -> None:
        if not self.closed:
            self._download.close()
        super().close()


class AsyncObjectReader:
    """An object's bytes, read once from front to end: `async for chunk in reader`, or `await reader.read()`.

    Attributes:
        object: the object's metadata.
        offset_bytes: where in the object the bytes begin.
        length_bytes: how many there are.
    """

    def __init__(self, download: Download, session: Session) -> None:
        self._download = download
        self._session = session
        self._pending = b""
        self.object = download.object
        self.offset_bytes = download.offset_bytes
        self.length_bytes = download.length_bytes

    async def read(self, size: int = -1) -> bytes:
        """All that is left or, with `size`, so many bytes at most; none at the end."""
        if size < 0:
            return b"".join([chunk async for chunk in self])
        if not self._pending:
            self._pending = await run_async(self._download.chunk(), self._session.transport)
        data, self._pending = self._pending[:size], self._pending[size:]
        return data

    async def __aiter__(self) -> AsyncIterator[bytes]:
        if self._pending:
            data, self._pending = self._pending, b""
            yield data
        while chunk := await run_async(self._download.chunk(), self._session.transport):
            yield chunk

    def close(self) -> None:
        """Ends the call, also in the middle."""
        self._download.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()
