"""Copies at the S3 door."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

import portico
from tests.e2e.s3.door import S3Door, code_of, new_name
from tests.harness import RunningPlatform


@pytest.fixture
def source(s3: Any, bucket: str) -> dict[str, str]:
    s3.put_object(
        Bucket=bucket, Key="a b+ü", Body=b"bytes", Metadata={"one": "1"}, Tagging="t=1", ContentType="text/plain"
    )
    return {"Bucket": bucket, "Key": "a b+ü"}


def test_a_copy_has_all_that_its_source_has(s3: Any, source: dict[str, str]) -> None:
    other = new_name()
    s3.create_bucket(Bucket=other)
    copied = s3.copy_object(Bucket=other, Key="copy", CopySource=source)
    assert "CopySourceVersionId" not in copied
    made = copied["CopyObjectResult"]
    got = s3.get_object(Bucket=other, Key="copy")
    assert (got["Body"].read(), got["ETag"], got["Metadata"]) == (b"bytes", made["ETag"], {"one": "1"})
    assert (got["ContentType"], got["TagCount"]) == ("text/plain", 1)
    assert abs(got["LastModified"] - made["LastModified"]) < datetime.timedelta(seconds=2)


def test_a_copy_may_get_others(s3: Any, bucket: str, source: dict[str, str]) -> None:
    replaced = {"MetadataDirective": "REPLACE", "Metadata": {"two": "2"}, "ContentType": "text/html"}
    tags = {"TaggingDirective": "REPLACE", "Tagging": "x=1&y=2"}
    s3.copy_object(Bucket=bucket, Key="copy", CopySource=source, **replaced, **tags)
    head = s3.head_object(Bucket=bucket, Key="copy")
    assert (head["Metadata"], head["ContentType"], head["TagCount"]) == ({"two": "2"}, "text/html", 2)


def test_an_object_is_copied_onto_itself_only_to_change_it(s3: Any, source: dict[str, str]) -> None:
    assert code_of(s3.copy_object, **source, CopySource=source) == (400, "InvalidRequest")
    assert s3.copy_object(**source, CopySource=source, StorageClass="STANDARD")["CopyObjectResult"]
    s3.copy_object(**source, CopySource=source, MetadataDirective="REPLACE", Metadata={"new": "1"})
    assert s3.head_object(**source)["Metadata"] == {"new": "1"}


def test_what_is_wrong_with_the_source_is_told_of_the_source(s3: Any, bucket: str, source: dict[str, str]) -> None:
    def error_of(**asked: Any) -> dict[str, str]:
        with pytest.raises(s3.exceptions.ClientError) as raised:
            s3.copy_object(**asked)
        return dict(raised.value.response["Error"])

    missing = error_of(Bucket=bucket, Key="copy", CopySource={"Bucket": bucket, "Key": "none"})
    assert (missing["Code"], missing["Key"]) == ("NoSuchKey", "none")
    onto_itself = error_of(Bucket=bucket, Key="none", CopySource={"Bucket": bucket, "Key": "none"})
    assert onto_itself["Code"] == "NoSuchKey"
    for key in (source["Key"], "copy"):
        refused = error_of(Bucket=bucket, Key=key, CopySource=source, CopySourceIfMatch="other")
        assert (refused["Code"], refused["Condition"]) == ("PreconditionFailed", "x-amz-copy-source-If-Match")


def test_conditions_on_the_source(s3: Any, bucket: str, source: dict[str, str]) -> None:
    head = s3.head_object(**source)
    before = head["LastModified"] - datetime.timedelta(hours=1)
    refused = (412, "PreconditionFailed")

    def copy(**conditions: Any) -> Any:
        return s3.copy_object(Bucket=bucket, Key="copy", CopySource=source, **conditions)

    assert copy(CopySourceIfMatch=head["ETag"])
    assert copy(CopySourceIfNoneMatch='"other"', CopySourceIfModifiedSince=before)
    assert code_of(copy, CopySourceIfMatch='"other"') == refused
    assert code_of(copy, CopySourceIfNoneMatch=head["ETag"]) == refused
    assert code_of(copy, CopySourceIfUnmodifiedSince=before) == refused


def test_a_source_that_is_not_there_or_is_none(s3: Any, bucket: str) -> None:
    missing = {"Bucket": bucket, "Key": "none"}
    assert code_of(s3.copy_object, Bucket=bucket, Key="copy", CopySource=missing) == (404, "NoSuchKey")
    elsewhere = {"Bucket": "no-such-bucket", "Key": "none"}
    assert code_of(s3.copy_object, Bucket=bucket, Key="copy", CopySource=elsewhere) == (404, "NoSuchBucket")
    assert code_of(s3.copy_object, Bucket=bucket, Key="copy", CopySource=bucket) == (400, "InvalidArgument")
    wrong = {"MetadataDirective": "MOVE"}
    assert code_of(s3.copy_object, Bucket=bucket, Key="copy", CopySource=missing, **wrong) == (400, "InvalidArgument")


def test_a_copy_may_get_another_digest(s3: Any, bucket: str, source: dict[str, str]) -> None:
    made = s3.copy_object(Bucket=bucket, Key="copy", CopySource=source, ChecksumAlgorithm="SHA1")["CopyObjectResult"]
    assert made["ChecksumType"] == "FULL_OBJECT"


def test_a_copy_may_come_from_another_account(door: S3Door, s3: Any, s3_platform: RunningPlatform, bucket: str) -> None:
    profile = str(s3_platform.profile)
    with portico.connect(profile) as client:
        client.access.call("CreateAccount", account_id="lender", account={})
    with portico.connect(profile, account="lender") as client:
        key = client.access.own_key()
    theirs = S3Door(door.endpoint, key.id, key.secret, door.authority).client()
    theirs.create_bucket(Bucket="lent")
    theirs.put_object(Bucket="lent", Key="a/ü", Body=b"theirs")
    source = "arn:aws:s3:auto:lender:accesspoint/lent/object/a/ü"
    s3.copy_object(Bucket=bucket, Key="k", CopySource=source, ExpectedSourceBucketOwner="lender")
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"theirs"
    upload = s3.create_multipart_upload(Bucket=bucket, Key="m")["UploadId"]
    s3.upload_part_copy(Bucket=bucket, Key="m", UploadId=upload, PartNumber=1, CopySource=source)
    copy = {"Bucket": bucket, "Key": "k", "CopySource": source}
    assert code_of(s3.copy_object, **copy, ExpectedSourceBucketOwner="default") == (403, "AccessDenied")
    nobody = {**copy, "CopySource": source.replace("lender", "nobody")}
    assert code_of(s3.copy_object, **nobody)[0] in (403, 404)
    assert code_of(s3.copy_object, **{**copy, "CopySource": "arn:aws:s3:::lent/a"}) == (400, "InvalidArgument")


def test_a_part_that_was_copied_tells_of_which_version(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="plain", Body=b"x")
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    version = s3.put_object(Bucket=bucket, Key="k", Body=b"x")["VersionId"]
    upload = {"Bucket": bucket, "Key": "m", "UploadId": s3.create_multipart_upload(Bucket=bucket, Key="m")["UploadId"]}
    for source, told in (("k", version), ("plain", None)):
        copied = s3.upload_part_copy(**upload, PartNumber=1, CopySource=f"{bucket}/{source}")
        assert copied.get("CopySourceVersionId") == told
