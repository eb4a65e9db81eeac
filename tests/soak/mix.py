"""The traffic of a soak: callers whose every call must succeed, beside clients that cancel, vanish, dawdle, break off.

All share one event loop and go at a fixed pace, so that the machine is busy and not full: what fails then fails for a
reason of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import secrets
import ssl
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import grpc
from google.api import httpbody_pb2
from portico.testing.v1 import testing_pb2, testing_pb2_grpc

from portico.objects.v1 import objects_pb2, objects_pb2_grpc
from tests.harness import RunningPlatform
from tests.harness.credentials import ssl_context

NAME = "accounts/default/tests/t"
CALL_SECONDS = 60
"""No call takes nearly as long; one that does counts as lost."""
CALLS_OF_A_CHANNEL = 200
"""Then a caller connects anew: connections come and go all the time."""
PARTIAL_REQUEST = (
    b"POST /v1/testing/accounts/default/tests/t HTTP/1.1\r\nhost: localhost\r\ncontent-length: 100\r\n\r\n{"
)
SLOW_READ_SECONDS = 0.2
CHUNK_BYTES = 64 * 1024


@dataclass
class Tally:
    """`done` counts what went well, by kind; `lost` says what did not, of the calls that must go well."""

    done: Counter[str] = field(default_factory=Counter)
    lost: list[str] = field(default_factory=list)


class Mix:
    """Clients of one platform, until `stop` is set."""

    def __init__(self, platform: RunningPlatform, bucket: str, seed: int) -> None:
        self._platform = platform
        self._bucket = bucket
        self._chance = random.Random(seed)
        self.tally = Tally()
        self.stop = asyncio.Event()

    async def run(self) -> None:
        """Goes on until it is to stop, then lets what is under way end."""
        kinds: list[tuple[Callable[[], Awaitable[None]], float]] = [
            *((self._callers_of(self._echo, "echo"), 0.02) for _ in range(2)),
            (self._callers_of(self._put_and_get, "put and get"), 0.1),
            (self._callers_of(self._read_slowly, "slow reader"), 0.5),
            (self._cancel, 0.1),
            (self._break_an_upload, 0.2),
            (self._reset, 0.3),
            (self._garbage, 0.5),
        ]
        await asyncio.gather(*(self._again(client, pause) for client, pause in kinds))

    async def _again(self, client: Callable[[], Awaitable[None]], pause_seconds: float) -> None:
        while not self.stop.is_set():
            await client()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.stop.wait(), pause_seconds * self._chance.uniform(0.5, 1.5))

    def _callers_of(
        self, call: Callable[[grpc.aio.Channel], Awaitable[None]], kind: str
    ) -> Callable[[], Awaitable[None]]:
        """A caller whose calls must succeed. It keeps a channel for a while; a lost call is noted, and it goes on."""
        channels: list[grpc.aio.Channel] = []
        calls = 0

        async def client() -> None:
            nonlocal calls
            if calls % CALLS_OF_A_CHANNEL == 0:
                while channels:
                    await channels.pop().close()
                channels.append(self._platform.aio_channel())
            calls += 1
            try:
                await call(channels[0])
                self.tally.done[kind] += 1
            except (grpc.aio.AioRpcError, AssertionError) as error:
                said = f"{error.code().name}: {error.details()}" if isinstance(error, grpc.aio.AioRpcError) else error
                self.tally.lost.append(f"{kind}: {said}")

        return client

    async def _echo(self, channel: grpc.aio.Channel) -> None:
        text = secrets.token_hex(8)
        request = testing_pb2.UnaryRequest(name=NAME, text=text, delay_millis=self._chance.choice((0, 0, 0, 50)))
        answer = await testing_pb2_grpc.TestingServiceStub(channel).Unary(request, timeout=CALL_SECONDS)
        assert answer.text == text

    async def _put_and_get(self, channel: grpc.aio.Channel) -> None:
        stub = objects_pb2_grpc.ObjectServiceStub(channel)
        name = f"{self._bucket}/objects/{self._chance.randrange(200)}-{secrets.token_hex(4)}"
        data = self._chance.randbytes(self._chance.choice((10, 1000, 20_000, 300_000)))
        await stub.PutObject(_messages(name, data), timeout=CALL_SECONDS)
        answers = stub.GetObject(objects_pb2.GetObjectRequest(name=name), timeout=CALL_SECONDS)
        assert b"".join([answer.data.data async for answer in answers]) == data
        await stub.DeleteObject(objects_pb2.DeleteObjectRequest(name=name), timeout=CALL_SECONDS)

    async def _read_slowly(self, channel: grpc.aio.Channel) -> None:
        request = testing_pb2.ServerStreamRequest(name=NAME, sizes_bytes=[CHUNK_BYTES] * 20)
        received = 0
        async for answer in testing_pb2_grpc.TestingServiceStub(channel).ServerStream(request, timeout=CALL_SECONDS):
            received += len(answer.payload)
            await asyncio.sleep(SLOW_READ_SECONDS * self._chance.random())
        assert received == 20 * CHUNK_BYTES

    async def _cancel(self) -> None:
        """A download that its reader leaves after a moment."""
        async with self._channel_that_may_fail() as channel:
            request = testing_pb2.ServerStreamRequest(name=NAME, sizes_bytes=[CHUNK_BYTES] * 1000)
            call = testing_pb2_grpc.TestingServiceStub(channel).ServerStream(request, timeout=CALL_SECONDS)
            for _ in range(self._chance.randrange(4)):
                await call.read()
            call.cancel()
            self.tally.done["cancelled"] += 1

    async def _break_an_upload(self) -> None:
        """An upload whose sender stops in the middle and goes."""
        async with self._channel_that_may_fail() as channel:
            name = f"{self._bucket}/objects/broken-{secrets.token_hex(4)}"
            call = objects_pb2_grpc.ObjectServiceStub(channel).PutObject(timeout=CALL_SECONDS)
            for message in list(_messages_at_once(name, bytes(5 * CHUNK_BYTES)))[: self._chance.randint(1, 4)]:
                await call.write(message)
            call.cancel()
            self.tally.done["broken upload"] += 1

    @contextlib.asynccontextmanager
    async def _channel_that_may_fail(self) -> AsyncIterator[grpc.aio.Channel]:
        async with self._platform.aio_channel() as channel:
            # grpcio raises CancelledError for a call that was cancelled here; our own tasks never are.
            with contextlib.suppress(grpc.aio.AioRpcError, asyncio.InvalidStateError, asyncio.CancelledError):
                yield channel

    async def _reset(self) -> None:
        """A client that is gone in the middle of its request."""
        await self._send(PARTIAL_REQUEST)
        self.tally.done["reset"] += 1

    async def _garbage(self) -> None:
        """Bytes that are no HTTP."""
        await self._send(self._chance.randbytes(self._chance.randint(1, 3000)))
        self.tally.done["garbage"] += 1

    async def _send(self, data: bytes) -> None:
        context = ssl_context(self._platform.authority, self._platform.certificate)
        context.set_alpn_protocols(["http/1.1"])
        with contextlib.suppress(OSError, ssl.SSLError):
            _, writer = await asyncio.open_connection("127.0.0.1", self._platform.port, ssl=context)
            writer.write(data)
            await writer.drain()
            writer.transport.abort()


def _messages_at_once(name: str, data: bytes) -> list[objects_pb2.PutObjectRequest]:
    parts = [data[at : at + CHUNK_BYTES] for at in range(0, len(data), CHUNK_BYTES)]
    first = objects_pb2.PutObjectRequest(name=name, data=httpbody_pb2.HttpBody(data=parts[0]))
    return [first, *(objects_pb2.PutObjectRequest(data=httpbody_pb2.HttpBody(data=part)) for part in parts[1:])]


async def _messages(name: str, data: bytes) -> AsyncIterator[Any]:
    for message in _messages_at_once(name, data):
        yield message
