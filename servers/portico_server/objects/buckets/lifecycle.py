"""When the rules of a bucket's lifecycle delete something: pure arithmetic, no clock and no store.

Days are counted as S3 counts them: the moment, and so many days, and then the next midnight (UTC). Of several rules the
earliest expiry holds. Rules are found by their prefix, so a thousand of them cost what their different lengths cost.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from portico.objects.v1 import buckets_pb2, objects_pb2
from portico_server.objects.records import Version

DAY_US = 86_400_000_000
MAX_TIME_US = 253_402_300_799_000_000
"""The end of the year 9999, behind which no Timestamp goes: what would expire later never does."""
UPLOAD_DAYS = 7
"""After which an upload is aborted that no rule is about."""


class Expiry(NamedTuple):
    """When something is deleted, in microseconds since 1970, and by which rule."""

    time_us: int
    rule_id: str


class Rule(NamedTuple):
    """A rule in force. Sizes are exclusive bounds; None: there is none."""

    id: str
    prefix: str
    tags: tuple[tuple[str, str], ...]
    larger_than_bytes: int | None
    smaller_than_bytes: int | None
    after_us: int
    after_days: int
    time_us: int
    delete_markers: bool
    noncurrent_days: int
    keep_noncurrent: int
    upload_days: int

    @property
    def expires(self) -> bool:
        """Whether current objects expire by it."""
        return bool(self.after_us or self.after_days or self.time_us)

    def expiry_us(self, created_at_us: int) -> int:
        """When a current object expires that it is about."""
        if self.after_us:
            return created_at_us + self.after_us
        return days_after(created_at_us, self.after_days) if self.after_days else self.time_us

    def put_before_us(self, now_us: int) -> int:
        """When an object was put at the latest that has expired by now; negative: none has."""
        if self.after_us:
            return now_us - self.after_us
        if self.after_days:
            return put_before_us(now_us, self.after_days) - 1
        return now_us if self.time_us <= now_us else -1

    def is_about(self, version: Version) -> bool:
        """Whether tags and size are as the rule wants them; the prefix is looked at by whoever found the rule."""
        if self.larger_than_bytes is not None and version.size_bytes <= self.larger_than_bytes:
            return False
        if self.smaller_than_bytes is not None and version.size_bytes >= self.smaller_than_bytes:
            return False
        if not self.tags:
            return True
        tags = objects_pb2.Object.FromString(version.marks).tags if version.marks else {}
        return all(tags.get(key) == value for key, value in self.tags)


class Lifecycle:
    """The rules of one state of a bucket's settings that are in force."""

    def __init__(self, settings: buckets_pb2.Bucket) -> None:
        self.rules = [_rule(rule) for rule in settings.lifecycle_rules if rule.enabled]
        self._expiring = _ByPrefix([rule for rule in self.rules if rule.expires])
        self._noncurrent = _ByPrefix([rule for rule in self.rules if rule.noncurrent_days])
        self._markers = _ByPrefix([rule for rule in self.rules if rule.delete_markers or _is_plain_expiry(rule)])
        self._uploads = _ByPrefix([rule for rule in self.rules if rule.upload_days])

    def expiry(self, version: Version) -> Expiry | None:
        """Of a current object."""
        found: Expiry | None = None
        for rule in self._expiring.of(version.key):
            if (found is None or rule.expiry_us(version.created_at_us) < found.time_us) and rule.is_about(version):
                found = Expiry(rule.expiry_us(version.created_at_us), rule.id)
        return found if found is not None and found.time_us <= MAX_TIME_US else None

    def ranges_of_expired(self, now_us: int) -> Iterator[tuple[str, int]]:
        """Prefixes, and when an object below was put at the latest that has expired by now. To be looked at each, since
        tags and sizes count too."""
        latest: dict[str, int] = {}
        for rule in self.rules:
            if rule.expires and (before_us := rule.put_before_us(now_us)) >= 0:
                latest[rule.prefix] = max(before_us, latest.get(rule.prefix, 0))
        yield from latest.items()

    @property
    def prefixes_of_old_versions(self) -> list[str]:
        """Below which versions that are not current may expire, or delete markers."""
        return sorted({*self._noncurrent.prefixes, *self._markers.prefixes})

    def noncurrent_expiry_us(self, version: Version, replaced_at_us: int, newer: int) -> int:
        """Of a version that was replaced at a time; `newer` others of its key are newer and not current either."""
        return min(
            (
                days_after(replaced_at_us, rule.noncurrent_days)
                for rule in self._noncurrent.of(version.key)
                if newer >= rule.keep_noncurrent and (version.marker or rule.is_about(version))
            ),
            default=MAX_TIME_US + 1,
        )

    def marker_expiry_us(self, marker: Version) -> int:
        """Of a delete marker that is the only version of its key. As S3 has it, a rule by which current objects expire
        is about such markers, too, if it goes neither by tags nor by size."""
        return min(
            (
                0 if rule.delete_markers else rule.expiry_us(marker.created_at_us)
                for rule in self._markers.of(marker.key)
            ),
            default=MAX_TIME_US + 1,
        )

    def upload_expiry(self, key: str, created_at_us: int) -> Expiry:
        """When a multipart upload is aborted that was begun at a time."""
        by_rules = (Expiry(days_after(created_at_us, rule.upload_days), rule.id) for rule in self._uploads.of(key))
        return min(by_rules, default=usual_upload_expiry(created_at_us))


def put_before_us(now_us: int, days: int) -> int:
    """Before which moment that must have been which so many days have followed, and a midnight; see `days_after`."""
    return (now_us // DAY_US - days) * DAY_US


def days_after(time_us: int, days: int) -> int:
    """The midnight that follows so many days after a time."""
    return (time_us // DAY_US + days + 1) * DAY_US


def usual_upload_expiry(created_at_us: int) -> Expiry:
    """When an upload is aborted that no rule is about."""
    return Expiry(created_at_us + UPLOAD_DAYS * DAY_US, "")


class _ByPrefix:
    """Rules by their prefix."""

    def __init__(self, rules: list[Rule]) -> None:
        self._rules: dict[str, list[Rule]] = {}
        for rule in rules:
            self._rules.setdefault(rule.prefix, []).append(rule)
        self._lengths = sorted({len(prefix) for prefix in self._rules})

    @property
    def prefixes(self) -> Iterable[str]:
        return self._rules

    def of(self, key: str) -> Iterator[Rule]:
        """Those with whose prefix the key begins."""
        for length in self._lengths:
            if length > len(key):
                return
            yield from self._rules.get(key[:length], ())


def _rule(rule: buckets_pb2.LifecycleRule) -> Rule:
    chosen = rule.filter
    larger, smaller = chosen.HasField("size_greater_than_bytes"), chosen.HasField("size_less_than_bytes")
    return Rule(
        rule.id,
        chosen.prefix,
        tuple(sorted(chosen.tags.items())),
        chosen.size_greater_than_bytes if larger else None,
        chosen.size_less_than_bytes if smaller else None,
        rule.expire_after_seconds * 1_000_000,
        rule.expire_after_days,
        rule.expire_time.ToMicroseconds() if rule.HasField("expire_time") else 0,
        rule.expire_delete_markers,
        rule.expire_noncurrent_after_days,
        rule.keep_noncurrent_versions,
        rule.abort_uploads_after_days,
    )


def _is_plain_expiry(rule: Rule) -> bool:
    by_object = rule.tags or rule.larger_than_bytes is not None or rule.smaller_than_bytes is not None
    return rule.expires and not by_object
