"""What S3 does at the edges, as suites of conformance ask for it."""

from __future__ import annotations

import datetime
import json
from typing import Any

import pytest
from botocore import UNSIGNED
from botocore.exceptions import ClientError

import portico
from tests.e2e.s3.door import S3Door, code_of, new_name
from tests.harness import RunningPlatform

GOVERNANCE = {"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 1}}}
READABLE = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject"}


@pytest.fixture
def versioned(s3: Any, bucket: str) -> str:
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    return bucket


def test_an_empty_authorization_is_none(door: S3Door) -> None:
    answer = door.request("GET", "/", {"authorization": ""}, signed=False)
    assert (answer.status, answer.error["Code"]) == (403, "AccessDenied")


def test_who_signs_on_another_day_is_told_of_the_clock(door: S3Door) -> None:
    today = datetime.datetime.now(datetime.UTC).strftime("%Y%m%d")
    credential = f"{door.access_key_id}/{today}/auto/s3/aws4_request"
    signed = f"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host;x-amz-date, Signature={'0' * 64}"
    headers = {"authorization": signed, "x-amz-date": "20200707T215304Z"}
    answer = door.request("GET", "/", headers, signed=False)
    assert (answer.status, answer.error["Code"]) == (403, "RequestTimeTooSkewed")


def test_keys_of_tags_do_not_begin_with_aws(s3: Any, bucket: str) -> None:
    tagging = {"TagSet": [{"Key": "aws:x", "Value": "1"}]}
    assert code_of(s3.put_bucket_tagging, Bucket=bucket, Tagging=tagging) == (400, "InvalidTag")
    assert code_of(s3.put_object, Bucket=bucket, Key="k", Body=b"", Tagging="aws:x=1") == (400, "InvalidTag")


def test_a_copy_tells_the_digest_that_was_asked_for(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="source", Body=b"bytes", ChecksumAlgorithm="CRC32")
    source = {"Bucket": bucket, "Key": "source"}
    s3.copy_object(Bucket=bucket, Key="copy", CopySource=source, ChecksumAlgorithm="SHA256")
    assert "ChecksumSHA256" in s3.head_object(Bucket=bucket, Key="copy", ChecksumMode="ENABLED")


def test_the_algorithm_that_sdks_name_is_that_of_the_digest(door: S3Door, bucket: str) -> None:
    headers = {"x-amz-sdk-checksum-algorithm": "CRC32", "x-amz-checksum-sha1": "EfatjsUqKYO58XTsNGpkPusP5rw="}
    answer = door.request("PUT", f"/{bucket}/k", headers, b"bytes")
    assert (answer.status, answer.error["Code"]) == (400, "InvalidRequest")


def test_uploads_refuse_digests_that_cannot_be(s3: Any, bucket: str) -> None:
    wanted = {"Bucket": bucket, "Key": "k", "ChecksumAlgorithm": "SHA256", "ChecksumType": "FULL_OBJECT"}
    assert code_of(s3.create_multipart_upload, **wanted) == (400, "InvalidRequest")


def test_an_upload_of_another_size_is_not_completed(s3: Any, bucket: str) -> None:
    upload = {"Bucket": bucket, "Key": "k", "UploadId": s3.create_multipart_upload(Bucket=bucket, Key="k")["UploadId"]}
    etag = s3.upload_part(**upload, PartNumber=1, Body=b"bytes")["ETag"]
    parts = {"Parts": [{"PartNumber": 1, "ETag": etag}]}
    refused = code_of(s3.complete_multipart_upload, **upload, MultipartUpload=parts, MpuObjectSize=6)
    assert refused == (400, "InvalidRequest")
    s3.complete_multipart_upload(**upload, MultipartUpload=parts, MpuObjectSize=5)


def test_object_lock_needs_versions(s3: Any, bucket: str) -> None:
    put = {"Bucket": bucket, "ObjectLockConfiguration": GOVERNANCE}
    assert code_of(s3.put_object_lock_configuration, **put) == (409, "InvalidBucketState")
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    s3.put_object_lock_configuration(**put)


def test_delete_markers_say_when_they_were_made_and_are_not_copied(s3: Any, versioned: str) -> None:
    s3.put_object(Bucket=versioned, Key="k", Body=b"bytes")
    marker = s3.delete_object(Bucket=versioned, Key="k")["VersionId"]
    with pytest.raises(ClientError) as refused:
        s3.get_object(Bucket=versioned, Key="k", VersionId=marker)
    told = refused.value.response["ResponseMetadata"]
    assert told["HTTPStatusCode"] == 405
    assert told["HTTPHeaders"]["x-amz-delete-marker"] == "true"
    assert told["HTTPHeaders"]["last-modified"]
    source = {"Bucket": versioned, "Key": "k", "VersionId": marker}
    assert code_of(s3.copy_object, Bucket=versioned, Key="to", CopySource=source) == (400, "InvalidRequest")


def test_a_marker_without_versions_is_the_version_null(s3: Any, versioned: str) -> None:
    s3.put_bucket_versioning(Bucket=versioned, VersioningConfiguration={"Status": "Suspended"})
    deleted = s3.delete_object(Bucket=versioned, Key="k")
    assert (deleted["DeleteMarker"], deleted["VersionId"]) == (True, "null")


def test_pages_that_name_their_method_are_answered_for_it(door: S3Door, s3: Any, bucket: str) -> None:
    rules = [{"AllowedMethods": ["GET"], "AllowedOrigins": ["https://a.example"]}]
    s3.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": rules})
    headers = {"origin": "https://a.example", "access-control-request-method": "GET"}
    answer = door.request("PUT", f"/{bucket}/k", headers, signed=False)
    assert answer.status == 403
    assert answer.headers["access-control-allow-origin"] == "https://a.example"


def test_public_buckets_open_bytes_and_not_marks(door: S3Door, s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"bytes", Tagging="a=1")
    policy = {"Version": "2012-10-17", "Statement": [{**READABLE, "Resource": f"arn:aws:s3:::{bucket}/*"}]}
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy))
    anybody = door.client(signature_version=UNSIGNED)
    assert "TagCount" not in anybody.head_object(Bucket=bucket, Key="k")
    assert code_of(anybody.get_object_tagging, Bucket=bucket, Key="k") == (403, "AccessDenied")
    assert code_of(anybody.get_object_acl, Bucket=bucket, Key="k") == (403, "AccessDenied")
    assert s3.head_object(Bucket=bucket, Key="k")["TagCount"] == 1


@pytest.mark.parametrize("key", ["%01", "a%0B%EF%BF%BF", "%EF%BF%BE"])
def test_an_error_is_xml_whatever_the_key_holds(door: S3Door, bucket: str, key: str) -> None:
    told = door.request("GET", f"/{bucket}/{key}").error
    assert (told["Code"], told["Resource"]) == ("NoSuchKey", f"/{bucket}/{key}")
    assert told["RequestId"]


def test_who_reads_says_nothing_of_encryption(door: S3Door, bucket: str) -> None:
    door.request("PUT", f"/{bucket}/k", {}, b"bytes")
    answer = door.request("GET", f"/{bucket}/k", {"x-amz-server-side-encryption": "AES256"})
    assert (answer.status, answer.error["Code"]) == (400, "InvalidArgument")
    assert door.request("HEAD", f"/{bucket}/k", {"x-amz-server-side-encryption": "aws:kms"}).status == 400


def test_ranges_may_reach_far_beyond_the_end(door: S3Door, bucket: str) -> None:
    door.request("PUT", f"/{bucket}/k", {}, b"0123456789")
    far = 2**63 - 1
    for wanted, status in (
        (f"bytes=0-{far}", 206),
        (f"bytes=-{far}", 206),
        (f"bytes={far}-", 416),
        (f"bytes=9-{far}", 206),
    ):
        assert door.request("GET", f"/{bucket}/k", {"range": wanted}).status == status, wanted


def test_pages_ask_about_presigned_urls_of_any_account(door: S3Door, s3_platform: RunningPlatform) -> None:
    profile = str(s3_platform.profile)
    with portico.connect(profile) as client:
        client.access.call("CreateAccount", account_id="pages", account={})
    with portico.connect(profile, account="pages") as client:
        key = client.access.own_key()
    theirs = S3Door(door.endpoint, key.id, key.secret, door.authority).client()
    theirs.create_bucket(Bucket="pages")
    rules = [{"AllowedMethods": ["PUT"], "AllowedOrigins": ["https://a.example"]}]
    theirs.put_bucket_cors(Bucket="pages", CORSConfiguration={"CORSRules": rules})
    url = theirs.generate_presigned_url("put_object", Params={"Bucket": "pages", "Key": "k"})
    headers = {"origin": "https://a.example", "access-control-request-method": "PUT"}
    assert door.request("OPTIONS", url.removeprefix(door.endpoint), headers, signed=False).status == 200


def test_a_refusal_comes_before_the_body_though_it_was_called_for(door: S3Door, bucket: str) -> None:
    """Envoy answers `Expect: 100-continue` by itself, before anybody has looked at the request."""
    lines = [f"PUT /{bucket}/k HTTP/1.1", "host: localhost", f"content-length: {1 << 30}", "expect: 100-continue"]
    with door.connection() as connection:
        connection.connect()
        connection.sock.sendall("\r\n".join([*lines, "", ""]).encode())
        received = connection.sock.makefile("rb").read()
    assert received.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 403 Forbidden\r\n")
    assert received.endswith(b"</Error>"), "and the connection is closed"


def test_what_is_not_known_is_not_taken_for_something_else(s3: Any, bucket: str, door: S3Door) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"precious")
    empty = new_name()
    s3.create_bucket(Bucket=empty)
    for verb, place in (
        ("PUT", f"/{bucket}/k?encryption"),
        ("PUT", f"/{bucket}/k?nonsense"),
        ("DELETE", f"/{bucket}/k?annotation"),
        ("DELETE", f"/{bucket}/k?partNumber=1"),
        ("DELETE", f"/{empty}?metadataTable"),
        ("DELETE", f"/{empty}?nonsense"),
    ):
        assert door.request(verb, place, {}, b"").error["Code"] == "NotImplemented", place
    for place in (f"/{bucket}/k?versionId=v", f"/{empty}?versionId=v"):
        assert door.request("PUT", place, {}, b"").error["Code"] == "InvalidArgument", place
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"precious"
    assert s3.head_bucket(Bucket=empty)
