"""A bucket's lifecycle rules at the S3 door: which are taken, and how those come back that S3 has no words for."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest

import portico
from portico.objects.v1.buckets_pb2 import Bucket, LifecycleRule
from tests.e2e.s3.door import S3Door
from tests.harness import RunningPlatform

DATES = [
    *(("2100-01-01", 200, ""), ("2100-01-01T00:00:00Z", 200, ""), ("2100-01-01T00:00:00.000Z", 200, "")),
    *(("2100-01-01T00:00:01Z", 400, "InvalidArgument"), ("2100-01-01T00:00:00.001Z", 400, "InvalidArgument")),
    *((wrong, 400, "MalformedXML") for wrong in ("20200101", "2020-W01-1", "2020-01", "2020-02-30", "soon")),
    *((wrong, 400, "MalformedXML") for wrong in ("2020-01-01T00:00", "2020-01-01 00:00:00Z", "2020-01-01T00:00:00")),
    ("1969-12-31", 400, "InvalidArgument"),
]


@pytest.mark.parametrize(("date", "status", "code"), DATES)
def test_a_date_is_taken_as_s3_writes_it_and_no_otherwise(
    door: S3Door, bucket: str, date: str, status: int, code: str
) -> None:
    rule = f"<Rule><Status>Enabled</Status><Filter/><Expiration><Date>{date}</Date></Expiration></Rule>"
    document = f"<LifecycleConfiguration>{rule}</LifecycleConfiguration>".encode()
    answer = door.request("PUT", f"/{bucket}?lifecycle", {}, document)
    assert answer.status == status
    assert code == (answer.error["Code"] if answer.body else "")


def rules_of(client: portico.Client, bucket: str) -> list[LifecycleRule]:
    return list(client.buckets.get(bucket).lifecycle_rules)


def test_what_s3_cannot_say_stays_where_the_rest_is_put_as_it_was_read(
    s3_platform: RunningPlatform, s3: Any, bucket: str
) -> None:
    hour = LifecycleRule(id="hour", enabled=True, expire_after_seconds=3600, filter={"prefix": "tmp/"})
    noon = LifecycleRule(id="noon", enabled=True, expire_time={"seconds": 4_102_488_000})
    both = LifecycleRule(id="both", enabled=False, expire_after_days=2, expire_delete_markers=True)
    with portico.connect(str(s3_platform.profile)) as client:
        client.buckets.update(bucket, Bucket(lifecycle_rules=[hour, noon, both]))
        told = s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
        assert [rule["Expiration"].get("Days") for rule in told] == [1, None, 2]
        assert told[1]["Expiration"]["Date"].isoformat() == "2100-01-02T00:00:00+00:00"
        s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": told})
        assert rules_of(client, bucket) == [hour, noon, both]
        told[0]["Expiration"]["Days"] = 2
        s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": told[:1]})
        (changed,) = rules_of(client, bucket)
        assert (changed.expire_after_seconds, changed.expire_after_days) == (0, 2)


def test_an_upload_says_when_a_rule_aborts_it(s3: Any, bucket: str) -> None:
    begun = s3.create_multipart_upload(Bucket=bucket, Key="k")
    assert "AbortDate" not in begun
    rule = {"ID": "ü", "Status": "Enabled", "Filter": {"Prefix": ""}}
    rule["AbortIncompleteMultipartUpload"] = {"DaysAfterInitiation": 2}  # type: ignore[assignment]
    s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": [rule]})
    listed = s3.list_parts(Bucket=bucket, Key="k", UploadId=begun["UploadId"])
    again = s3.create_multipart_upload(Bucket=bucket, Key="k")
    for told in (listed, again):
        assert told["AbortRuleId"] == "=?UTF-8?B?w7w=?="
        left = told["AbortDate"] - datetime.now(UTC)
        assert timedelta(days=2) - timedelta(minutes=5) < left <= timedelta(days=3)
        assert told["AbortDate"].time() == time()
