"""Requests to one store: signed, sent again where that may help, and its errors as the platform has them.

All requests here may be sent twice: what is put has its own name, and what was removed is not there.
"""

from __future__ import annotations

import asyncio
import random
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import dataclass, field
from typing import TypeVar
from urllib.parse import quote, urlsplit

import h11

from portico_server.platform.blobs import loops
from portico_server.platform.blobs.errors import StoreError, StoreFull, StoreLoop, StoreRefused, StoreUnreachable
from portico_server.platform.blobs.s3.answers import Answer
from portico_server.platform.blobs.s3.circuit import Circuit
from portico_server.platform.blobs.s3.connection import Body, Broken, Busy, Connection
from portico_server.platform.blobs.s3.pool import Pool
from portico_server.platform.blobs.s3.signing import EMPTY_SHA256, Signer, encoded_query
from portico_server.platform.blobs.stores import S3Store

_ATTEMPTS = 4
_FIRST_PAUSE_SECONDS = 0.1
"""Before the second attempt; doubled before each further one, and up to half of it taken off by chance."""
_PATIENCE_SECONDS = 10.0
"""Behind which nothing is tried again: who asks has waited long enough."""
_ANSWER_SECONDS = 30.0
LONG_ANSWER_SECONDS = 120.0
"""For what a store works at before it answers: copies, and the end of multipart uploads."""
_MAX_ANSWER_BYTES = 8 << 20
_NO_SUCCESS = 300

_FULL = frozenset({"InsufficientStorage", "QuotaExceeded", "XMinioStorageFull", "ServiceQuotaExceeded"})
_LATER = frozenset({"SlowDown", "InternalError", "ServiceUnavailable", "RequestTimeout", "OperationAborted", "Busy"})
_LOOP = "LoopDetected"

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked for. `key` is within the bucket, without the store's prefix; empty: the bucket itself."""

    verb: str
    key: str = ""
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Body | None = None
    answer_seconds: float = 0.0
    """How long the store may take to answer; 0: the usual time."""


@dataclass(frozen=True, slots=True)
class Streamed:
    """A response whose body is still to come."""

    status: int
    headers: Mapping[str, str]
    connection: Connection


class S3Client:
    """Of one store."""

    def __init__(self, described: S3Store) -> None:
        self._described = described
        self._signer = Signer(described.access_key_id, described.secret, described.region)
        scheme, authority = described.endpoint.split("://")
        self._host = f"{described.bucket}.{authority}" if described.virtual else authority
        self._root = "/" if described.virtual else f"/{described.bucket}/"
        parts = urlsplit(f"//{self._host}")
        tls = ssl.create_default_context(cafile=described.ca_file) if scheme == "https" else None
        self._pool = Pool(parts.hostname or "", parts.port or (443 if tls else 80), tls)
        self._circuit = Circuit()
        self.asks_as = ""
        """The name of the platform that asks, in case that the store leads back to it."""
        self.problem = ""
        """Why the last request failed; empty: it did not."""

    @property
    def name(self) -> str:
        return self._described.store.name

    async def close(self) -> None:
        await self._pool.close()

    def source_of(self, key: str) -> str:
        """What names an object of this store as the source of a copy."""
        return f"/{self._described.bucket}/{quote(self.full_key(key), safe='/~')}"

    def full_key(self, key: str) -> str:
        return self._described.prefix + key

    def key_of(self, full_key: str) -> str:
        return full_key.removeprefix(self._described.prefix)

    async def ask(self, request: Request) -> Answer:
        """The whole answer of what was done. Raises FileNotFoundError where there is no such object or upload,
        FileExistsError where there is one against the request's condition; StoreError."""

        async def whole(response: Streamed, _: AsyncExitStack) -> Answer:
            return Answer(response.status, response.headers, await self._content(response))

        try:
            return await self._tried(request, whole)
        except FileNotFoundError:
            if request.verb != "HEAD":
                raise
        # HEAD does not say whether it is the object that is missing, or the bucket; what has a body says it.
        await self._tried(Request("GET", request.key, request.query, {"range": "bytes=0-0"}), whole)
        return await self._tried(request, whole)  # it has come meanwhile

    @asynccontextmanager
    async def streamed(self, request: Request) -> AsyncIterator[Streamed]:
        """The same, with the body still to be read, from `streamed.connection.body()`."""
        async with AsyncExitStack() as held:

            async def kept(response: Streamed, connected: AsyncExitStack) -> Streamed:
                held.push_async_callback(connected.pop_all().aclose)
                return response

            yield await self._tried(request, kept)

    async def _tried(self, request: Request, use: Callable[[Streamed, AsyncExitStack], Awaitable[T]]) -> T:
        if refusal := self._circuit.refusal():
            raise StoreUnreachable(self.name, refusal)
        failure: StoreError | None = None
        begun, silence = time.monotonic(), ""
        for attempt in range(_ATTEMPTS):
            if attempt:
                if time.monotonic() - begun > _PATIENCE_SECONDS:
                    break
                await asyncio.sleep(_pause_seconds(attempt))
            try:
                async with AsyncExitStack() as connected:
                    connection = await connected.enter_async_context(self._pool.connection(fresh=attempt > 0))
                    response = await self._send(connection, request)
                    self._circuit.answered()
                    if response.status < _NO_SUCCESS:
                        used = await use(response, connected)
                        failure = self._failure_within(request, used)
                        if failure is None:
                            self.problem = ""
                            return used
                    else:
                        failure = await self._failure(request, response)
            except Broken as broken:
                failure = StoreUnreachable(self.name, str(broken))
                silence = "" if broken.answering or isinstance(broken, Busy) else str(broken)
            else:
                silence = ""
            if not isinstance(failure, StoreUnreachable):
                break
        assert failure is not None
        if silence:
            self._circuit.failed(silence)
        self.problem = failure.problem
        raise failure

    async def _send(self, connection: Connection, request: Request) -> Streamed:
        path = self._root + (quote(self.full_key(request.key), safe="/~") if request.key else "")
        query = encoded_query(request.query)
        headers = {"host": self._host, **request.headers}
        if request.body is not None:
            headers["content-length"] = str(request.body.size_bytes)
        elif request.verb in ("PUT", "POST"):
            headers["content-length"] = "0"
        sha256 = request.body.sha256 if request.body is not None else EMPTY_SHA256
        signed = self._signer.headers(request.verb, path, request.query, headers, sha256)
        target = f"{path}?{query}" if query else path
        signed |= loops.passed_on(self.asks_as)  # not signed: whoever stands between may add to it
        pairs = [(name.encode(), value.encode()) for name, value in signed.items()]
        seconds = request.answer_seconds or _ANSWER_SECONDS
        response = await connection.exchange(request.verb, target, pairs, request.body, seconds)
        return Streamed(response.status_code, _headers(response), connection)

    async def _failure(self, request: Request, response: Streamed) -> StoreError:
        """What an answer means that tells of no success. Raises FileNotFoundError, FileExistsError, Broken."""
        answer = Answer(response.status, response.headers, await self._content(response))
        code = answer.error_code
        if response.status == 404 and code in ("NoSuchKey", "NoSuchUpload", ""):
            self.problem = ""
            raise FileNotFoundError(f"{request.key} is not in the store {self.name}")
        if response.status == 412:
            raise FileExistsError(f"{request.key} is in the store {self.name} already")
        return self._told(request, answer)

    def _failure_within(self, request: Request, used: object) -> StoreError | None:
        """What a store tells that had to begin its answer before it knew: an error in a 200."""
        if not isinstance(used, Answer) or b"<Error" not in used.content:
            return None
        return self._told(request, used) if used.error_code else None

    def _told(self, request: Request, answer: Answer) -> StoreError:
        status, code = answer.status, answer.error_code
        if code == _LOOP or (status == 508 and not code):
            platform = answer.headers.get(loops.REFUSED_BY, "")[:100]
            return StoreLoop(self.name, platform, is_further_on=platform not in ("", self.asks_as))
        problem = f"{request.verb} was answered {status} {code}".rstrip()
        if code in _FULL or status == 507:
            return StoreFull(self.name, problem)
        if status >= 500 or status in (408, 429) or code in _LATER:
            return StoreUnreachable(self.name, problem)
        return StoreRefused(self.name, problem)

    async def _content(self, response: Streamed) -> bytes:
        """Raises Broken, StoreRefused for more than anything here is answered with."""
        found: list[bytes] = []
        size_bytes = 0
        async with aclosing(response.connection.body()) as chunks:
            async for chunk in chunks:
                found.append(chunk)
                size_bytes += len(chunk)
                if size_bytes > _MAX_ANSWER_BYTES:
                    raise StoreRefused(self.name, f"its answer has more than {_MAX_ANSWER_BYTES} bytes")
        return b"".join(found)


def _headers(response: h11.Response) -> dict[str, str]:
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in response.headers}


def _pause_seconds(attempt: int) -> float:
    longest = _FIRST_PAUSE_SECONDS * 2 ** (attempt - 1)
    return float(longest * (1 - random.random() / 2))  # noqa: S311  # not for secrets
