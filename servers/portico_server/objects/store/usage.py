"""Statements on what buckets use day by day."""

from __future__ import annotations

from typing import NamedTuple

from portico_server.objects.text import TextRange
from portico_server.platform.database import Database, Statement

SAMPLED = "usage sampled"
"""Guard: nobody else has counted the hours since."""

_ADD = """
INSERT INTO usage_day (bucket, day, class_a, class_b, byte_hours, egress_bytes) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (bucket, day) DO UPDATE SET class_a = usage_day.class_a + excluded.class_a,
  class_b = usage_day.class_b + excluded.class_b, byte_hours = usage_day.byte_hours + excluded.byte_hours,
  egress_bytes = usage_day.egress_bytes + excluded.egress_bytes"""
_SAMPLED_BEFORE = """
SELECT bucket, size_bytes, sampled_at_us FROM usage WHERE sampled_at_us <= $1 ORDER BY sampled_at_us LIMIT $2"""
_SET_SAMPLED = "UPDATE usage SET sampled_at_us = $2 WHERE bucket = $1 AND sampled_at_us = $3"
_DAYS = """
SELECT bucket, CAST(sum(class_a) AS BIGINT), CAST(sum(class_b) AS BIGINT), CAST(sum(byte_hours) AS BIGINT),
  CAST(sum(egress_bytes) AS BIGINT)
FROM usage_day WHERE bucket >= $1 AND bucket < $2 AND day >= $3 AND day < $4 GROUP BY bucket ORDER BY bucket"""
_STORED = "SELECT bucket, objects, size_bytes FROM usage WHERE bucket >= $1 AND bucket < $2 ORDER BY bucket"


class Used(NamedTuple):
    """What a bucket used in some days."""

    bucket: str
    class_a: int = 0
    class_b: int = 0
    byte_hours: int = 0
    egress_bytes: int = 0


class Stored(NamedTuple):
    """What a bucket holds, and up to when that is counted."""

    bucket: str
    size_bytes: int
    sampled_at_us: int


def add(used: Used, day: int) -> Statement:
    return Statement(_ADD, (used.bucket, day, *used[1:]))


async def sampled_before(database: Database, time_us: int, limit: int) -> list[Stored]:
    """Buckets whose bytes are counted up to then or less far, the most backward first."""
    return [Stored(*row) for row in await database.scan(_SAMPLED_BEFORE, time_us, limit)]


def set_sampled(stored: Stored, now_us: int) -> Statement:
    return Statement(_SET_SAMPLED, (stored.bucket, now_us, stored.sampled_at_us), 1, SAMPLED)


async def of_days(database: Database, within: TextRange, first_day: int, end_day: int) -> list[Used]:
    """Of the buckets of a range, by name, what they used from a day on and before another."""
    rows = await database.scan(_DAYS, within.first, within.end, first_day, end_day)
    return [Used(*row) for row in rows]


async def stored(database: Database, within: TextRange) -> dict[str, tuple[int, int]]:
    """Versions and bytes of the buckets of a range, by name."""
    return {row[0]: (row[1], row[2]) for row in await database.scan(_STORED, within.first, within.end)}
