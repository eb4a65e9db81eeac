"""UsageService: contract in, the sums of a month, contract out."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from portico.objects.v1 import usage_pb2, usage_pb2_grpc
from portico_server.objects.buckets.lifecycle import DAY_US
from portico_server.objects.services.messages import timestamp
from portico_server.objects.store import usage as store
from portico_server.objects.store.usage import Used
from portico_server.objects.text import beginning_with
from portico_server.objects.usage import prices
from portico_server.platform.clock import Clock
from portico_server.platform.database import Database

_MOST_BUCKETS = 5000


class UsageService(usage_pb2_grpc.UsageServiceServicer):
    """Tells what accounts use."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def GetUsageReport(
        self, request: usage_pb2.GetUsageReportRequest, context: Any
    ) -> usage_pb2.GetUsageReportResponse:
        now_us = self._clock.now_us()
        month = request.month or datetime.fromtimestamp(now_us // 1_000_000, UTC).strftime("%Y-%m")
        first_day, end_day = days_of(month)
        within = beginning_with(f"{request.parent}/")
        used = {one.bucket: one for one in await store.of_days(self._database, within, first_day, end_day)}
        is_now = first_day <= now_us // DAY_US < end_day
        stored = await store.stored(self._database, within) if is_now else {}
        names = sorted({*used, *stored})
        buckets = [_usage(used.get(name, Used(name)), stored.get(name, (0, 0))) for name in names]
        report = usage_pb2.UsageReport(
            month=month,
            buckets=buckets[:_MOST_BUCKETS],
            further_buckets=max(0, len(buckets) - _MOST_BUCKETS),
            total=_usage(
                Used("", *(sum(column) for column in zip(*(one[1:] for one in used.values()), strict=True))),
                (sum(objects for objects, _ in stored.values()), sum(size for _, size in stored.values())),
            ),
        )
        report.end_time.seconds, report.end_time.nanos = timestamp(min(now_us, end_day * DAY_US))
        _add_charges(report)
        return usage_pb2.GetUsageReportResponse(report=report)


def days_of(month: str) -> tuple[int, int]:
    """The first day of a month (`2026-11`) and that behind its last, counted since 1970."""
    year, number = map(int, month.split("-"))
    following = (year + 1, 1) if number == 12 else (year, number + 1)
    epoch = datetime(1970, 1, 1).toordinal()
    return datetime(year, number, 1).toordinal() - epoch, datetime(*following, 1).toordinal() - epoch


def _usage(used: Used, stored: tuple[int, int]) -> usage_pb2.Usage:
    objects, size_bytes = stored
    return usage_pb2.Usage(
        bucket="" if used.bucket.endswith("/") else used.bucket,
        class_a_operations=used.class_a,
        class_b_operations=used.class_b,
        byte_hours=used.byte_hours,
        egress_bytes=used.egress_bytes,
        gigabyte_months=prices.text(prices.gigabyte_months(used.byte_hours)),
        objects=objects,
        size_bytes=size_bytes,
    )


def _add_charges(report: usage_pb2.UsageReport) -> None:
    total = report.total
    amount = Decimal(0)
    for price, used in (
        (prices.STORAGE, prices.gigabyte_months(total.byte_hours)),
        (prices.CLASS_A, Decimal(total.class_a_operations)),
        (prices.CLASS_B, Decimal(total.class_b_operations)),
        (prices.EGRESS, prices.gigabytes(total.egress_bytes)),
    ):
        line, dollars = prices.charge(price, used)
        report.charges.append(line)
        amount += dollars
    report.amount = prices.text(amount)
