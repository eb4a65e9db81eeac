"""What buckets use in a month: operations by class, bytes by hours, and the report of it."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
import pytest_asyncio

from portico.objects.v1 import buckets_pb2, objects_pb2, uploads_pb2, usage_pb2
from portico.objects.v1.usage_pb2 import Charge
from portico_server.objects import errors
from portico_server.objects.faces.s3.operations.table import OPERATIONS
from portico_server.objects.usage import metering
from portico_server.objects.usage.metering import Class, Meter
from portico_server.objects.versions.reading import CHUNK_BYTES
from portico_server.platform.database import ANY, Batch, Done, OutcomeUnknown, Statement, Unreachable
from tests.contract.objects.stand import ACCOUNT, BUCKET, ENABLED, Stand

HOUR = 3600
DAY = 24 * HOUR
NOVEMBER_US = int(datetime(2026, 11, 30, 22, tzinfo=UTC).timestamp()) * 1_000_000
OTHER = f"{ACCOUNT}/buckets/other"


@pytest_asyncio.fixture(loop_scope="session")
async def meter(stand: Stand) -> Meter:
    """The product's, which adds nothing of its own accord any more; all is gone that other tests have counted."""
    found: Meter = stand.buckets.meter  # type: ignore[attr-defined]
    await found.stop()
    await stand.database.batch(Batch([Statement("DELETE FROM usage_day", (), ANY)]))
    return found


async def report(stand: Stand, month: str = "") -> usage_pb2.UsageReport:
    request = usage_pb2.GetUsageReportRequest(parent=ACCOUNT, month=month)
    return (await stand.usages.GetUsageReport(request, None)).report


def operations(found: usage_pb2.UsageReport) -> dict[str, tuple[int, int]]:
    counts = {one.bucket: (one.class_a_operations, one.class_b_operations) for one in found.buckets}
    return {bucket: count for bucket, count in counts.items() if any(count)}


def test_every_method_has_a_class() -> None:
    contracts = (buckets_pb2, objects_pb2, uploads_pb2, usage_pb2)
    methods = {
        method.name
        for contract in contracts
        for service in contract.DESCRIPTOR.services_by_name.values()
        for method in service.methods
    }
    classes = (metering.CLASS_A, metering.CLASS_B, metering.FREE)
    assert set().union(*classes) == methods
    assert sum(map(len, classes)) == len(methods)


async def test_operations_that_succeed_are_counted_by_bucket_and_class(stand: Stand, meter: Meter) -> None:
    await stand.create_bucket(OTHER)
    await stand.put("a")
    await stand.get("a")
    await stand.head("a")
    await stand.list()
    await stand.list_buckets()
    await stand.delete("a")
    with pytest.raises(errors.ObjectNotFound):
        await stand.get("a")
    with pytest.raises(errors.BucketAlreadyExists):
        await stand.create_bucket()
    await meter.flush()
    assert operations(await report(stand)) == {"": (2, 0), BUCKET: (2, 2)}


async def test_bytes_that_were_sent_are_counted_until_a_download_is_given_up(stand: Stand, meter: Meter) -> None:
    large = 3 * CHUNK_BYTES + 5
    await stand.put("small", b"x" * 100)
    await stand.put("large", b"y" * large)
    await stand.get("small")
    await stand.get("small", offset_bytes=90)
    await stand.get("large")
    await stand.head("large")
    given_up = stand.get_messages("large")
    async with contextlib.aclosing(given_up):
        await anext(given_up)
        await anext(given_up)
    with pytest.raises(errors.ObjectNotFound):
        await stand.get("absent")
    await meter.flush()
    found = await report(stand)
    sent = 100 + 10 + large + 2 * CHUNK_BYTES
    assert {one.bucket: one.egress_bytes for one in found.buckets} == {BUCKET: sent}
    charge = found.charges[-1]
    assert (charge.kind, charge.used, charge.amount) == (Charge.KIND_EGRESS, str(round(Decimal(sent) / 10**9, 6)), "0")


@pytest.mark.parametrize(
    ("class_", "counted"), [(Class.A, {BUCKET: (1, 0)}), (Class.B, {BUCKET: (0, 1)}), (Class.FREE, {})]
)
async def test_a_request_of_a_face_counts_once(
    stand: Stand, meter: Meter, class_: Class, counted: dict[str, tuple[int, int]]
) -> None:
    await stand.put("a")
    meter._counts.clear()

    async def answer() -> None:
        metering.one_request(class_)
        with pytest.raises(errors.ObjectNotFound):
            await stand.get("absent")
        await stand.head("a")
        await stand.get("a")
        await stand.put("a")

    await asyncio.create_task(answer())
    await meter.flush()
    assert operations(await report(stand)) == counted
    await stand.head("a")
    await meter.flush()
    assert operations(await report(stand))[BUCKET][1] == counted.get(BUCKET, (0, 0))[1] + 1


def test_operations_of_s3_are_charged_as_others_charge_them() -> None:
    classes = {operation.name: operation.class_ for operation in OPERATIONS}
    for name in ("ListBuckets", "ListObjectsV2", "ListParts", "PutObject", "CopyObject", "UploadPart", "PutBucketCors"):
        assert classes[name] is Class.A
    for name in ("HeadBucket", "HeadObject", "GetObject", "GetObjectAttributes", "GetBucketLocation"):
        assert classes[name] is Class.B
    for name in ("DeleteObject", "DeleteObjects", "DeleteBucket", "AbortMultipartUpload"):
        assert classes[name] is Class.FREE


async def test_counts_are_added_to_those_of_other_processes(stand: Stand, meter: Meter) -> None:
    other = Meter(stand.database, stand.clock)
    for one in (meter, other, meter):
        one.count(f"{BUCKET}/objects/a/b", True)
        await one.flush()
    assert operations(await report(stand)) == {BUCKET: (3, 0)}


async def test_a_month_has_what_was_used_in_it(stand: Stand, meter: Meter) -> None:
    stand.clock.time_us = NOVEMBER_US
    meter.count(BUCKET, False)
    stand.clock.pass_seconds(4 * HOUR)
    meter.count(BUCKET, False)
    meter.count(BUCKET, False)
    await meter.flush()
    assert operations(await report(stand, "2026-11")) == {BUCKET: (0, 1)}
    december = await report(stand)
    assert (december.month, operations(december)) == ("2026-12", {BUCKET: (0, 2)})
    assert operations(await report(stand, "2026-10")) == {}
    assert (await report(stand, "2026-11")).end_time.ToJsonString() == "2026-12-01T00:00:00Z"


async def test_what_the_database_refused_is_counted_later_and_what_it_may_have_done_is_not(
    stand: Stand, meter: Meter, monkeypatch: pytest.MonkeyPatch
) -> None:
    meter.count(BUCKET, True)
    failure: list[Exception] = [Unreachable("away")]
    plain = type(stand.database).batch

    async def batch(self: Any, batch: Batch) -> list[Done]:
        if failure:
            raise failure.pop()
        return await plain(self, batch)

    monkeypatch.setattr(type(stand.database), "batch", batch)
    with pytest.raises(Unreachable):
        await meter.flush()
    await meter.flush()
    failure.append(OutcomeUnknown("lost"))
    meter.count(BUCKET, True)
    await meter.flush()
    await meter.flush()
    assert operations(await report(stand)) == {BUCKET: (1, 0)}


@dataclass
class Held:
    """The database's batches, which are answered only once `go` is set."""

    begun: asyncio.Event = field(default_factory=asyncio.Event)
    go: asyncio.Event = field(default_factory=asyncio.Event)


@pytest.fixture
def held(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> Held:
    held, plain = Held(), type(stand.database).batch

    async def batch(self: Any, batch: Batch) -> list[Done]:
        done = await plain(self, batch)
        held.begun.set()
        await held.go.wait()
        return done

    monkeypatch.setattr(type(stand.database), "batch", batch)
    return held


async def test_who_has_flushed_has_all_in_the_database_though_another_flush_was_underway(
    stand: Stand, meter: Meter, held: Held
) -> None:
    meter.count(BUCKET, True)
    underway = asyncio.create_task(meter.flush())
    await held.begun.wait()
    flushed = asyncio.create_task(meter.flush())
    for _ in range(20):
        await asyncio.sleep(0)
    assert not flushed.done()
    held.go.set()
    await asyncio.gather(underway, flushed)
    assert operations(await report(stand)) == {BUCKET: (1, 0)}


async def test_what_is_being_added_when_a_process_stops_is_counted_once(
    stand: Stand, held: Held, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(metering, "_FLUSH_SECONDS", 0.001)
    stopping = Meter(stand.database, stand.clock)
    stopping.count(OTHER, True)
    stopping.start()
    await held.begun.wait()
    stopped = asyncio.create_task(stopping.stop())
    for _ in range(20):
        await asyncio.sleep(0)
    held.go.set()
    await stopped
    assert operations(await report(stand))[OTHER] == (1, 0)


async def test_bytes_are_counted_by_the_hours_that_they_were_stored(stand: Stand, meter: Meter) -> None:
    stand.clock.time_us = NOVEMBER_US
    await stand.update_bucket(versioning=ENABLED)
    for content in (b"x" * 1000, b"y" * 500):
        await stand.put("key", content)
    await stand.collector.fold()
    await stand.run_job("objects.sampling")
    for _ in range(4):
        stand.clock.pass_seconds(HOUR)
        await stand.run_job("objects.sampling")
    november, december = await report(stand, "2026-11"), await report(stand, "2026-12")
    hours = [found.total.byte_hours / 1500 for found in (november, december)]
    assert hours == pytest.approx([2, 2], abs=0.01)
    assert (december.total.objects, december.total.size_bytes) == (2, 1500)
    assert (november.total.objects, november.total.size_bytes) == (0, 0), "what is stored now is of this month alone"


async def test_parts_of_uploads_are_stored_too(stand: Stand, meter: Meter) -> None:
    upload = await stand.create_upload("key")
    await stand.upload_part("key", upload, 1, b"x" * 3000)
    await stand.collector.fold()
    assert (await report(stand)).total.size_bytes == 3000


async def test_an_hour_that_passed_while_nobody_looked_is_counted_once(stand: Stand, meter: Meter) -> None:
    await stand.put("key", b"x" * 1000)
    await stand.collector.fold()
    await stand.run_job("objects.sampling")
    stand.clock.pass_seconds(3 * DAY)
    for _ in range(3):
        await stand.run_job("objects.sampling")
    assert (await report(stand)).total.byte_hours / 1000 == pytest.approx(72, abs=0.01)


async def test_a_bucket_that_was_deleted_is_in_the_report_of_its_month(stand: Stand, meter: Meter) -> None:
    await stand.put("key")
    await stand.delete("key")
    await stand.delete_bucket()
    await meter.flush()
    assert operations(await report(stand))[BUCKET] == (1, 0)
