"""The client for asyncio: the same operations, awaited."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import grpc
import pytest

import portico
from portico import AsyncClient, Client, errors
from portico._services import AsyncService, SyncService
from tests.unit.sdk.fake_platform import FakePlatform, Fault

MEBIBYTE = 1024 * 1024
SERVICES = (
    "access", "buckets", "objects", "uploads", "notifications", "zones", "records", "traces", "request_events",
    "credentials", "operations", "health",
)  # fmt: skip


async def pieces(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


async def test_an_object_goes_there_and_back(async_client: AsyncClient, tmp_path: Path) -> None:
    await async_client.buckets.create("photos")
    (tmp_path / "f").write_bytes(b"z" * (3 * MEBIBYTE + 1))
    for key, data in (("bytes", b"x" * 10), ("path", tmp_path / "f"), ("pieces", pieces(b"ab", b"c" * MEBIBYTE))):
        await async_client.objects.put("photos", key, data)
    assert await async_client.objects.read("photos", "bytes") == b"x" * 10
    assert await async_client.objects.read("photos", "pieces") == b"ab" + b"c" * MEBIBYTE
    await async_client.objects.download("photos", "path", tmp_path / "g")
    assert (tmp_path / "g").read_bytes() == (tmp_path / "f").read_bytes()
    assert [item.size_bytes async for item in async_client.objects.list("photos", page_size=2)] == [
        10,
        3 * MEBIBYTE + 1,
        MEBIBYTE + 2,
    ]


async def test_a_reader_gives_chunks_or_as_much_as_asked(async_client: AsyncClient) -> None:
    await async_client.buckets.create("photos")
    await async_client.objects.put("photos", "k", b"0123456789" * 20_000)
    async with await async_client.objects.get("photos", "k") as reader:
        assert await reader.read(4) == b"0123"
        assert sum([len(chunk) async for chunk in reader]) == 199_996
        assert await reader.read() == b""


async def test_a_refusal_in_the_middle_of_an_upload_is_told_as_the_platform_told_it(
    fake: FakePlatform, async_client: AsyncClient
) -> None:
    await async_client.buckets.create("photos")
    fake.fail("PutObject", *[Fault(grpc.StatusCode.FAILED_PRECONDITION, "STORE_UNKNOWN")] * 24)
    body = b"x" * (4 * MEBIBYTE)
    for _ in range(6):  # grpc.aio alone would tell half of them as INTERNAL
        puts = (async_client.objects.put("photos", str(number), body) for number in range(4))
        for told in await asyncio.gather(*puts, return_exceptions=True):
            assert isinstance(told, errors.FailedPrecondition), told
            assert told.reason == "STORE_UNKNOWN"
            assert told.ray_id


async def test_many_calls_at_once_renew_the_token_once(fake: FakePlatform) -> None:
    fake.write_profile(token="")
    async with portico.connect_async() as client:
        await client.buckets.create("photos")
        fake.calls.clear()
        client._session.credentials.refuse(client._session.credentials._token)
        await asyncio.gather(*(client.buckets.get("photos") for _ in range(20)))
    assert fake.calls["CreateToken"] == 1
    assert fake.calls["GetBucket"] == 20


async def test_an_error_of_the_source_is_raised(async_client: AsyncClient, fake: FakePlatform) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"x" * MEBIBYTE
        raise ZeroDivisionError

    await async_client.buckets.create("photos")
    with pytest.raises(ZeroDivisionError):
        await async_client.objects.put("photos", "k", broken())
    assert not fake.objects


async def test_calls_are_retried_and_errors_typed(async_client: AsyncClient, fake: FakePlatform) -> None:
    fake.fail("GetBucket", *[Fault(grpc.StatusCode.UNAVAILABLE)] * 2)
    with pytest.raises(errors.NotFound) as caught:
        await async_client.buckets.get("nothing")
    assert fake.calls["GetBucket"] == 3
    assert caught.value.ray_id == async_client.last_ray_id


async def test_a_broken_read_goes_on(async_client: AsyncClient, fake: FakePlatform) -> None:
    await async_client.buckets.create("photos")
    await async_client.objects.put("photos", "k", b"q" * 500_000)
    fake.fail("GetObject", Fault(grpc.StatusCode.UNAVAILABLE, after_messages=2))
    assert await async_client.objects.read("photos", "k") == b"q" * 500_000
    assert fake.calls["GetObject"] == 2


async def test_a_cancelled_call_ends_at_once(async_client: AsyncClient, fake: FakePlatform) -> None:
    await async_client.buckets.create("photos")

    begun = asyncio.Event()

    async def endless() -> AsyncIterator[bytes]:
        while True:
            await asyncio.sleep(0.01)
            yield b"x" * MEBIBYTE
            begun.set()

    put = asyncio.create_task(async_client.objects.put("photos", "k", endless()))
    async with asyncio.timeout(5):
        await begun.wait()
        put.cancel()
        with pytest.raises(asyncio.CancelledError):
            await put
    assert not fake.objects


def test_an_asynchronous_iterable_needs_the_asyncio_client(client: Client) -> None:
    client.buckets.create("photos")
    with pytest.raises(TypeError, match="connect_async"):
        client.objects.put("photos", "k", pieces(b"x"))


def services(kind: type) -> dict[str, set[str]]:
    return {
        service.__mro__[1].__name__: {name for name in dir(service) if not name.startswith("_")} - {"session"}
        for service in kind.__subclasses__()
    }


def test_both_clients_have_the_same_products_with_the_same_methods(client: Client) -> None:
    names = [name for name in dir(portico.Client) if not name.startswith("_")]
    assert names == [name for name in dir(portico.AsyncClient) if not name.startswith("_")]
    for name in SERVICES:
        getattr(client, name)
    blocking, asynchronous = services(SyncService), services(AsyncService)
    both = blocking.keys() & asynchronous.keys()  # one that other tests of this process asked for may be there once
    assert len(both) >= len(SERVICES)
    assert {name: blocking[name] for name in both} == {name: asynchronous[name] for name in both}
