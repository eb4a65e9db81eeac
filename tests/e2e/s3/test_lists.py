"""Lists of objects at the S3 door."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import pytest

from tests.e2e.s3.door import S3Door, code_of

KEYS = ["a", "a/1", "a/2", "a/b/1", "b", "c/1", "c/2", "ü", "\U0001f600"]


@pytest.fixture(scope="module")
def filled(s3: Any) -> str:
    name = "filled-for-lists"
    s3.create_bucket(Bucket=name)
    for key in KEYS:
        s3.put_object(Bucket=name, Key=key, Body=key.encode())
    return name


def keys(page: Any) -> list[str]:
    return [found["Key"] for found in page.get("Contents", ())]


def prefixes(page: Any) -> list[str]:
    return [found["Prefix"] for found in page.get("CommonPrefixes", ())]


def test_both_versions_list_all_in_the_order_of_bytes(s3: Any, filled: str) -> None:
    for page in (s3.list_objects(Bucket=filled), s3.list_objects_v2(Bucket=filled)):
        assert keys(page) == sorted(KEYS, key=str.encode)
        assert page["IsTruncated"] is False
        assert page["Name"] == filled
        assert {found["StorageClass"] for found in page["Contents"]} == {"STANDARD"}
    assert s3.list_objects_v2(Bucket=filled)["KeyCount"] == len(KEYS)


def test_owners_are_told_where_they_are_asked_for(s3: Any, filled: str) -> None:
    assert "Owner" in s3.list_objects(Bucket=filled)["Contents"][0]
    assert "Owner" not in s3.list_objects_v2(Bucket=filled)["Contents"][0]
    assert s3.list_objects_v2(Bucket=filled, FetchOwner=True)["Contents"][0]["Owner"]["ID"] == "default"


@pytest.mark.parametrize(
    ("prefix", "delimiter", "expected_keys", "expected_prefixes"),
    [
        ("", "/", ["a", "b", "ü", "\U0001f600"], ["a/", "c/"]),
        ("a", "/", ["a"], ["a/"]),
        ("a/", "/", ["a/1", "a/2"], ["a/b/"]),
        ("a/", "", ["a/1", "a/2", "a/b/1"], []),
        ("none", "/", [], []),
        ("", "/b/", ["a", "a/1", "a/2", "b", "c/1", "c/2", "ü", "\U0001f600"], ["a/b/"]),
        ("", "ü", ["a", "a/1", "a/2", "a/b/1", "b", "c/1", "c/2", "\U0001f600"], ["ü"]),
    ],
)
def test_prefixes_and_delimiters(
    s3: Any, filled: str, prefix: str, delimiter: str, expected_keys: list[str], expected_prefixes: list[str]
) -> None:
    for call in (s3.list_objects, s3.list_objects_v2):
        page = call(Bucket=filled, Prefix=prefix, Delimiter=delimiter)
        assert (keys(page), prefixes(page)) == (expected_keys, expected_prefixes)
        assert page["Prefix"] == prefix
        assert page.get("Delimiter", "") == delimiter


@pytest.mark.parametrize("size", [1, 2, 3, 100])
@pytest.mark.parametrize("delimiter", ["", "/"])
def test_pages_follow_one_another(s3: Any, filled: str, size: int, delimiter: str) -> None:
    whole = s3.list_objects_v2(Bucket=filled, Delimiter=delimiter)
    for operation in ("list_objects", "list_objects_v2"):
        pages = list(s3.get_paginator(operation).paginate(Bucket=filled, Delimiter=delimiter, MaxKeys=size))
        assert [key for page in pages for key in keys(page)] == keys(whole)
        assert [prefix for page in pages for prefix in prefixes(page)] == prefixes(whole)
        assert all(len(keys(page)) + len(prefixes(page)) == size for page in pages[:-1])


def test_markers(s3: Any, filled: str) -> None:
    assert keys(s3.list_objects(Bucket=filled, Marker="b")) == ["c/1", "c/2", "ü", "\U0001f600"]
    page = s3.list_objects(Bucket=filled, Marker="a/", Delimiter="/")
    assert (keys(page), prefixes(page), page["Marker"]) == (["b", "ü", "\U0001f600"], ["c/"], "a/")
    page = s3.list_objects_v2(Bucket=filled, StartAfter="c/1", Delimiter="/")
    assert (keys(page), page["StartAfter"]) == (["ü", "\U0001f600"], "c/1")
    page = s3.list_objects(Bucket=filled, MaxKeys=2, Delimiter="/")
    assert (page["IsTruncated"], page["NextMarker"]) == (True, "a/")
    assert "NextMarker" not in s3.list_objects(Bucket=filled, MaxKeys=2)
    page = s3.list_objects_v2(Bucket=filled, MaxKeys=2, StartAfter="a")
    following = s3.list_objects_v2(Bucket=filled, ContinuationToken=page["NextContinuationToken"], StartAfter="a")
    assert keys(page) + keys(following) == sorted(KEYS, key=str.encode)[1:]


@pytest.mark.parametrize("marker", ["a/", "a/1", "a/b", "a/b/1", "a/zzz"])
@pytest.mark.parametrize("prefix", ["", "a"])
def test_a_common_prefix_is_left_out_that_the_list_starts_in(s3: Any, filled: str, prefix: str, marker: str) -> None:
    """Though there be keys below it behind the marker: S3 tells of common prefixes that are greater than the marker
    alone (its reference, of `delimiter` in all lists)."""
    asked = {"Bucket": filled, "Prefix": prefix, "Delimiter": "/"}
    (version,) = s3.list_object_versions(Bucket=filled, Prefix="a/1")["Versions"]
    for page in (
        s3.list_objects(**asked, Marker=marker),
        s3.list_objects_v2(**asked, StartAfter=marker),
        s3.list_object_versions(**asked, KeyMarker=marker),
        s3.list_object_versions(**asked, KeyMarker=marker, VersionIdMarker=version["VersionId"]),
    ):
        found = [one["Key"] for one in page.get("Contents", page.get("Versions", ()))]
        assert (found, prefixes(page)) == ([] if prefix else ["b", "ü", "\U0001f600"], [] if prefix else ["c/"])
    for call, name in (
        (s3.list_objects, "Marker"),
        (s3.list_objects_v2, "StartAfter"),
        (s3.list_object_versions, "KeyMarker"),
    ):
        assert prefixes(call(**asked | {"Prefix": "a/"}, **{name: "a/1"})) == ["a/b/"], "behind what is not below it"
        assert prefixes(call(**asked, **{name: "a"}))[:1] == ["a/"], "before it"


def test_uploads_are_listed_behind_a_whole_common_prefix_too(s3: Any, bucket: str) -> None:
    made = {key: s3.create_multipart_upload(Bucket=bucket, Key=key)["UploadId"] for key in ("a/1", "a/2", "b", "c/1")}
    for marker in ({"KeyMarker": "a/"}, {"KeyMarker": "a/1"}, {"KeyMarker": "a/1", "UploadIdMarker": made["a/1"]}):
        page = s3.list_multipart_uploads(Bucket=bucket, Delimiter="/", **marker)
        assert ([one["Key"] for one in page["Uploads"]], prefixes(page)) == (["b"], ["c/"])


def test_no_keys_at_all_may_be_asked_for(s3: Any, filled: str) -> None:
    for call in (s3.list_objects, s3.list_objects_v2, s3.list_object_versions):
        page = call(Bucket=filled, MaxKeys=0)
        assert (keys(page), page["IsTruncated"], page["MaxKeys"]) == ([], False, 0)
        assert code_of(call, Bucket="no-such-bucket", MaxKeys=0) == (404, "NoSuchBucket")


def test_more_than_a_thousand_are_a_thousand(s3: Any, filled: str) -> None:
    assert s3.list_objects_v2(Bucket=filled, MaxKeys=5000)["MaxKeys"] == 1000


def test_keys_come_url_encoded_or_as_they_are(s3: Any, bucket: str, door: Any) -> None:
    s3.put_object(Bucket=bucket, Key="a b/<ü>&+", Body=b"x")
    encoded = door.request(
        "GET", f"/{bucket}?list-type=2&encoding-type=url&prefix=a%20b&start-after=a%20%2B"
    ).body.decode()
    assert "<Key>a%20b/%3C%C3%BC%3E%26%2B</Key>" in encoded
    assert "<EncodingType>url</EncodingType>" in encoded
    assert "<StartAfter>a%20%2B</StartAfter>" in encoded
    assert "<Prefix>a%20b</Prefix>" in encoded
    plain = door.request("GET", f"/{bucket}?list-type=2").body.decode()
    assert "<Key>a b/&lt;ü&gt;&amp;+</Key>" in plain
    assert plain.startswith('<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult xmlns="http://s3.amazonaws.com/')


@pytest.mark.parametrize(
    "query",
    [
        "max-keys=-1",
        "max-keys=a",
        "encoding-type=base64",
        "list-type=2&continuation-token=",
        "list-type=2&continuation-token=!",
        "versions&version-id-marker=a",
    ],
)
def test_what_no_list_can_be_asked_is_refused(door: Any, filled: str, query: str) -> None:
    answer = door.request("GET", f"/{filled}?{query}")
    assert (answer.status, answer.error["Code"]) == (400, "InvalidArgument")


def test_keys_that_lists_write_as_references_can_be_deleted_and_ruled_by_these(
    door: S3Door, s3: Any, bucket: str
) -> None:
    door.request("PUT", f"/{bucket}/ctl%1f%EF%BF%BE", {}, b"bytes")
    listed = door.request("GET", f"/{bucket}").body
    assert b"<Key>ctl&#x1F;&#xFFFE;</Key>" in listed
    document = b"<Delete><Object><Key>ctl&#x1f;&#xFFFE;</Key></Object></Delete>"
    digest = base64.b64encode(hashlib.md5(document).digest()).decode()
    answer = door.request("POST", f"/{bucket}?delete", {"content-md5": digest}, document)
    assert b"<Deleted><Key>ctl&#x1F;&#xFFFE;</Key></Deleted>" in answer.body
    assert b"<Contents>" not in door.request("GET", f"/{bucket}").body
    filtered = b"<Filter><Prefix>ctl&#x1f;</Prefix></Filter>"
    rule = b"<Rule><Status>Enabled</Status>" + filtered + b"<Expiration><Days>1</Days></Expiration></Rule>"
    document = b"<LifecycleConfiguration>" + rule + b"</LifecycleConfiguration>"
    assert door.request("PUT", f"/{bucket}?lifecycle", {}, document).status == 200
    assert b"<Prefix>ctl&#x1F;</Prefix>" in door.request("GET", f"/{bucket}?lifecycle").body
