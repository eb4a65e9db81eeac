"""Stored bytes read again: damage is found and told, by operations and by rounds, and nothing is changed."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
import pytest_asyncio
from google.longrunning.operations_pb2 import Operation

from portico.objects.v1 import buckets_pb2
from portico.objects.v1.buckets_pb2 import ScrubBucketMetadata, ScrubBucketResult
from portico_server.objects import errors
from portico_server.objects.content.verifying import Verifier
from portico_server.objects.upkeep import scrub_rounds
from portico_server.objects.upkeep.scrubbing import stored_versions
from portico_server.platform.database import ANY, Batch, Statement
from tests.contract.objects.stand import ACCOUNT, BUCKET, ENABLED, Stand

LARGE = 3_000_000
ROUND_SECONDS = 14 * 24 * 3600
JOB = "objects.scrub"


async def ended(stand: Stand, operation: Operation) -> Operation:
    async with asyncio.timeout(60):
        while not operation.done:
            await asyncio.sleep(0.005)
            assert stand.running.operations is not None
            operation = await stand.running.operations.get(operation.name)
    return operation


async def scrubbed(stand: Stand) -> ScrubBucketResult:
    result = ScrubBucketResult()
    operation = await ended(stand, await stand.scrub_bucket())
    assert operation.response.Unpack(result), operation
    metadata = ScrubBucketMetadata()
    assert operation.metadata.Unpack(metadata)
    assert (metadata.name, metadata.progress) == (result.name, result.progress)
    return result


def flip(stand: Stand) -> None:
    """The middle bit of the only file."""
    (file,) = stand.files()
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def cut(stand: Stand) -> None:
    os.truncate(stand.files()[0], LARGE - 1)


def grow(stand: Stand) -> None:
    os.truncate(stand.files()[0], LARGE + 1)


def remove(stand: Stand) -> None:
    stand.files()[0].unlink()


async def change(stand: Stand, sql: str) -> None:
    await stand.database.batch(Batch([Statement(sql, (), ANY)]))


async def test_a_bucket_whose_bytes_are_whole_has_no_damage(stand: Stand, small_parts: None) -> None:
    await stand.update_bucket(versioning=ENABLED)
    await stand.put("large", os.urandom(LARGE))
    await stand.put("large", b"a newer version")
    await stand.put("empty", b"")
    await stand.put("deleted", b"bytes")
    await stand.delete("deleted")
    await stand.put_in_parts("parts", [os.urandom(20_000), b"inline"])
    await stand.copy("parts", "copy")
    await stand.put_in_parts("of sha", [os.urandom(20_000), b"inline"], checksum_algorithm="CHECKSUM_ALGORITHM_SHA256")
    result = await scrubbed(stand)
    assert (result.name, list(result.damaged_versions)) == (BUCKET, [])
    read_bytes = LARGE + len(b"a newer version") + len(b"bytes") + 3 * (20_000 + len(b"inline"))
    assert result.progress == buckets_pb2.ScrubProgress(versions=7, read_bytes=read_bytes)


@pytest.mark.parametrize(
    ("harm", "damage"),
    [
        (flip, buckets_pb2.DAMAGE_DIGEST),
        (cut, buckets_pb2.DAMAGE_LENGTH),
        (grow, buckets_pb2.DAMAGE_LENGTH),
        (remove, buckets_pb2.DAMAGE_MISSING),
    ],
)
async def test_damage_of_a_file_is_told_and_nothing_is_changed(
    stand: Stand, harm: Callable[[Stand], None], damage: buckets_pb2.Damage
) -> None:
    await stand.put("whole", b"bytes")
    made = await stand.put("key", os.urandom(LARGE))
    harm(stand)
    files = stand.files()
    for _ in range(2):
        result = await scrubbed(stand)
        assert (result.progress.versions, result.progress.damaged_versions) == (2, 1)
        (found,) = result.damaged_versions
        assert (found.name, found.version_id, found.damage) == (f"{BUCKET}/objects/key", "null", damage)
    assert stand.files() == files
    assert await stand.head("key") == made
    assert "1 stored versions are damaged" in stand.running.problems()["stored objects"]
    await stand.put("key", b"again")
    await scrubbed(stand)
    assert stand.running.problems() == {}


@pytest.mark.parametrize(
    ("sql", "damage"),
    [
        ("UPDATE inline_bytes SET data = CAST('Bytes' AS BLOB)", buckets_pb2.DAMAGE_DIGEST),
        ("UPDATE inline_bytes SET data = CAST('byte' AS BLOB)", buckets_pb2.DAMAGE_LENGTH),
        ("DELETE FROM inline_bytes", buckets_pb2.DAMAGE_MISSING),
    ],
)
async def test_damage_of_inline_bytes_is_told(stand: Stand, sql: str, damage: buckets_pb2.Damage) -> None:
    await stand.put("key", b"bytes")
    await change(stand, sql.replace("BLOB", "BYTEA") if "postgresql" in stand.settings.database else sql)
    assert [found.damage for found in (await scrubbed(stand)).damaged_versions] == [damage]


@pytest.mark.parametrize(
    ("lost", "damage", "detail"),
    [("file", buckets_pb2.DAMAGE_MISSING, "part 2: "), ("row", buckets_pb2.DAMAGE_MISSING, "its parts have 20000 of ")],
)
async def test_damage_of_a_part_is_told_with_its_number(
    stand: Stand, small_parts: None, lost: str, damage: buckets_pb2.Damage, detail: str
) -> None:
    upload_id = await stand.create_upload("key")
    await stand.upload_part("key", upload_id, 1, os.urandom(20_000))
    first = set(stand.files())
    await stand.upload_part("key", upload_id, 2, os.urandom(20_000))
    await stand.complete("key", upload_id, [1, 2])
    if lost == "file":
        (second,) = set(stand.files()) - first
        second.unlink()
    else:
        await change(stand, "DELETE FROM part WHERE number = 2")
    (found,) = (await scrubbed(stand)).damaged_versions
    assert found.damage == damage
    assert found.detail.startswith(detail)


async def test_an_older_version_that_is_damaged_is_named_by_its_id(stand: Stand) -> None:
    await stand.update_bucket(versioning=ENABLED)
    older = await stand.put("key", os.urandom(LARGE))
    await stand.put("key", b"newer")
    flip(stand)
    assert [found.version_id for found in (await scrubbed(stand)).damaged_versions] == [older.version_id]


async def test_a_bucket_that_is_not_there_is_not_found(stand: Stand) -> None:
    with pytest.raises(errors.BucketNotFound):
        await stand.scrub_bucket(f"{ACCOUNT}/buckets/absent")


@pytest_asyncio.fixture(loop_scope="session")
async def verifier(stand: Stand) -> AsyncIterator[Verifier]:
    with ThreadPoolExecutor(1) as hashing:
        yield Verifier(stand.database, stand.blobs, hashing)


async def nothing(_size_bytes: int) -> None:
    pass


@pytest.mark.parametrize("way", ["deleted", "replaced"])
async def test_what_is_removed_before_it_is_looked_at_is_not_damaged(
    stand: Stand, verifier: Verifier, way: str
) -> None:
    await stand.put("key", os.urandom(LARGE))
    (version,) = [version async for version in stored_versions(stand.database, BUCKET)]
    await (stand.delete("key") if way == "deleted" else stand.put("key", b"newer"))
    await stand.collect()
    assert not stand.files()
    assert await verifier.damage(BUCKET, version, nothing) is None


async def test_parts_that_are_freed_before_they_are_looked_at_are_not_damaged(
    stand: Stand, verifier: Verifier, small_parts: None
) -> None:
    await stand.put_in_parts("key", [os.urandom(20_000)])
    (version,) = [version async for version in stored_versions(stand.database, BUCKET)]
    await stand.delete("key")
    await stand.collect()
    assert await verifier.damage(BUCKET, version, nothing) is None


async def test_what_is_removed_while_it_is_read_is_not_damaged(stand: Stand, verifier: Verifier) -> None:
    await stand.put("key", os.urandom(LARGE))
    (version,) = [version async for version in stored_versions(stand.database, BUCKET)]
    (file,) = stand.files()

    async def delete(_size_bytes: int) -> None:
        await stand.delete("key")
        os.truncate(file, 1)

    assert await verifier.damage(BUCKET, version, delete) is None


def damaged_now(stand: Stand) -> float:
    (gauge,) = (gauge for gauge in stand.running.gauges if gauge.name == "objects_damaged_versions")
    assert bool(gauge.read()) == bool(stand.running.problems())
    return gauge.read()


async def the_round(stand: Stand) -> tuple[int, int]:
    """How many versions were looked at in the last round, and how many of them are damaged."""
    [(versions, damaged)] = await stand.database.read("SELECT versions, damaged FROM scrub_round")
    return int(str(versions)), int(str(damaged))


async def test_a_round_looks_at_all_buckets_and_damage_is_a_problem_until_it_is_mended(stand: Stand) -> None:
    other = f"{ACCOUNT}/buckets/other"
    await stand.create_bucket(other)
    await stand.put("whole", b"bytes")
    await stand.put("key", os.urandom(LARGE), bucket=other)
    flip(stand)
    await stand.run_job(JOB)
    assert await the_round(stand) == (2, 1)
    assert damaged_now(stand) == 1
    await stand.put("key", b"again", bucket=other)
    await stand.run_job(JOB)
    assert damaged_now(stand) == 0
    assert await the_round(stand) == (2, 1)  # the next is not due


async def test_a_round_begins_every_fourteen_days_and_sees_what_was_brought_back(stand: Stand) -> None:
    await stand.put("key", os.urandom(LARGE))
    (file,) = stand.files()
    content = file.read_bytes()
    await stand.run_job(JOB)
    flip(stand)
    stand.clock.pass_seconds(ROUND_SECONDS - 60)
    await stand.run_job(JOB)
    assert (await the_round(stand), damaged_now(stand)) == ((1, 0), 0)
    stand.clock.pass_seconds(60)
    await stand.run_job(JOB)
    assert (await the_round(stand), damaged_now(stand)) == ((1, 1), 1)
    file.write_bytes(content)
    stand.clock.pass_seconds(ROUND_SECONDS)
    await stand.run_job(JOB)
    assert (await the_round(stand), damaged_now(stand)) == ((1, 0), 0)


async def test_a_round_that_was_broken_off_goes_on_where_it_was(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    other = f"{ACCOUNT}/buckets/other"
    await stand.create_bucket(other)
    for number in range(5):
        await stand.put(f"k{number}", b"bytes")
        await stand.put(f"k{number}", b"bytes", bucket=other)
    monkeypatch.setattr(scrub_rounds, "_KEEP_SECONDS", 0.0)
    read = 0

    async def passed(pace: scrub_rounds.Pace, size_bytes: int) -> None:
        nonlocal read
        read += size_bytes == len(b"bytes")
        if read in (4, 9):
            raise ConnectionError

    monkeypatch.setattr(scrub_rounds.Pace, "passed", passed)
    for versions in (3, 7):
        with pytest.raises(ConnectionError):
            await stand.run_job(JOB)
        assert await the_round(stand) == (versions, 0)
    await stand.run_job(JOB)
    assert await the_round(stand) == (10, 0)
    assert read == 10 + 2  # the two at which it broke off were read twice


async def test_a_pace_lets_so_many_bytes_by() -> None:
    pace = scrub_rounds.Pace(1_000_000)
    loop = asyncio.get_running_loop()
    began = loop.time()
    for _ in range(10):
        await pace.passed(20_000)
    assert loop.time() - began >= 0.19
