"""Digests at the S3 door: in headers, behind the body, told again, and wrong ones."""

from __future__ import annotations

import base64
import hashlib
import zlib
from typing import Any

import pytest

from tests.e2e.s3.door import S3Door, code_of

ALGORITHMS = ["CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"]
BODY = b"some payload" * 1000


def without_crt() -> list[str]:
    """The algorithms that boto3 makes by itself."""
    return ["CRC32", "SHA1", "SHA256"]


@pytest.mark.parametrize("algorithm", without_crt())
def test_a_digest_that_boto3_makes_is_kept_and_told(s3: Any, bucket: str, algorithm: str) -> None:
    put = s3.put_object(Bucket=bucket, Key="k", Body=BODY, ChecksumAlgorithm=algorithm)
    digest = put[f"Checksum{algorithm}"]
    assert put["ChecksumType"] == "FULL_OBJECT"
    told = s3.head_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")
    assert told[f"Checksum{algorithm}"] == digest
    got = s3.get_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")
    assert (got["Body"].read(), got[f"Checksum{algorithm}"]) == (BODY, digest)
    assert f"Checksum{algorithm}" not in s3.get_object(Bucket=bucket, Key="k", Range="bytes=0-1")
    listed = s3.list_objects_v2(Bucket=bucket)["Contents"][0]
    assert listed["ChecksumAlgorithm"] == [algorithm]


def test_an_object_without_a_digest_of_the_client_has_one_of_the_platform(door: S3Door, bucket: str) -> None:
    answer = door.request("PUT", f"/{bucket}/k", {}, BODY)
    assert (answer.status, answer.headers["x-amz-checksum-type"]) == (200, "FULL_OBJECT")
    assert len(base64.b64decode(answer.headers["x-amz-checksum-crc64nvme"])) == 8


def test_a_wrong_digest_stores_nothing(door: S3Door, s3: Any, bucket: str) -> None:
    wrong = {
        "content-md5": _base64(hashlib.md5(b"other").digest()),
        "x-amz-checksum-sha256": _base64(hashlib.sha256(b"other").digest()),
        "x-amz-checksum-sha1": _base64(hashlib.sha1(b"other").digest()),
        "x-amz-checksum-crc32": "AAAAAA==",
        "x-amz-checksum-crc32c": "AAAAAA==",
        "x-amz-checksum-crc64nvme": "AAAAAAAAAAA=",
    }
    for name, value in wrong.items():
        answer = door.request("PUT", f"/{bucket}/k", {name: value}, BODY)
        assert (answer.status, answer.error["Code"]) == (400, "BadDigest"), name
    answer = door.request("PUT", f"/{bucket}/k", {"content-md5": "nonsense"}, BODY)
    assert (answer.status, answer.error["Code"]) == (400, "InvalidDigest")
    assert code_of(s3.head_object, Bucket=bucket, Key="k")[0] == 404


def test_another_body_than_the_one_that_was_signed_is_not_stored(door: S3Door, s3: Any, bucket: str) -> None:
    other = hashlib.sha256(b"other").hexdigest()
    answer = door.request("PUT", f"/{bucket}/k", {"x-amz-content-sha256": other}, BODY)
    assert (answer.status, answer.error["Code"]) == (400, "XAmzContentSHA256Mismatch")
    assert code_of(s3.head_object, Bucket=bucket, Key="k")[0] == 404


def test_a_list_of_keys_to_delete_needs_a_digest(door: S3Door, bucket: str) -> None:
    content = b"<Delete><Object><Key>k</Key></Object></Delete>"
    answer = door.request("POST", f"/{bucket}?delete", {}, content)
    assert (answer.status, answer.error["Code"]) == (400, "InvalidRequest")
    answer = door.request("POST", f"/{bucket}?delete", {"content-md5": _base64(hashlib.md5(b"").digest())}, content)
    assert (answer.status, answer.error["Code"]) == (400, "BadDigest")
    answer = door.request("POST", f"/{bucket}?delete", {"content-md5": _base64(hashlib.md5(content).digest())}, content)
    assert answer.status == 200


def _base64(digest: bytes) -> str:
    return base64.b64encode(digest).decode()


def test_a_parts_digest_is_of_the_uploads_algorithm(door: S3Door, s3: Any, bucket: str) -> None:
    chosen = s3.create_multipart_upload(Bucket=bucket, Key="k", ChecksumAlgorithm="SHA256")["UploadId"]
    part = {"Bucket": bucket, "Key": "k", "UploadId": chosen, "PartNumber": 1, "Body": b"bytes"}
    assert code_of(s3.upload_part, **part, ChecksumAlgorithm="CRC32") == (400, "InvalidRequest")  # in a trailer
    sparing = door.client(request_checksum_calculation="when_required")
    assert code_of(sparing.upload_part, **part) == (
        400,
        "InvalidRequest",
    )  # of a composite digest each part has its own
    sha1 = {"x-amz-checksum-sha1": base64.b64encode(hashlib.sha1(b"bytes").digest()).decode()}
    answer = door.request("PUT", f"/{bucket}/k?uploadId={chosen}&partNumber=1", sha1, b"bytes")
    assert (answer.status, answer.error["Code"]) == (400, "InvalidRequest")
    assert "Parts" not in s3.list_parts(Bucket=bucket, Key="k", UploadId=chosen)
    s3.upload_part(**part, ChecksumAlgorithm="SHA256")
    usual = s3.create_multipart_upload(Bucket=bucket, Key="k")["UploadId"]
    s3.upload_part(**{**part, "UploadId": usual}, ChecksumAlgorithm="CRC32")


def test_a_completion_of_another_type_is_refused(s3: Any, bucket: str) -> None:
    asked = {"Bucket": bucket, "Key": "k", "ChecksumAlgorithm": "CRC32", "ChecksumType": "FULL_OBJECT"}
    upload = {"Bucket": bucket, "Key": "k", "UploadId": s3.create_multipart_upload(**asked)["UploadId"]}
    etag = s3.upload_part(**upload, PartNumber=1, Body=b"bytes", ChecksumAlgorithm="CRC32")["ETag"]
    parts = {"Parts": [{"PartNumber": 1, "ETag": etag}]}
    refused = code_of(s3.complete_multipart_upload, **upload, MultipartUpload=parts, ChecksumType="COMPOSITE")
    assert refused == (400, "InvalidRequest")
    s3.complete_multipart_upload(**upload, MultipartUpload=parts, ChecksumType="FULL_OBJECT")


def test_a_copy_gets_the_digest_of_its_bytes_where_one_is_asked_for(s3: Any, bucket: str) -> None:
    begun = s3.create_multipart_upload(Bucket=bucket, Key="k", ChecksumAlgorithm="SHA256")
    upload = {"Bucket": bucket, "Key": "k", "UploadId": begun["UploadId"]}
    part = s3.upload_part(**upload, PartNumber=1, Body=b"bytes", ChecksumAlgorithm="SHA256")
    named = {"PartNumber": 1, "ETag": part["ETag"], "ChecksumSHA256": part["ChecksumSHA256"]}
    s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": [named]})
    source = {"Bucket": bucket, "Key": "k"}
    copied = s3.copy_object(Bucket=bucket, Key="copy", CopySource=source, ChecksumAlgorithm="CRC32")
    crc32 = _base64(zlib.crc32(b"bytes").to_bytes(4, "big"))
    result = copied["CopyObjectResult"]
    assert (result["ChecksumCRC32"], result["ChecksumType"]) == (crc32, "FULL_OBJECT")
    head = s3.head_object(Bucket=bucket, Key="copy", ChecksumMode="ENABLED")
    assert (head["ChecksumCRC32"], head["ChecksumType"]) == (crc32, "FULL_OBJECT")
