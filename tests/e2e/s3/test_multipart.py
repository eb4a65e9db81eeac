"""Multipart uploads at the S3 door."""

from __future__ import annotations

import base64
import hashlib
import io
import zlib
from typing import Any

import pytest
from boto3.s3.transfer import TransferConfig

from tests.e2e.s3.door import S3Door, code_of

MIB = 1024 * 1024
FIRST, LAST = b"a" * (5 * MIB), b"b" * 1000


def begun(s3: Any, bucket: str, key: str = "k", **more: Any) -> dict[str, Any]:
    return {
        "Bucket": bucket,
        "Key": key,
        "UploadId": s3.create_multipart_upload(Bucket=bucket, Key=key, **more)["UploadId"],
    }


def put_parts(s3: Any, upload: dict[str, Any], *bodies: bytes) -> list[dict[str, Any]]:
    parts = []
    for number, body in enumerate(bodies, 1):
        parts.append({"PartNumber": number, "ETag": s3.upload_part(**upload, PartNumber=number, Body=body)["ETag"]})
    return parts


def etag_of(*bodies: bytes) -> str:
    whole = hashlib.md5(b"".join(hashlib.md5(body).digest() for body in bodies)).hexdigest()
    return f'"{whole}-{len(bodies)}"'


def test_an_object_is_made_of_parts(s3: Any, bucket: str) -> None:
    upload = begun(s3, bucket, Metadata={"one": "1"}, ContentType="text/plain", Tagging="t=1")
    parts = put_parts(s3, upload, FIRST, LAST)
    assert code_of(s3.head_object, Bucket=bucket, Key="k")[0] == 404, "nothing of it is visible before its end"
    made = s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})
    assert (made["Bucket"], made["Key"], made["ETag"]) == (bucket, "k", etag_of(FIRST, LAST))
    got = s3.get_object(Bucket=bucket, Key="k")
    assert got["Body"].read() == FIRST + LAST
    assert (got["ETag"], got["Metadata"], got["ContentType"]) == (made["ETag"], {"one": "1"}, "text/plain")
    border = s3.get_object(Bucket=bucket, Key="k", Range=f"bytes={len(FIRST) - 2}-{len(FIRST) + 1}")
    assert border["Body"].read() == b"aabb"
    second = s3.get_object(Bucket=bucket, Key="k", PartNumber=2)
    assert (second["Body"].read(), second["PartsCount"]) == (LAST, 2)
    assert second["ContentRange"] == f"bytes {len(FIRST)}-{len(FIRST) + 999}/{len(FIRST) + 1000}"
    head = s3.head_object(Bucket=bucket, Key="k", PartNumber=2)
    assert (head["ContentLength"], head["PartsCount"]) == (1000, 2)
    attributes = s3.get_object_attributes(Bucket=bucket, Key="k", ObjectAttributes=["ObjectParts"])["ObjectParts"]
    assert attributes["TotalPartsCount"] == 2
    assert [part["Size"] for part in attributes["Parts"]] == [len(FIRST), 1000]


def test_an_object_that_was_made_is_told_again_of_the_same_parts_alone(s3: Any, bucket: str) -> None:
    upload = begun(s3, bucket)
    parts = put_parts(s3, upload, FIRST, LAST)
    made = s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})
    again = s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})
    assert (again["ETag"], again["Location"]) == (made["ETag"], made["Location"])
    for other in (parts[:1], parts[1:], [parts[0], {**parts[1], "ETag": parts[0]["ETag"]}]):
        told = code_of(s3.complete_multipart_upload, **upload, MultipartUpload={"Parts": other})
        assert told == (404, "NoSuchUpload")


def test_managed_transfers_go_in_parts_both_ways(s3: Any, bucket: str) -> None:
    body = bytes(range(256)) * (40 * 1024) + b"end"
    config = TransferConfig(multipart_threshold=5 * MIB, multipart_chunksize=5 * MIB, max_concurrency=4)
    s3.upload_fileobj(io.BytesIO(body), bucket, "k", Config=config)
    assert s3.head_object(Bucket=bucket, Key="k")["ETag"].endswith('-3"')
    fetched = io.BytesIO()
    s3.download_fileobj(bucket, "k", fetched, Config=config)
    assert fetched.getvalue() == body


def test_parts_are_copied(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="source", Body=FIRST + LAST)
    source = {"Bucket": bucket, "Key": "source"}
    upload = begun(s3, bucket)
    parts = []
    for number, (begin, end) in enumerate(((0, len(FIRST) - 1), (len(FIRST), len(FIRST) + 9)), 1):
        wanted = {"CopySource": source, "CopySourceRange": f"bytes={begin}-{end}"}
        copied = s3.upload_part_copy(**upload, PartNumber=number, **wanted)["CopyPartResult"]
        parts.append({"PartNumber": number, "ETag": copied["ETag"]})
    assert s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})["ETag"] == etag_of(FIRST, LAST[:10])
    upload = begun(s3, bucket)
    wrong = {"PartNumber": 1, "CopySource": source, "CopySourceRange": "bytes=0-"}
    assert code_of(s3.upload_part_copy, **upload, **wrong) == (400, "InvalidArgument")


def test_parts_and_uploads_are_listed(s3: Any, bucket: str) -> None:
    first, second = begun(s3, bucket, "a/1"), begun(s3, bucket, "b")
    put_parts(s3, first, b"1", b"2", b"3")
    listed = s3.list_parts(**first)
    assert [(part["PartNumber"], part["Size"]) for part in listed["Parts"]] == [(1, 1), (2, 1), (3, 1)]
    assert listed["Initiator"]["ID"].startswith("accounts/")
    pages = list(s3.get_paginator("list_parts").paginate(**first, PaginationConfig={"PageSize": 2}))
    assert [[part["PartNumber"] for part in page["Parts"]] for page in pages] == [[1, 2], [3]]
    uploads = s3.list_multipart_uploads(Bucket=bucket)["Uploads"]
    assert [(found["Key"], found["UploadId"]) for found in uploads] == [
        ("a/1", first["UploadId"]),
        ("b", second["UploadId"]),
    ]
    grouped = s3.list_multipart_uploads(Bucket=bucket, Delimiter="/")
    assert [found["Prefix"] for found in grouped["CommonPrefixes"]] == ["a/"]
    pages = list(s3.get_paginator("list_multipart_uploads").paginate(Bucket=bucket, PaginationConfig={"PageSize": 1}))
    assert [found["Key"] for page in pages for found in page.get("Uploads", ())] == ["a/1", "b"]
    for upload in (first, second):
        s3.abort_multipart_upload(**upload)
    assert "Uploads" not in s3.list_multipart_uploads(Bucket=bucket)


def test_what_cannot_be_completed(s3: Any, bucket: str) -> None:
    upload = begun(s3, bucket)
    small = put_parts(s3, upload, b"1", b"2")

    def complete(parts: list[dict[str, Any]], **more: Any) -> Any:
        return s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts}, **more)

    assert code_of(complete, parts=small) == (400, "EntityTooSmall")
    assert code_of(complete, parts=small[::-1]) == (400, "InvalidPartOrder")
    assert code_of(complete, parts=[{"PartNumber": 1, "ETag": '"0"'}]) == (400, "InvalidPart")
    assert code_of(complete, parts=[{"PartNumber": 9, "ETag": small[0]["ETag"]}]) == (400, "InvalidPart")
    assert code_of(complete, parts=[]) == (400, "MalformedXML")
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    assert code_of(complete, parts=small[:1], IfNoneMatch="*") == (412, "PreconditionFailed")
    assert complete(small[:1])["ETag"] == etag_of(b"1")


def test_an_upload_that_is_not_there(s3: Any, bucket: str) -> None:
    upload = begun(s3, bucket)
    s3.abort_multipart_upload(**upload)
    missing = (404, "NoSuchUpload")
    assert code_of(s3.upload_part, **upload, PartNumber=1, Body=b"x") == missing
    assert code_of(s3.list_parts, **upload) == missing
    assert code_of(s3.abort_multipart_upload, **upload) == missing
    parts = {"Parts": [{"PartNumber": 1, "ETag": '"0"'}]}
    assert code_of(s3.complete_multipart_upload, **upload, MultipartUpload=parts) == missing


@pytest.mark.parametrize("number", ["0", "10001", "a", ""])
def test_part_numbers_have_bounds(door: S3Door, s3: Any, bucket: str, number: str) -> None:
    upload = begun(s3, bucket)
    answer = door.request("PUT", f"/{bucket}/k?partNumber={number}&uploadId={upload['UploadId']}", {}, b"x")
    assert (answer.status, answer.error["Code"]) == (400, "InvalidArgument")


@pytest.mark.parametrize(
    ("algorithm", "kind"),
    [("SHA256", "COMPOSITE"), ("CRC32", "COMPOSITE"), ("CRC32C", "COMPOSITE"), ("CRC64NVME", "FULL_OBJECT")],
)
def test_an_algorithm_says_what_the_objects_digest_is_made_of(s3: Any, bucket: str, algorithm: str, kind: str) -> None:
    begun = s3.create_multipart_upload(Bucket=bucket, Key="k", ChecksumAlgorithm=algorithm)
    assert (begun["ChecksumAlgorithm"], begun["ChecksumType"]) == (algorithm, kind)


def test_a_type_of_digest_needs_an_algorithm(s3: Any, bucket: str) -> None:
    asked = {"Bucket": bucket, "Key": "k", "ChecksumType": "FULL_OBJECT"}
    assert code_of(s3.create_multipart_upload, **asked) == (400, "InvalidRequest")


@pytest.mark.parametrize(("algorithm", "kind"), [("SHA256", "COMPOSITE"), ("CRC32", "FULL_OBJECT")])
def test_digests_of_parts_make_that_of_the_object(s3: Any, bucket: str, algorithm: str, kind: str) -> None:
    upload = begun(s3, bucket, ChecksumAlgorithm=algorithm, ChecksumType=kind)
    parts = []
    for number, body in enumerate((FIRST, LAST), 1):
        put = s3.upload_part(**upload, PartNumber=number, Body=body, ChecksumAlgorithm=algorithm)
        parts.append({"PartNumber": number, "ETag": put["ETag"], f"Checksum{algorithm}": put[f"Checksum{algorithm}"]})
    whole = {"ChecksumCRC32": base64.b64encode(zlib.crc32(FIRST + LAST).to_bytes(4, "big")).decode()}
    expected = {**(whole if algorithm == "CRC32" else {}), "MpuObjectSize": len(FIRST + LAST)}
    made = s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts}, ChecksumType=kind, **expected)
    assert made["ChecksumType"] == kind
    assert made[f"Checksum{algorithm}"].endswith("-2") == (kind == "COMPOSITE")
    head = s3.head_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")
    assert (head[f"Checksum{algorithm}"], head["ChecksumType"]) == (made[f"Checksum{algorithm}"], kind)
    assert s3.get_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")["Body"].read() == FIRST + LAST
