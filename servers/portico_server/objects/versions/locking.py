"""Object lock: which versions may not be deleted, and what may become of a retention, as S3 has it.

A retention ends by itself, a legal hold when it is taken back; each holds without the other. Whether a version is
locked is told by its marks and the time alone, and no put changes a version: so it is enough that a delete, and a
change of the marks, guard the marks that they have judged.
"""

from __future__ import annotations

import calendar
import functools
from datetime import UTC, datetime, timedelta

from portico.objects.v1 import buckets_pb2, objects_pb2
from portico_server.objects import errors
from portico_server.objects.records import Bucket
from portico_server.objects.versions import marks

_NO_LOCK = buckets_pb2.ObjectLock()
_GOVERNANCE = objects_pb2.RETENTION_MODE_GOVERNANCE
_COMPLIANCE = objects_pb2.RETENTION_MODE_COMPLIANCE
_REMEMBERED_SETTINGS = 64
"""Of up to 512 KiB each."""


def lock_of(bucket: Bucket) -> buckets_pb2.ObjectLock:
    """The bucket's object lock; not enabled where it has none. Not to be changed."""
    return _lock_in(bucket.settings) if bucket.settings else _NO_LOCK


def new_marks(bucket: Bucket, given: bytes, now_us: int) -> bytes:
    """The marks of a new version: those given, and the bucket's default retention where they have none.

    Raises ObjectLockDisabled.
    """
    if not bucket.settings and not given:
        return given  # most puts
    lock = lock_of(bucket)
    check_enabled(bucket, given)
    if not lock.default_mode:
        return given
    made = marks.unpack(given)
    if not made.HasField("retention"):
        made.retention.mode = lock.default_mode
        made.retention.retain_until_time.FromMicroseconds(_default_end_us(lock, now_us))
    return marks.pack(made)


def check_enabled(bucket: Bucket, given: bytes) -> None:
    """Raises ObjectLockDisabled where marks lock a version in a bucket that has no object lock."""
    if not given or lock_of(bucket).enabled:
        return
    wanted = marks.unpack(given)
    if wanted.HasField("retention") or wanted.legal_hold:
        raise disabled(bucket)


def disabled(bucket: Bucket) -> errors.ObjectLockDisabled:
    return errors.ObjectLockDisabled(
        f"{bucket.name} has no object lock; enable object_lock of the bucket first", resource=bucket.name
    )


def check_retention(retention: objects_pb2.Retention, now_us: int) -> None:
    """Raises InvalidField for a retention that is none: without its mode or end, or over already."""
    if not retention.mode:
        if retention.HasField("retain_until_time"):
            raise errors.InvalidField("retention.mode is missing beside retain_until_time", field="retention.mode")
    elif not retention.HasField("retain_until_time"):
        message = "retention.retain_until_time is missing; say until when the version is kept"
        raise errors.InvalidField(message, field="retention.retain_until_time")
    elif _end_us(retention) <= now_us:
        message = "retention.retain_until_time has passed; it must be in the future"
        raise errors.InvalidField(message, field="retention.retain_until_time")


def why_locked(stored: bytes, now_us: int, bypasses_governance: bool) -> str:
    """Why a version with these marks may not be deleted now; empty: it may."""
    if not stored:
        return ""
    found = marks.unpack(stored)
    if found.legal_hold:
        return "is under legal hold"
    return _why_kept(found.retention, now_us, bypasses_governance)


def is_bypassed(stored: bytes, now_us: int) -> bool:
    """Whether only a retention in GOVERNANCE mode keeps a version with these marks from deletion."""
    return bool(why_locked(stored, now_us, False)) and not why_locked(stored, now_us, True)


def check_change(
    before: objects_pb2.Retention, after: objects_pb2.Retention, now_us: int, bypasses_governance: bool, name: str
) -> None:
    """Raises ObjectLocked where a retention that lasts would end earlier, or be of another mode."""
    if after.mode == before.mode and _end_us(after) >= _end_us(before):
        return
    if why := _why_kept(before, now_us, bypasses_governance):
        raise errors.ObjectLocked(f"{name} {why}; it may be prolonged, not shortened", resource=name)


def _why_kept(retention: objects_pb2.Retention, now_us: int, bypasses_governance: bool) -> str:
    end_us = _end_us(retention)
    if end_us <= now_us:
        return ""
    until = (datetime.fromtimestamp(0, UTC) + timedelta(microseconds=end_us)).isoformat(timespec="seconds")
    if retention.mode == _COMPLIANCE:
        return f"is kept until {until} in COMPLIANCE mode"
    if retention.mode == _GOVERNANCE and not bypasses_governance:
        return f"is kept until {until} in GOVERNANCE mode (bypass_governance lifts that)"
    return ""


def _end_us(retention: objects_pb2.Retention) -> int:
    return retention.retain_until_time.ToMicroseconds() if retention.mode else 0


def _default_end_us(lock: buckets_pb2.ObjectLock, now_us: int) -> int:
    """Whole days, or years by the calendar."""
    if lock.default_days:
        return now_us + lock.default_days * 86_400_000_000
    now = datetime.fromtimestamp(now_us // 1_000_000, UTC)
    year = now.year + lock.default_years
    day = min(now.day, calendar.monthrange(year, now.month)[1])
    return int(now.replace(year=year, day=day).timestamp()) * 1_000_000 + now_us % 1_000_000


@functools.lru_cache(maxsize=_REMEMBERED_SETTINGS)
def _lock_in(settings: bytes) -> buckets_pb2.ObjectLock:
    return buckets_pb2.Bucket.FromString(settings).object_lock
