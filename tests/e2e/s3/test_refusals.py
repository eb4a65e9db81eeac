"""What the S3 door refuses, in S3's words: codes that clients and suites of tests look at."""

from __future__ import annotations

import datetime
import re
from typing import Any

import pytest

from tests.e2e.s3.door import S3Door, code_of, new_name

LATER = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=1)
NO_VERSION = "0" * 32


@pytest.mark.parametrize("call", ["get_object", "head_object", "delete_object", "get_object_tagging", "get_object_acl"])
def test_what_can_be_no_version_id_is_no_argument(s3: Any, bucket: str, call: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    refused = code_of(getattr(s3, call), Bucket=bucket, Key="k", VersionId="of-elsewhere")
    assert refused == (400, "400" if call == "head_object" else "InvalidArgument")
    assert s3.get_object(Bucket=bucket, Key="k", VersionId="null")["Body"].read() == b"x"


def test_a_version_that_is_not_there_is_missed_and_taken_for_deleted(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    assert code_of(s3.get_object, Bucket=bucket, Key="k", VersionId=NO_VERSION) == (404, "NoSuchVersion")
    s3.delete_object(Bucket=bucket, Key="k", VersionId=NO_VERSION)
    objects = [{"Key": "k", "VersionId": NO_VERSION}, {"Key": "k", "VersionId": "of-elsewhere"}]
    answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": objects})
    assert [found["VersionId"] for found in answer["Deleted"]] == [NO_VERSION]
    assert [(found["Code"], found["VersionId"]) for found in answer["Errors"]] == [("NoSuchVersion", "of-elsewhere")]


def test_a_list_begins_behind_a_version_that_can_be(s3: Any, bucket: str) -> None:
    call = s3.list_object_versions
    behind = {"Bucket": bucket, "KeyMarker": "k"}
    assert code_of(call, **behind, VersionIdMarker="of-elsewhere") == (400, "InvalidArgument")
    assert call(**behind, VersionIdMarker=NO_VERSION)["VersionIdMarker"] == NO_VERSION


def test_a_copys_source_names_a_version_that_can_be(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    source = {"Bucket": bucket, "Key": "k", "VersionId": "of-elsewhere"}
    assert code_of(s3.copy_object, Bucket=bucket, Key="copy", CopySource=source) == (400, "InvalidArgument")


def test_an_upload_is_not_completed_without_a_body(s3: Any, bucket: str) -> None:
    upload_id = s3.create_multipart_upload(Bucket=bucket, Key="k")["UploadId"]
    refused = code_of(s3.complete_multipart_upload, Bucket=bucket, Key="k", UploadId=upload_id)
    assert refused == (400, "InvalidRequest")


@pytest.mark.parametrize("algorithm", ["SHA256", "CRC32"])
def test_parts_are_named_with_the_digests_that_the_objects_is_made_of(s3: Any, bucket: str, algorithm: str) -> None:
    begun = s3.create_multipart_upload(Bucket=bucket, Key="k", ChecksumAlgorithm=algorithm)
    upload = {"Bucket": bucket, "Key": "k", "UploadId": begun["UploadId"]}
    part = s3.upload_part(**upload, PartNumber=1, Body=b"bytes", ChecksumAlgorithm=algorithm)
    named = {"PartNumber": 1, "ETag": part["ETag"]}
    refused = code_of(s3.complete_multipart_upload, **upload, MultipartUpload={"Parts": [named]})
    assert refused == (400, "InvalidRequest")
    named[f"Checksum{algorithm}"] = part[f"Checksum{algorithm}"]
    s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": [named]})


def test_versioning_needs_a_status(door: S3Door, bucket: str) -> None:
    answer = door.request("PUT", f"/{bucket}?versioning", {}, b"<VersioningConfiguration/>")
    assert (answer.status, answer.error["Code"]) == (400, "IllegalVersioningConfigurationException")


@pytest.mark.parametrize("retention", [{"ObjectLockMode": "GOVERNANCE"}, {"ObjectLockRetainUntilDate": LATER}])
def test_a_retention_has_a_mode_and_an_end(s3: Any, retention: Any) -> None:
    name = new_name("locked")
    s3.create_bucket(Bucket=name, ObjectLockEnabledForBucket=True)
    assert code_of(s3.put_object, Bucket=name, Key="k", Body=b"x", **retention) == (400, "InvalidArgument")


@pytest.mark.parametrize("period", [{"Days": 0}, {"Years": -1}, {"Years": 101}])
def test_a_usual_retention_has_a_length(s3: Any, period: Any) -> None:
    name = new_name("locked")
    s3.create_bucket(Bucket=name, ObjectLockEnabledForBucket=True)
    rule = {"DefaultRetention": {"Mode": "GOVERNANCE", **period}}
    configuration = {"ObjectLockEnabled": "Enabled", "Rule": rule}
    refused = code_of(s3.put_object_lock_configuration, Bucket=name, ObjectLockConfiguration=configuration)
    assert refused == (400, "InvalidRetentionPeriod")


def test_uploads_are_not_aborted_by_tags(s3: Any, bucket: str) -> None:
    rule = {
        "Status": "Enabled",
        "Filter": {"Tag": {"Key": "a", "Value": "b"}},
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1},
    }
    call = s3.put_bucket_lifecycle_configuration
    assert code_of(call, Bucket=bucket, LifecycleConfiguration={"Rules": [rule]}) == (400, "InvalidRequest")


def lifecycle(rule: str) -> tuple[str, str, dict[str, str], bytes]:
    document = f"<LifecycleConfiguration><Rule><Status>Enabled</Status>{rule}</Rule></LifecycleConfiguration>"
    return "PUT", "?lifecycle", {}, document.encode()


EXPIRY = "<Expiration><Days>1</Days></Expiration>"
MARKERS = "<Expiration><ExpiredObjectDeleteMarker>true</ExpiredObjectDeleteMarker></Expiration>"
TAG = "<Tag><Key>a</Key><Value>b</Value></Tag>"
QUEUE = (
    "<QueueConfiguration><Queue>arn:aws:sqs:auto:other:q</Queue><Event>s3:ObjectCreated:*</Event></QueueConfiguration>"
)
ORIGIN = "<AllowedOrigin>a b</AllowedOrigin><AllowedMethod>GET</AllowedMethod>"
PAST = {"x-amz-object-lock-mode": "GOVERNANCE", "x-amz-object-lock-retain-until-date": "2020-01-01T00:00:00Z"}
WORDED = [
    (("PUT", "/k", PAST, b""), "The retain until date must be in the future!"),
    (lifecycle(f"<ID>a\tb</ID><Filter/>{EXPIRY}"), "ID must be text without control characters"),
    (lifecycle(f"<Filter><Prefix>{'p' * 1025}</Prefix></Filter>{EXPIRY}"), "Prefix must"),
    (lifecycle(f"<Filter>{TAG}</Filter>{MARKERS}"), "ExpiredObjectDeleteMarker cannot go by tags or size"),
    (("GET", f"?prefix={'p' * 1025}", {}, b""), "prefix must"),
    (("GET", "?versions&key-marker=a%00", {}, b""), "marker must be text without NUL"),
    (
        ("PUT", "?notification", {}, f"<NotificationConfiguration>{QUEUE}</NotificationConfiguration>".encode()),
        "Queue ",
    ),
    (
        ("PUT", "?cors", {}, f"<CORSConfiguration><CORSRule>{ORIGIN}</CORSRule></CORSConfiguration>".encode()),
        "AllowedOrigin must be text with one * at most, without spaces",
    ),
    (("PUT", "/k", {"content-type": "t" * 2000}, b""), "Content-Type"),
]


@pytest.mark.parametrize(("request_", "begins"), WORDED, ids=[begins for _, begins in WORDED])
def test_what_is_refused_by_the_contract_is_told_in_s3s_names(
    door: S3Door, s3: Any, request_: tuple[str, str, dict[str, str], bytes], begins: str
) -> None:
    bucket = new_name("worded")
    s3.create_bucket(Bucket=bucket, ObjectLockEnabledForBucket=True)
    verb, rest, headers, body = request_
    answer = door.request(verb, f"/{bucket}{rest}", headers, body)
    assert answer.status // 100 == 4
    message = answer.error["Message"]
    assert message.startswith(begins)
    assert "accounts/" not in message
    assert not re.search(r"[a-z]_[a-z]", message)
    assert not re.search(r"[a-z]_[a-z]", answer.error.get("ArgumentName", ""))
