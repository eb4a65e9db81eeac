"""When rules of a lifecycle delete something."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from portico.objects.v1.buckets_pb2 import Bucket, LifecycleRule
from portico.objects.v1.objects_pb2 import Object
from portico_server.objects.buckets.lifecycle import DAY_US, MAX_TIME_US, Expiry, Lifecycle, days_after
from portico_server.objects.records import Version


def us(*date: int) -> int:
    return int(datetime(*date, tzinfo=UTC).timestamp()) * 1_000_000  # type: ignore[arg-type]


PUT_US = us(2014, 1, 15, 10, 30)


def version(key: str = "key", size_bytes: int = 5, tags: dict[str, str] | None = None, **fields: Any) -> Version:
    marks = Object(tags=tags).SerializeToString() if tags else b""
    return Version(key, "id", 1, 0, "etag", size_bytes, PUT_US, "", b"", b"", marks, **fields)


def rule(**fields: Any) -> LifecycleRule:
    return LifecycleRule(**{"id": "rule", "enabled": True, **fields})


def lifecycle(*rules: LifecycleRule) -> Lifecycle:
    return Lifecycle(Bucket(lifecycle_rules=rules))


def test_days_end_at_the_next_midnight_as_in_s3() -> None:
    assert days_after(PUT_US, 3) == us(2014, 1, 19)
    assert days_after(us(2014, 1, 15), 3) == us(2014, 1, 19)
    assert days_after(us(2014, 1, 15) - 1, 3) == us(2014, 1, 18)


def test_seconds_are_exact_and_a_time_is_that_time() -> None:
    assert lifecycle(rule(expire_after_seconds=90)).expiry(version()) == Expiry(PUT_US + 90_000_000, "rule")
    assert lifecycle(rule(expire_after_days=1)).expiry(version()) == Expiry(us(2014, 1, 17), "rule")
    past = rule(expire_time={"seconds": us(2013, 1, 1) // 1_000_000})
    assert lifecycle(past).expiry(version()) == Expiry(us(2013, 1, 1), "rule")


def test_of_several_rules_the_earliest_expiry_holds() -> None:
    late, soon, other = (
        rule(id="late", expire_after_days=9),
        rule(id="soon", expire_after_days=1, filter={"prefix": "k"}),
        rule(id="other", expire_after_seconds=1, filter={"prefix": "other"}),
    )
    for rules in ((late, soon, other), (other, soon, late)):
        assert lifecycle(*rules).expiry(version()) == Expiry(us(2014, 1, 17), "soon")


def test_a_rule_that_is_not_in_force_does_nothing() -> None:
    assert lifecycle(rule(expire_after_days=1, enabled=False)).expiry(version()) is None
    assert lifecycle(rule(expire_noncurrent_after_days=1)).expiry(version()) is None


def test_what_would_expire_behind_all_times_never_does() -> None:
    assert lifecycle(rule(expire_after_days=2**31 - 1)).expiry(version()) is None


@pytest.mark.parametrize(
    ("chosen", "about"),
    [
        ({"prefix": "ke"}, True),
        ({"prefix": "key"}, True),
        ({"prefix": "keys"}, False),
        ({"prefix": "ey"}, False),
        ({"tags": {"a": "1"}}, True),
        ({"tags": {"a": "1", "b": "2"}}, True),
        ({"tags": {"a": "2"}}, False),
        ({"tags": {"c": "1"}}, False),
        ({"size_greater_than_bytes": 4}, True),
        ({"size_greater_than_bytes": 5}, False),
        ({"size_less_than_bytes": 6}, True),
        ({"size_less_than_bytes": 5}, False),
        ({"prefix": "k", "tags": {"a": "1"}, "size_greater_than_bytes": 4, "size_less_than_bytes": 6}, True),
        ({"prefix": "k", "tags": {"a": "1"}, "size_greater_than_bytes": 5, "size_less_than_bytes": 7}, False),
    ],
)
def test_all_of_a_filter_must_hold(chosen: dict[str, Any], about: bool) -> None:
    found = lifecycle(rule(expire_after_days=1, filter=chosen)).expiry(version(tags={"a": "1", "b": "2"}))
    assert (found is not None) == about


def test_versions_are_counted_from_when_they_were_replaced_and_the_newest_are_kept() -> None:
    rules = lifecycle(rule(expire_noncurrent_after_days=2, keep_noncurrent_versions=1))
    assert rules.noncurrent_expiry_us(version(), us(2020, 5, 5, 12), newer=1) == us(2020, 5, 8)
    assert rules.noncurrent_expiry_us(version(), us(2020, 5, 5, 12), newer=0) > MAX_TIME_US


def test_a_lone_delete_marker_goes_by_a_rule_for_markers_or_when_an_object_would_have_expired() -> None:
    marker = version(marker=1, size_bytes=0)
    assert lifecycle(rule(expire_delete_markers=True)).marker_expiry_us(marker) == 0
    assert lifecycle(rule(expire_after_days=1)).marker_expiry_us(marker) == us(2014, 1, 17)
    tagged = lifecycle(rule(expire_after_days=1, filter={"tags": {"a": "1"}}))
    assert tagged.marker_expiry_us(marker) > MAX_TIME_US


def test_uploads_are_aborted_after_seven_days_unless_a_rule_says_otherwise() -> None:
    assert lifecycle(rule(expire_after_days=1)).upload_expiry("key", PUT_US) == (PUT_US + 7 * DAY_US, "")
    rules = lifecycle(rule(abort_uploads_after_days=30, filter={"prefix": "slow/"}), rule(abort_uploads_after_days=40))
    assert rules.upload_expiry("slow/key", PUT_US).time_us == days_after(PUT_US, 30)
    assert rules.upload_expiry("key", PUT_US).time_us == days_after(PUT_US, 40)


def test_a_thousand_rules_are_told_apart() -> None:
    rules = [rule(id=str(n), expire_after_days=n + 1, filter={"prefix": f"{n}/" * (n % 7 + 1)}) for n in range(1000)]
    ready = lifecycle(*rules)
    for number in (0, 6, 77, 999):
        found = ready.expiry(version(f"{number}/" * 7))
        assert found is not None
        assert found.rule_id == str(number)
    assert ready.expiry(version("other")) is None
