"""Conditions and ranges at the S3 door, as HTTP has them (RFC 9110, 13 and 14)."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from tests.e2e.s3.door import S3Door, code_of

OLD = "Tue, 01 Jan 2019 00:00:00 GMT"


@pytest.fixture
def place(s3: Any, bucket: str) -> str:
    described = {"CacheControl": "max-age=3", "Expires": datetime.datetime(2030, 1, 1, tzinfo=datetime.UTC)}
    s3.put_object(Bucket=bucket, Key="k", Body=b"0123456789", **described)
    return f"/{bucket}/k"


@pytest.mark.parametrize("verb", ["GET", "HEAD"])
def test_what_is_unchanged_is_told_with_what_caches_keep(door: S3Door, place: str, verb: str) -> None:
    whole = door.request(verb, place).headers
    answer = door.request(verb, place, {"if-none-match": whole["etag"]})
    assert (answer.status, answer.body) == (304, b"")
    for name in ("etag", "last-modified", "cache-control", "expires"):
        assert answer.headers[name] == whole[name]


def test_an_unchanged_version_is_told_with_its_id(door: S3Door, s3: Any, bucket: str) -> None:
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    version = s3.put_object(Bucket=bucket, Key="k", Body=b"x")["VersionId"]
    answer = door.request("GET", f"/{bucket}/k", {"if-none-match": "*"})
    assert (answer.status, answer.headers["x-amz-version-id"]) == (304, version)


@pytest.mark.parametrize("verb", ["GET", "HEAD"])
def test_a_range_is_answered_if_the_object_is_still_the_same(door: S3Door, place: str, verb: str) -> None:
    whole = door.request(verb, place).headers
    for named, wanted, status in (
        (whole["etag"], "bytes=2-3", 206),
        (whole["last-modified"], "bytes=2-3", 206),
        ('"other"', "bytes=2-3", 200),
        (f"W/{whole['etag']}", "bytes=2-3", 200),
        (OLD, "bytes=2-3", 200),
        ('"other"', "bytes=20-", 200),
        (whole["etag"], "bytes=20-", 416),
    ):
        answer = door.request(verb, place, {"range": wanted, "if-range": named})
        assert answer.status == status, named
        if status < 300:
            assert answer.headers["content-length"] == ("2" if status == 206 else "10")


def test_etags_are_taken_with_quotes_with_one_and_without(s3: Any, bucket: str) -> None:
    etag = s3.put_object(Bucket=bucket, Key="k", Body=b"x")["ETag"]
    for given in (etag, etag.strip('"'), etag[1:], etag[:-1]):
        assert s3.put_object(Bucket=bucket, Key="k", Body=b"x", IfMatch=given)["ETag"] == etag
    assert code_of(s3.put_object, Bucket=bucket, Key="k", Body=b"x", IfMatch="other") == (412, "PreconditionFailed")


def test_which_condition_failed_is_told(door: S3Door, place: str) -> None:
    for header, value, condition in (
        ("if-match", '"other"', "If-Match"),
        ("if-unmodified-since", OLD, "If-Unmodified-Since"),
    ):
        answer = door.request("GET", place, {header: value})
        assert (answer.status, answer.error["Condition"]) == (412, condition)
    answer = door.request("PUT", place, {"if-none-match": "*"}, b"x")
    assert (answer.status, answer.error["Condition"]) == (412, "If-None-Match")


def test_a_range_that_is_not_there_is_told_with_what_is(door: S3Door, place: str) -> None:
    answer = door.request("GET", place, {"range": "bytes=10-"})
    assert answer.status == 416
    assert (answer.error["RangeRequested"], answer.error["ActualObjectSize"]) == ("bytes=10-", "10")
    assert answer.headers["content-range"] == "bytes */10"
