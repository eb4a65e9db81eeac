"""Versions at the S3 door."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e.s3.door import code_of


@pytest.fixture
def versioned(s3: Any, bucket: str) -> str:
    assert "Status" not in s3.get_bucket_versioning(Bucket=bucket)
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    return bucket


def test_each_put_makes_a_version_that_stays(s3: Any, versioned: str) -> None:
    first = s3.put_object(Bucket=versioned, Key="k", Body=b"1")["VersionId"]
    second = s3.put_object(Bucket=versioned, Key="k", Body=b"2")["VersionId"]
    assert s3.get_object(Bucket=versioned, Key="k")["VersionId"] == second
    assert s3.get_object(Bucket=versioned, Key="k", VersionId=first)["Body"].read() == b"1"
    assert s3.head_object(Bucket=versioned, Key="k", VersionId=first)["VersionId"] == first


def test_a_delete_puts_a_marker_in_front_and_takes_it_away_by_its_id(s3: Any, versioned: str, door: Any) -> None:
    version = s3.put_object(Bucket=versioned, Key="k", Body=b"1")["VersionId"]
    deleted = s3.delete_object(Bucket=versioned, Key="k")
    assert deleted["DeleteMarker"] is True
    gone = door.request("GET", f"/{versioned}/k")
    assert (gone.status, gone.error["Code"]) == (404, "NoSuchKey")
    assert (gone.headers["x-amz-delete-marker"], gone.headers["x-amz-version-id"]) == ("true", deleted["VersionId"])
    marker = door.request("GET", f"/{versioned}/k?versionId={deleted['VersionId']}")
    assert (marker.status, marker.error["Code"], marker.headers["allow"]) == (405, "MethodNotAllowed", "DELETE")
    assert (marker.error["Method"], marker.error["ResourceType"]) == ("GET", "DeleteMarker")
    assert marker.headers["x-amz-delete-marker"] == "true"
    assert s3.get_object(Bucket=versioned, Key="k", VersionId=version)["Body"].read() == b"1"
    taken = s3.delete_object(Bucket=versioned, Key="k", VersionId=deleted["VersionId"])
    assert (taken["DeleteMarker"], taken["VersionId"]) == (True, deleted["VersionId"])
    again = s3.delete_object(Bucket=versioned, Key="k", VersionId=deleted["VersionId"])
    assert ("DeleteMarker" in again, again["VersionId"]) == (False, deleted["VersionId"])
    assert s3.get_object(Bucket=versioned, Key="k")["Body"].read() == b"1"
    s3.delete_object(Bucket=versioned, Key="k", VersionId=version)
    assert code_of(s3.get_object, Bucket=versioned, Key="k") == (404, "NoSuchKey")


def test_a_list_of_versions_tells_which_digest_each_has(s3: Any, versioned: str) -> None:
    for algorithm in ("SHA256", "CRC32"):
        s3.put_object(Bucket=versioned, Key="k", Body=b"1", ChecksumAlgorithm=algorithm)
    listed = s3.list_object_versions(Bucket=versioned)["Versions"]
    assert [(one["ChecksumAlgorithm"], one["ChecksumType"]) for one in listed] == [
        (["CRC32"], "FULL_OBJECT"),
        (["SHA256"], "FULL_OBJECT"),
    ]


def test_suspended_versions_are_the_null_version(s3: Any, versioned: str) -> None:
    kept = s3.put_object(Bucket=versioned, Key="k", Body=b"1")["VersionId"]
    s3.put_bucket_versioning(Bucket=versioned, VersioningConfiguration={"Status": "Suspended"})
    s3.put_object(Bucket=versioned, Key="k", Body=b"2")
    s3.put_object(Bucket=versioned, Key="k", Body=b"3")
    listed = s3.list_object_versions(Bucket=versioned)["Versions"]
    assert [(found["VersionId"], found["IsLatest"]) for found in listed] == [("null", True), (kept, False)]
    null = s3.get_object(Bucket=versioned, Key="k", VersionId="null")
    assert (null["Body"].read(), null["VersionId"]) == (b"3", "null")


def test_versions_are_listed_by_key_the_newest_first(s3: Any, versioned: str) -> None:
    made = {key: [s3.put_object(Bucket=versioned, Key=key, Body=b"x")["VersionId"] for _ in range(3)] for key in "abc"}
    marker = s3.delete_object(Bucket=versioned, Key="b")["VersionId"]
    page = s3.list_object_versions(Bucket=versioned)
    assert [(found["Key"], found["VersionId"]) for found in page["Versions"]] == [
        (key, version) for key in "abc" for version in reversed(made[key])
    ]
    assert [(found["Key"], found["VersionId"], found["IsLatest"]) for found in page["DeleteMarkers"]] == [
        ("b", marker, True)
    ]
    assert [found["IsLatest"] for found in page["Versions"]] == [
        True,
        False,
        False,
        False,
        False,
        False,
        True,
        False,
        False,
    ]
    for size in (1, 2, 4):
        pages = list(s3.get_paginator("list_object_versions").paginate(Bucket=versioned, MaxKeys=size))
        assert [found for one in pages for found in one.get("Versions", ())] == page["Versions"]
        assert [found for one in pages for found in one.get("DeleteMarkers", ())] == page["DeleteMarkers"]


def test_versions_are_grouped_by_a_delimiter(s3: Any, versioned: str) -> None:
    for key in ("a/1", "a/2", "b", "c/1"):
        s3.put_object(Bucket=versioned, Key=key, Body=b"x")
    page = s3.list_object_versions(Bucket=versioned, Delimiter="/")
    assert [found["Key"] for found in page["Versions"]] == ["b"]
    assert [found["Prefix"] for found in page["CommonPrefixes"]] == ["a/", "c/"]
    pages = list(s3.get_paginator("list_object_versions").paginate(Bucket=versioned, Delimiter="/", MaxKeys=1))
    assert [found["Prefix"] for one in pages for found in one.get("CommonPrefixes", ())] == ["a/", "c/"]


def test_versions_are_deleted_together(s3: Any, versioned: str) -> None:
    versions = [s3.put_object(Bucket=versioned, Key="k", Body=b"x")["VersionId"] for _ in range(3)]
    objects = [{"Key": "k", "VersionId": version} for version in versions] + [{"Key": "other"}]
    answer = s3.delete_objects(Bucket=versioned, Delete={"Objects": objects})
    assert [found.get("VersionId") for found in answer["Deleted"]] == [*versions, None]
    assert answer["Deleted"][3]["DeleteMarker"] is True
    assert "Versions" not in s3.list_object_versions(Bucket=versioned)


def test_a_copy_of_an_older_version_brings_it_back(s3: Any, versioned: str) -> None:
    first = s3.put_object(Bucket=versioned, Key="k", Body=b"1")["VersionId"]
    s3.put_object(Bucket=versioned, Key="k", Body=b"2")
    source = {"Bucket": versioned, "Key": "k", "VersionId": first}
    copied = s3.copy_object(Bucket=versioned, Key="k", CopySource=source)
    assert copied["CopySourceVersionId"] == first
    assert s3.get_object(Bucket=versioned, Key="k")["Body"].read() == b"1"
    current = s3.copy_object(Bucket=versioned, Key="copy", CopySource={"Bucket": versioned, "Key": "k"})
    assert current["CopySourceVersionId"] == copied["VersionId"]


def test_a_bucket_with_versions_is_not_empty(s3: Any, versioned: str) -> None:
    s3.put_object(Bucket=versioned, Key="k", Body=b"x")
    s3.delete_object(Bucket=versioned, Key="k")
    assert code_of(s3.delete_bucket, Bucket=versioned) == (409, "BucketNotEmpty")


def test_versions_cannot_be_switched_to_what_there_is_not(s3: Any, versioned: str, door: Any) -> None:
    for status, code in (("Disabled", "MalformedXML"), ("", "IllegalVersioningConfigurationException")):
        content = f"<VersioningConfiguration><Status>{status}</Status></VersioningConfiguration>".encode()
        answer = door.request("PUT", f"/{versioned}?versioning", {}, content)
        assert (answer.status, answer.error["Code"]) == (400, code)
    of_others = "<Status>Suspended</Status><ExcludeFolders>true</ExcludeFolders>"
    content = f"<VersioningConfiguration>{of_others}</VersioningConfiguration>".encode()
    assert door.request("PUT", f"/{versioned}?versioning", {}, content).error["Code"] == "NotImplemented"
    assert door.request("PUT", f"/{versioned}?versioning", {}, b"").error["Code"] == "MissingRequestBodyError"
    assert s3.get_bucket_versioning(Bucket=versioned)["Status"] == "Enabled"
