"""Where the bytes of buckets are: by jurisdiction and location, in stores that are the S3 door of another platform."""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import os
import tracemalloc
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from google.api.httpbody_pb2 import HttpBody

from portico.objects.v1.buckets_pb2 import Bucket, RelocateBucketResult, RelocateProgress
from portico.objects.v1.objects_pb2 import PutObjectRequest
from portico_server.objects import errors
from portico_server.objects.upkeep import orphans
from portico_server.platform.blobs import LOCAL, Blobs, Store, store_of
from portico_server.platform.blobs.errors import StoreRefused, StoreUnreachable
from portico_server.platform.blobs.files import FileBlobs
from portico_server.platform.blobs.placed import PlacedBlobs
from portico_server.platform.blobs.s3 import client as clients
from portico_server.platform.blobs.s3 import connection
from portico_server.platform.blobs.s3.blobs import S3Blobs
from portico_server.platform.blobs.stores import S3Store
from portico_server.platform.settings import Settings
from tests.contract.objects.parts import SMALL
from tests.contract.objects.stand import ACCOUNT, ENABLED, Stand, keys, standing
from tests.harness import RunningPlatform
from tests.harness.stores import store_in
from tests.unit.platform.blobs.scripted import marked, scripted

WEST, EAST, AMERICA = Store("west", "weur", "eu"), Store("east", "eeur", "eu"), Store("america", "enam", "us")
PLAIN, EU = f"{ACCOUNT}/buckets/plain", f"{ACCOUNT}/buckets/europe"
LARGE = os.urandom(100_000)

HERE = Store(LOCAL)

_numbers = itertools.count()

World = Callable[..., AbstractAsyncContextManager[Stand]]


@pytest.fixture(scope="module")
def described(elsewhere: RunningPlatform) -> S3Store:
    return store_in(elsewhere, "placing", Store("any"))


@pytest.fixture
def world(described: S3Store, tmp_path: Path) -> World:
    """Starts the product with these stores; the first, or the local one, is the usual one. `endpoints` are others than
    the door's."""

    @asynccontextmanager
    async def started(
        *stores: Store, local: Store = HERE, default: str = LOCAL, endpoint: str = ""
    ) -> AsyncIterator[Stand]:
        prefix = f"{next(_numbers)}/"

        def wrapped(files: Blobs) -> Blobs:
            assert isinstance(files, FileBlobs)
            files.stores = (local,)
            others = {}
            for store in stores:
                one = replace(described, store=store, prefix=f"{prefix}{store.name}/")
                one = replace(one, endpoint=endpoint or one.endpoint)
                others[store.name] = S3Blobs(one, "objects", tmp_path / "blobs" / "objects")
                closing.push_async_callback(others[store.name].close)
            return PlacedBlobs(files, others, default) if others else files

        async with AsyncExitStack() as closing, standing(Settings(data=tmp_path), wrapped) as stand:
            yield stand

    return started


async def stores_of(stand: Stand) -> set[str]:
    """Where all bytes are that rows refer to."""
    inline = await stand.database.scan("SELECT 1 FROM inline_bytes LIMIT 1")
    files = await stand.database.scan("SELECT id FROM file WHERE retired_at_us = 0")
    return {store_of(blob_id) for (blob_id,) in files} | ({LOCAL} if inline else set())


async def test_without_jurisdictions_a_bucket_s_is_recorded(world: World) -> None:
    async with world(Store("west", "weur")) as stand:
        assert (await stand.create_bucket(EU, Bucket(jurisdiction="eu"))).jurisdiction == "eu"
        await stand.put("small", b"x", EU)
        assert await stores_of(stand) == {LOCAL}


async def test_a_jurisdiction_in_which_no_store_is_is_refused_and_those_that_are_named(world: World) -> None:
    async with world(WEST, AMERICA) as stand:
        with pytest.raises(errors.JurisdictionUnavailable, match=r"there are: eu, us") as refused:
            await stand.create_bucket(EU, Bucket(jurisdiction="ap"))
        assert refused.value.field == "bucket.jurisdiction"
        assert (await stand.list_buckets()).buckets == []


async def test_a_bucket_from_before_is_read_and_takes_nothing_more(world: World) -> None:
    async with world() as stand:
        await stand.create_bucket(EU, Bucket(jurisdiction="eu"))
        await stand.put("before", LARGE, EU)
        await stand.put("small", b"x", EU)
    async with world(AMERICA) as stand:
        assert await stand.get("before", EU) == LARGE
        assert not (await stand.get_bucket(EU)).HasField("placement")
        for data in (b"x", LARGE):
            with pytest.raises(errors.JurisdictionUnavailable):
                await stand.put("after", data, EU)
        await stand.put("empty", b"", EU)


@pytest.mark.parametrize(
    ("hint", "store"), [("", "west"), ("weur", "west"), ("eeur", "east"), ("enam", "west"), ("apac", "west")]
)
async def test_in_a_jurisdiction_the_hint_chooses(world: World, hint: str, store: str) -> None:
    async with world(WEST, EAST, AMERICA) as stand:
        await stand.create_bucket(EU, Bucket(jurisdiction="eu", location_hint=hint))
        for data in (b"x", LARGE):
            await stand.put("k", data, EU)
            await stand.collector.fold()
            assert await stores_of(stand) == {store}
            assert await stand.get("k", EU) == data


@pytest.mark.parametrize(("hint", "store"), [("", LOCAL), ("enam", "america"), ("apac", LOCAL)])
async def test_without_a_jurisdiction_the_hint_chooses_for_what_is_not_inline(
    world: World, hint: str, store: str
) -> None:
    async with world(WEST, AMERICA) as stand:
        made = await stand.create_bucket(PLAIN, Bucket(location_hint=hint))
        assert made.placement.store == store
        assert made == await stand.get_bucket(PLAIN)
        await stand.put("k", LARGE, PLAIN)
        assert await stores_of(stand) == {store}


async def test_where_the_local_store_is_in_the_jurisdiction_small_bytes_are_inline(world: World) -> None:
    async with world(AMERICA, local=Store(LOCAL, "weur", "eu")) as stand:
        await stand.create_bucket(EU, Bucket(jurisdiction="eu"))
        await stand.put("k", b"x", EU)
        assert await stand.database.scan("SELECT 1 FROM inline_bytes")


@pytest.mark.usefixtures("small_parts")
async def test_parts_are_where_the_bucket_s_bytes_must_be(world: World) -> None:
    async with world(WEST) as stand:
        await stand.create_bucket(EU, Bucket(jurisdiction="eu"))
        await stand.put_in_parts("k", SMALL, EU)
        assert await stores_of(stand) == {"west"}
        assert await stand.get("k", EU) == b"".join(SMALL)
        assert await stand.get("k", EU, offset_bytes=29_999, limit_bytes=7) == b"".join(SMALL)[29_999:30_006]


@pytest.mark.usefixtures("small_parts")
async def test_copies_are_where_their_own_bucket_s_bytes_must_be(world: World) -> None:
    """Of what is inline, in a file, and in parts; whole, and as parts of an upload."""
    async with world(WEST) as stand:
        await stand.create_bucket()
        await stand.create_bucket(EU, Bucket(jurisdiction="eu"))
        await stand.put("small", b"small")
        await stand.put("large", LARGE)
        await stand.put_in_parts("parts", SMALL)
        upload_id = await stand.create_upload("composed", EU)
        for number, source in enumerate(("small", "large", "parts"), 1):
            await stand.copy(source, source, bucket=EU)
            await stand.copy_part("composed", upload_id, number, source, EU)
        await stand.complete("composed", upload_id, (1, 2, 3), EU)
        for key in ("small", "large", "parts"):
            await stand.delete(key)
        await stand.collect()
        await stand.collect()
        assert await stores_of(stand) == {"west"}
        assert await stand.get("small", EU) == b"small"
        assert await stand.get("large", EU) == LARGE
        assert await stand.get("parts", EU) == b"".join(SMALL)
        assert await stand.get("composed", EU) == b"small" + LARGE + b"".join(SMALL)


@pytest.mark.usefixtures("small_parts")
async def test_within_a_jurisdiction_a_copy_of_parts_shares_them(world: World) -> None:
    async with world(WEST) as stand:
        await stand.create_bucket(EU, Bucket(jurisdiction="eu"))
        source = await stand.put_in_parts("k", [SMALL[0], SMALL[2]], EU)
        assert (await stand.copy("k", "copy", EU, EU)).etag == source.etag
        assert len(await stand.database.scan("SELECT id FROM file")) == 2


async def test_what_leaves_a_jurisdiction_goes_where_the_other_bucket_has_its_bytes(world: World) -> None:
    async with world(WEST) as stand:
        await stand.create_bucket()
        await stand.create_bucket(EU, Bucket(jurisdiction="eu"))
        await stand.put("k", LARGE, EU)
        await stand.copy("k", "k", EU)
        await stand.delete("k", EU)
        await stand.collect()
        assert await stores_of(stand) == {LOCAL}
        assert await stand.get("k") == LARGE


async def test_what_was_sent_for_a_bucket_is_not_kept_by_another_of_its_name(world: World) -> None:
    """The bucket is made anew elsewhere while the bytes come."""
    async with world(WEST, AMERICA) as stand:
        await stand.create_bucket(EU, Bucket(jurisdiction="eu"))

        async def messages() -> AsyncIterator[PutObjectRequest]:
            yield PutObjectRequest(name=f"{EU}/objects/k", data=HttpBody(data=LARGE))
            yield PutObjectRequest(data=HttpBody(data=LARGE))
            await stand.delete_bucket(EU)
            await stand.create_bucket(EU, Bucket(jurisdiction="us"))
            yield PutObjectRequest(data=HttpBody(data=LARGE))

        with pytest.raises(errors.WriteContended, match="made anew"):
            await stand.put_messages(messages())
        assert [found async for found in stand.blobs.all_ids()] == []


async def test_bytes_of_a_store_are_collected_there(world: World) -> None:
    async with world(Store("away"), default="away") as stand:
        await stand.create_bucket()
        await stand.put("k", LARGE)
        assert await stores_of(stand) == {"away"}
        await stand.put("k", LARGE[::-1])
        await stand.delete("k")
        assert len([found async for found in stand.blobs.all_ids()]) == 2
        await stand.collect()
        assert [found async for found in stand.blobs.all_ids()] == []


async def test_what_is_read_is_left_and_found_as_nobody_s_later(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(orphans, "ORPHAN_SECONDS", 0)
    monkeypatch.setattr(orphans, "ASIDE_SECONDS", 0)
    async with world(Store("away"), default="away") as stand:
        await stand.create_bucket()
        await stand.put("k", LARGE)
        reading = stand.get_messages("k")
        read = (await anext(reading)).data.data
        await stand.delete("k")
        await stand.collect()
        await stand.orphans.remove()
        assert read + b"".join([message.data.data async for message in reading]) == LARGE
        for _ in range(2):
            await stand.orphans.remove()
        assert [found async for found in stand.blobs.all_ids()] == []
        assert [found async for found in stand.blobs.all_aside()] == []


async def test_a_store_that_is_away_holds_up_nothing_else(world: World) -> None:
    gone = "http://127.0.0.1:9"  # discard: nobody listens there
    async with world(Store("away", "enam"), endpoint=gone) as stand:
        await stand.create_bucket()
        await stand.create_bucket(PLAIN, Bucket(location_hint="enam"))
        with pytest.raises(StoreUnreachable, match="away"):
            await stand.put("k", LARGE, PLAIN)
        await stand.put("small", b"x", PLAIN)
        await stand.put("k", LARGE)
        await stand.delete("k")
        await stand.collect()
        await stand.orphans.remove()
        assert await stand.database.scan("SELECT id FROM file") == []
        assert isinstance(stand.blobs, PlacedBlobs)
        assert "cannot be reached" in stand.blobs.problems()["store away"]


async def test_a_store_that_hangs_holds_up_nothing_else_and_little_memory(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It takes none of the bytes of many uploads, which wait on the disk; others go on, and the collector."""
    monkeypatch.setattr(connection, "SILENT_SECONDS", 600.0)
    monkeypatch.setattr(clients, "_PATIENCE_SECONDS", 0.0)
    uploads, piece, hangs, takes = 40, os.urandom(1 << 20), asyncio.Event(), asyncio.Event()

    async def pause(verb: str) -> None:
        if hangs.is_set() and verb == "PUT":
            await takes.wait()

    async def messages(number: int) -> AsyncIterator[PutObjectRequest]:
        yield PutObjectRequest(name=f"{PLAIN}/objects/{number}", data=HttpBody(data=piece))
        for _ in range(3):
            yield PutObjectRequest(data=HttpBody(data=piece))

    async with (
        scripted(marked([""]), pause=pause) as store,
        world(Store("away", "enam"), endpoint=store.described.endpoint) as stand,
    ):
        await stand.create_bucket()
        await stand.create_bucket(PLAIN, Bucket(location_hint="enam"))
        await stand.put("before", LARGE, PLAIN)
        hangs.set()
        tracemalloc.start()
        try:
            waiting = [asyncio.create_task(stand.put_messages(messages(number))) for number in range(uploads)]
            while store.connections < uploads:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
            for number in range(20):
                await stand.put(f"{number}", LARGE)
                assert await stand.get(f"{number}") == LARGE
                await stand.delete(f"{number}")
            await stand.collect()
            assert [store_of(one) for (one,) in await stand.database.scan("SELECT id FROM file")] == ["away"]
            assert not any(task.done() for task in waiting)
            assert tracemalloc.get_traced_memory()[0] < 48 << 20, "they have 160 MiB"
        finally:
            tracemalloc.stop()
            for task in waiting:
                task.cancel()
            takes.set()
            await asyncio.gather(*waiting, return_exceptions=True)


async def test_a_store_that_is_not_described_any_more_is_told_as_long_as_there_are_bytes_in_it(world: World) -> None:
    async with world(WEST, default="west") as stand:
        await stand.create_bucket()
        await stand.put("k", LARGE)
        assert stand.running.problems() == {}
    async with world() as stand:
        told = stand.running.problems()["store west"]
        assert "stores.toml does not describe it" in told
        assert "portico restart" in told
        await stand.delete("k")
        await stand.collect()
        async with asyncio.timeout(45):
            while stand.running.problems():  # noqa: ASYNC110  # read anew every few seconds
                await asyncio.sleep(0.05)


async def test_a_store_of_which_rows_tell_is_not_taken_when_its_mark_is_missing(world: World) -> None:
    """It was emptied, or another bucket is described by its name."""
    async with world(WEST, default="west") as stand:
        await stand.create_bucket()
        await stand.put("k", LARGE)
    async with world(WEST, default="west") as stand:  # below another prefix
        with pytest.raises(StoreRefused):
            await stand.put("other", LARGE)
        assert isinstance(stand.blobs, PlacedBlobs)
        assert "portico stores claim west" in stand.blobs.problems()["store west"]


async def relocated(stand: Stand, name: str, **request: str) -> RelocateProgress:
    result = RelocateBucketResult()
    (await stand.ended(await stand.relocate_bucket(name, **request))).response.Unpack(result)
    return result.progress


@pytest.mark.usefixtures("small_parts")
async def test_a_bucket_s_bytes_are_moved_and_its_objects_are_the_same(world: World) -> None:
    """Small ones, files, parts, and what is not current."""
    async with world() as stand:
        await stand.create_bucket(EU, Bucket(jurisdiction="eu", versioning=ENABLED))
        await stand.put("k", LARGE[::-1], EU)
        await stand.put("k", LARGE, EU)
        await stand.put("small", b"small", EU)
        await stand.put("empty", b"", EU)
        await stand.put_in_parts("parts", SMALL, EU)
        await stand.copy("parts", "copy", EU, EU)
        await stand.delete("small", EU)
        before = await stand.list_versions(EU)
    async with world(WEST) as stand:
        progress = await relocated(stand, EU)
        assert (progress.versions, progress.moved_versions) == (6, 5)
        assert progress.moved_bytes == 2 * len(LARGE) + len(b"small") + 2 * len(b"".join(SMALL))
        assert await stand.list_versions(EU) == before
        assert await stores_of_all(stand) == {"west"}
        for version in before.objects:
            key = version.name.partition("/objects/")[2]
            if not version.delete_marker:
                data = await stand.get(key, EU, version_id=version.version_id)
                assert hashlib.md5(data).hexdigest() == version.etag or key in ("parts", "copy")
        assert await stand.get("parts", EU) == await stand.get("copy", EU) == b"".join(SMALL)
        assert (await relocated(stand, EU)).moved_versions == 0
        assert not list((stand.settings.data / "blobs" / "objects").glob("??/*"))


async def stores_of_all(stand: Stand) -> set[str]:
    """As `stores_of`, after all that is free has gone."""
    await stand.collect()
    await stand.collect()
    return await stores_of(stand)


async def test_a_bucket_may_have_its_bytes_elsewhere_from_now_on(world: World) -> None:
    async with world(WEST, AMERICA) as stand:
        await stand.create_bucket(PLAIN, Bucket(location_hint="weur"))
        await stand.put("k", LARGE, PLAIN)
        assert await stores_of(stand) == {"west"}
        assert (await relocated(stand, PLAIN, location_hint="enam")).moved_versions == 1
        assert (await stand.get_bucket(PLAIN)).location_hint == "enam"
        assert await stores_of(stand) == {"america"}
        assert await stand.get("k", PLAIN) == LARGE
        assert (await relocated(stand, PLAIN, location_hint="")).moved_versions == 1
        assert await stores_of(stand) == {LOCAL}


@pytest.mark.usefixtures("small_parts")
async def test_who_reads_while_bytes_are_moved_reads_to_the_end(world: World) -> None:
    parts = [os.urandom(300_000), os.urandom(300_000)]
    async with world(WEST, AMERICA) as stand:
        await stand.create_bucket(PLAIN, Bucket(location_hint="weur"))
        await stand.put("k", LARGE * 4, PLAIN)
        await stand.put_in_parts("parts", parts, PLAIN)
        readings = {key: stand.get_messages(key, PLAIN) for key in ("k", "parts")}
        read = {key: (await anext(reading)).data.data for key, reading in readings.items()}
        await relocated(stand, PLAIN, location_hint="enam")
        await stand.collect()
        await stand.collect()
        for key, content in (("k", LARGE * 4), ("parts", b"".join(parts))):
            assert read[key] + b"".join([message.data.data async for message in readings[key]]) == content
        assert await stand.get("parts", PLAIN) == b"".join(parts)


async def test_a_move_without_a_store_for_it_is_refused(world: World) -> None:
    async with world() as stand:
        await stand.create_bucket(EU, Bucket(jurisdiction="eu"))
    async with world(AMERICA) as stand:
        with pytest.raises(errors.JurisdictionUnavailable):
            await stand.relocate_bucket(EU)
        with pytest.raises(errors.BucketNotFound):
            await stand.relocate_bucket(PLAIN)


async def test_what_is_put_while_bytes_are_moved_stays(world: World) -> None:
    async with world(WEST, AMERICA) as stand:
        await stand.create_bucket(PLAIN, Bucket(location_hint="weur"))
        for number in range(20):
            await stand.put(f"{number}", LARGE, PLAIN)
        operation = await stand.relocate_bucket(PLAIN, location_hint="enam")
        for number in range(0, 20, 2):
            await stand.put(f"{number}", LARGE[::-1], PLAIN)
            await stand.delete(f"{number + 1}", PLAIN)
        await stand.ended(operation)
        assert keys(await stand.list(PLAIN)) == sorted(str(number) for number in range(0, 20, 2))
        for number in range(0, 20, 2):
            assert await stand.get(f"{number}", PLAIN) == LARGE[::-1]
        assert await stores_of_all(stand) == {"america"}
        assert len([found async for found in stand.blobs.all_ids()]) == 10
