"""What settings of a bucket must be besides what the rules of the contract's fields say; complaints name elements."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from portico.objects.v1 import buckets_pb2
from portico_server.objects.errors import InvalidField

_EXPIRIES = ("expire_after_seconds", "expire_after_days", "expire_time")
_DOES = (*_EXPIRIES, "expire_delete_markers", "expire_noncurrent_after_days", "abort_uploads_after_days")
"""What a rule can do."""
_NOT_BY_OBJECT = ("expire_delete_markers", "abort_uploads_after_days")
"""What is about things that have neither tags nor a size."""


def check(name: str, settings: buckets_pb2.Bucket, fields: Sequence[str]) -> None:
    """Checks the named fields of a bucket's settings. Raises InvalidField."""
    if "cors_rules" in fields:
        _unique("cors_rules", settings.cors_rules)
    if "lifecycle_rules" in fields:
        _unique("lifecycle_rules", settings.lifecycle_rules)
        for number, rule in enumerate(settings.lifecycle_rules):
            _lifecycle(f"bucket.lifecycle_rules[{number}]", rule)
    if "notification_rules" in fields:
        _unique("notification_rules", settings.notification_rules)
        for number, notification in enumerate(settings.notification_rules):
            _notification(f"bucket.notification_rules[{number}]", notification, name.partition("/buckets/")[0])
    if "object_lock" in fields:
        _object_lock("bucket.object_lock", settings.object_lock)


def _unique(field: str, rules: Iterable[Any]) -> None:
    seen: dict[str, int] = {}
    for number, rule in enumerate(rules):
        if rule.id and seen.setdefault(rule.id, number) != number:
            raise _invalid(f"bucket.{field}[{number}].id", f"is that of rule {seen[rule.id]} too; give each its own")


def _lifecycle(field: str, rule: buckets_pb2.LifecycleRule) -> None:
    given = [name for name in _EXPIRIES if _is_given(rule, name)]
    if len(given) > 1:
        raise _invalid(f"{field}.{given[1]}", f"stands beside {given[0]}; a rule has one of them")
    if not any(_is_given(rule, name) for name in _DOES):
        raise _invalid(field, f"deletes nothing, for 0 counts as left out; set one of {', '.join(_DOES)}")
    if rule.keep_noncurrent_versions and not rule.expire_noncurrent_after_days:
        raise _invalid(f"{field}.keep_noncurrent_versions", "needs expire_noncurrent_after_days, which says when")
    chosen = rule.filter
    larger, smaller = chosen.HasField("size_greater_than_bytes"), chosen.HasField("size_less_than_bytes")
    if larger and smaller and chosen.size_less_than_bytes <= chosen.size_greater_than_bytes + 1:
        raise _invalid(f"{field}.filter.size_less_than_bytes", "leaves no size between itself and the other")
    by_object = chosen.tags or larger or smaller
    for name in _NOT_BY_OBJECT if by_object else ():
        if _is_given(rule, name):
            raise _invalid(f"{field}.{name}", "cannot go by tags or size; put it into a rule without those")


def _notification(field: str, rule: buckets_pb2.NotificationRule, account: str) -> None:
    if rule.webhook_url and rule.queue:
        raise _invalid(f"{field}.webhook_url", "stands beside queue; a rule has one of them")
    if not rule.queue and not rule.webhook_url:
        raise _invalid(f"{field}.queue", "is missing, or webhook_url; say who is told")
    if rule.queue and not rule.queue.startswith(f"{account}/queues/"):
        raise _invalid(f"{field}.queue", f"must be one of the bucket's account: {account}/queues/QUEUE")


def _object_lock(field: str, lock: buckets_pb2.ObjectLock) -> None:
    if not lock.enabled and (lock.default_mode or lock.default_days or lock.default_years):
        raise _invalid(f"{field}.enabled", "must be set, to keep new versions by default")
    if lock.default_days and lock.default_years:
        raise _invalid(f"{field}.default_years", "stands beside default_days; give one of them")
    if lock.default_mode and not (lock.default_days or lock.default_years):
        raise _invalid(f"{field}.default_days", "is missing, or default_years; say for how long default_mode keeps")
    if not lock.default_mode and (lock.default_days or lock.default_years):
        raise _invalid(f"{field}.default_mode", "is missing; say how strictly new versions are kept")


def _is_given(rule: buckets_pb2.LifecycleRule, name: str) -> bool:
    return rule.HasField("expire_time") if name == "expire_time" else bool(getattr(rule, name))


def _invalid(field: str, what: str) -> InvalidField:
    return InvalidField(f"{field} {what}", field=field)
