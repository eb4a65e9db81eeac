"""Objects at the S3 door, by boto3: put, read, described, deleted."""

from __future__ import annotations

import datetime
import hashlib
from typing import Any

import pytest

from tests.e2e.s3.door import S3Door, code_of

SIZES = [0, 1, 16 * 1024, 300_000, 9 * 1024 * 1024]


@pytest.mark.parametrize("size_bytes", SIZES)
def test_what_is_put_is_read_again(s3: Any, bucket: str, size_bytes: int) -> None:
    body = bytes(range(251)) * (size_bytes // 251 + 1)
    body = body[:size_bytes]
    put = s3.put_object(Bucket=bucket, Key="a/b c+ü.txt", Body=body)
    assert put["ETag"] == f'"{hashlib.md5(body).hexdigest()}"'
    got = s3.get_object(Bucket=bucket, Key="a/b c+ü.txt")
    assert got["Body"].read() == body
    assert (got["ContentLength"], got["ETag"]) == (size_bytes, put["ETag"])
    assert got["ContentType"] == "binary/octet-stream"
    head = s3.head_object(Bucket=bucket, Key="a/b c+ü.txt")
    assert (head["ContentLength"], head["ETag"], head["AcceptRanges"]) == (size_bytes, put["ETag"], "bytes")


def test_all_that_is_said_of_an_object_is_told_again(s3: Any, bucket: str) -> None:
    said = {
        "ContentType": "text/html; charset=utf-8",
        "ContentEncoding": "gzip",
        "ContentLanguage": "de",
        "ContentDisposition": 'attachment; filename="a.html"',
        "CacheControl": "max-age=60",
        "Metadata": {"one": "1", "with-dash": "a b"},
    }
    expires = datetime.datetime(2030, 1, 1, tzinfo=datetime.UTC)
    s3.put_object(Bucket=bucket, Key="k", Body=b"x", Expires=expires, Tagging="a=1&b=2", **said)
    for told in (s3.head_object(Bucket=bucket, Key="k"), s3.get_object(Bucket=bucket, Key="k")):
        assert {name: told[name] for name in said} == said
        assert told["ExpiresString"] == "Tue, 01 Jan 2030 00:00:00 GMT"
        assert told["TagCount"] == 2
        assert (datetime.datetime.now(datetime.UTC) - told["LastModified"]).total_seconds() < 3600


def test_metadata_that_are_not_ascii_survive(door: S3Door, bucket: str) -> None:
    put = door.request("PUT", f"/{bucket}/k", {"x-amz-meta-city": "Zürich"}, b"x")
    assert put.status == 200
    assert door.request("HEAD", f"/{bucket}/k").headers["x-amz-meta-city"] == "=?UTF-8?B?WsO8cmljaA==?="


def test_a_name_to_save_a_file_by_goes_out_as_browsers_read_it(door: S3Door, s3: Any, bucket: str) -> None:
    named = 'attachment; filename="Zürich 日本.txt"'
    assert door.request("PUT", f"/{bucket}/k", {"content-disposition": named}, b"x").status == 200
    overridden = s3.generate_presigned_url(
        "get_object", Params={"Bucket": bucket, "Key": "k", "ResponseContentDisposition": named}
    ).partition(f"/{bucket}/")[2]
    for path, signed in (("k", True), (overridden, False)):
        answer = door.request("GET", f"/{bucket}/{path}", signed=signed)
        assert answer.headers["content-disposition"].encode("latin-1").decode() == named


@pytest.mark.parametrize(
    ("asked", "told", "expected"),
    [
        ("bytes=0-0", "bytes 0-0/10", b"0"),
        ("bytes=3-5", "bytes 3-5/10", b"345"),
        ("bytes=7-", "bytes 7-9/10", b"789"),
        ("bytes=-4", "bytes 6-9/10", b"6789"),
        ("bytes=-40", "bytes 0-9/10", b"0123456789"),
        ("bytes=5-400", "bytes 5-9/10", b"56789"),
        ("bytes=5-3", None, b"0123456789"),
        ("bytes=0-1,4-5", None, b"0123456789"),
        ("words=0-1", None, b"0123456789"),
    ],
)
def test_ranges(s3: Any, bucket: str, asked: str, told: str | None, expected: bytes) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"0123456789")
    got = s3.get_object(Bucket=bucket, Key="k", Range=asked)
    assert (got["Body"].read(), got.get("ContentRange")) == (expected, told)
    assert got["ResponseMetadata"]["HTTPStatusCode"] == (206 if told else 200)
    head = s3.head_object(Bucket=bucket, Key="k", Range=asked)
    assert (head["ContentLength"], head.get("ContentRange")) == (len(expected), told)


@pytest.mark.parametrize("asked", ["bytes=10-", "bytes=10-20", "bytes=-0"])
def test_ranges_behind_the_end_are_refused(s3: Any, bucket: str, door: S3Door, asked: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"0123456789")
    assert code_of(s3.get_object, Bucket=bucket, Key="k", Range=asked) == (416, "InvalidRange")
    assert code_of(s3.head_object, Bucket=bucket, Key="k", Range=asked)[0] == 416
    answer = door.request("GET", f"/{bucket}/k", {"range": asked})
    assert (answer.headers["content-range"], answer.error["ActualObjectSize"]) == ("bytes */10", "10")
    assert door.request("HEAD", f"/{bucket}/k", {"range": asked}).headers["content-range"] == "bytes */10"


def test_a_range_of_an_empty_object_is_refused(s3: Any, bucket: str, door: S3Door) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"")
    answer = door.request("GET", f"/{bucket}/k", {"range": "bytes=0-"})
    assert (answer.status, answer.error["Code"]) == (416, "InvalidRange")
    assert answer.headers["content-range"] == "bytes */0"


def test_what_is_not_there(s3: Any, bucket: str, door: S3Door) -> None:
    assert code_of(s3.get_object, Bucket=bucket, Key="none") == (404, "NoSuchKey")
    assert code_of(s3.head_object, Bucket=bucket, Key="none") == (404, "404")
    assert code_of(s3.get_object, Bucket="no-such-bucket", Key="k") == (404, "NoSuchBucket")
    assert code_of(s3.put_object, Bucket="no-such-bucket", Key="k", Body=b"") == (404, "NoSuchBucket")
    assert code_of(s3.get_object, Bucket=bucket, Key="none", VersionId="0" * 32) == (404, "NoSuchVersion")
    answer = door.request("GET", f"/{bucket}/none")
    assert answer.headers["content-type"] == "application/xml"
    assert answer.error["Key"] == "none"
    assert answer.error["Resource"] == f"/{bucket}/none"
    assert answer.error["RequestId"] == answer.headers["x-amz-request-id"] != ""


def test_deleting_succeeds_whether_there_was_something_or_not(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    for _ in range(2):
        assert s3.delete_object(Bucket=bucket, Key="k")["ResponseMetadata"]["HTTPStatusCode"] == 204
    assert code_of(s3.get_object, Bucket=bucket, Key="k") == (404, "NoSuchKey")


def test_many_are_deleted_at_once(s3: Any, bucket: str) -> None:
    keys = [f"k/{number}" for number in range(20)] + ["& <ü>"]
    for key in keys[:3] + keys[-1:]:
        s3.put_object(Bucket=bucket, Key=key, Body=b"x")
    answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": key} for key in keys]})
    assert [found["Key"] for found in answer["Deleted"]] == keys
    assert "Errors" not in answer
    assert "Contents" not in s3.list_objects_v2(Bucket=bucket)
    quiet = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "k"}], "Quiet": True})
    assert "Deleted" not in quiet


def test_each_key_that_cannot_be_deleted_is_told(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="good", Body=b"x")
    objects = [{"Key": "good"}, {"Key": "k" * 1025}, {"Key": "good2", "ETag": '"0"'}]
    answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": objects})
    assert [found["Key"] for found in answer["Deleted"]] == ["good"]
    assert [(found["Key"], found["Code"]) for found in answer["Errors"]] == [
        ("k" * 1025, "KeyTooLongError"),
        ("good2", "NoSuchKey"),
    ]


def test_conditions_on_reading(s3: Any, bucket: str, door: S3Door) -> None:
    etag = s3.put_object(Bucket=bucket, Key="k", Body=b"x")["ETag"]
    modified = s3.head_object(Bucket=bucket, Key="k")["LastModified"]
    before, after = modified - datetime.timedelta(hours=1), modified + datetime.timedelta(seconds=1)
    for call in (s3.get_object, s3.head_object):
        refused = "PreconditionFailed" if call == s3.get_object else "412"
        assert call(Bucket=bucket, Key="k", IfMatch=etag)["ETag"] == etag
        assert call(Bucket=bucket, Key="k", IfNoneMatch='"other"')["ETag"] == etag
        assert call(Bucket=bucket, Key="k", IfModifiedSince=before)["ETag"] == etag
        assert call(Bucket=bucket, Key="k", IfUnmodifiedSince=after)["ETag"] == etag
        assert code_of(call, Bucket=bucket, Key="k", IfMatch='"other"') == (412, refused)
        assert code_of(call, Bucket=bucket, Key="k", IfUnmodifiedSince=before) == (412, refused)
        assert code_of(call, Bucket=bucket, Key="k", IfNoneMatch=etag)[0] == 304
        assert code_of(call, Bucket=bucket, Key="k", IfModifiedSince=after)[0] == 304
        # RFC 9110, 13.2.2: the ETags count, and the times do not.
        assert call(Bucket=bucket, Key="k", IfMatch=etag, IfUnmodifiedSince=before)["ETag"] == etag
        assert code_of(call, Bucket=bucket, Key="k", IfNoneMatch=etag, IfModifiedSince=before)[0] == 304
    unchanged = door.request("GET", f"/{bucket}/k", {"if-none-match": etag})
    assert (unchanged.status, unchanged.body, unchanged.headers["etag"]) == (304, b"", etag)
    assert "last-modified" in unchanged.headers


def test_conditions_on_writing(s3: Any, bucket: str) -> None:
    assert code_of(s3.put_object, Bucket=bucket, Key="k", Body=b"x", IfMatch='"other"') == (404, "NoSuchKey")
    etag = s3.put_object(Bucket=bucket, Key="k", Body=b"x", IfNoneMatch="*")["ETag"]
    refused = (412, "PreconditionFailed")
    assert code_of(s3.put_object, Bucket=bucket, Key="k", Body=b"y", IfNoneMatch="*") == refused
    assert code_of(s3.put_object, Bucket=bucket, Key="k", Body=b"y", IfMatch='"other"') == refused
    assert code_of(s3.delete_object, Bucket=bucket, Key="k", IfMatch='"other"') == refused
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"x"
    etag = s3.put_object(Bucket=bucket, Key="k", Body=b"y", IfMatch=etag)["ETag"]
    s3.delete_object(Bucket=bucket, Key="k", IfMatch=etag)
    assert code_of(s3.delete_object, Bucket=bucket, Key="k", IfMatch=etag) == (404, "NoSuchKey")


def test_a_signed_request_says_headers_of_its_answer(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"x", ContentType="text/plain")
    got = s3.get_object(
        Bucket=bucket,
        Key="k",
        ResponseContentType="image/png",
        ResponseContentDisposition='attachment; filename="ü.png"',
        ResponseCacheControl="no-cache",
    )
    assert (got["ContentType"], got["CacheControl"]) == ("image/png", "no-cache")
    assert got["ContentDisposition"].encode("latin-1").decode() == 'attachment; filename="ü.png"'


def test_attributes_of_an_object(s3: Any, bucket: str) -> None:
    put = s3.put_object(Bucket=bucket, Key="k", Body=b"x" * 10, ChecksumAlgorithm="SHA256")
    found = s3.get_object_attributes(
        Bucket=bucket, Key="k", ObjectAttributes=["ETag", "Checksum", "ObjectParts", "StorageClass", "ObjectSize"]
    )
    assert found["ETag"] == put["ETag"].strip('"')
    assert found["Checksum"]["ChecksumSHA256"] == put["ChecksumSHA256"]
    assert (found["ObjectSize"], found["StorageClass"]) == (10, "STANDARD")
    assert "ObjectParts" not in found


def test_the_only_part_of_an_object_in_one_piece_is_all_of_it(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"0123456789")
    got = s3.get_object(Bucket=bucket, Key="k", PartNumber=1)
    assert (got["Body"].read(), got["ResponseMetadata"]["HTTPStatusCode"]) == (b"0123456789", 206)
    assert code_of(s3.get_object, Bucket=bucket, Key="k", PartNumber=2) == (416, "InvalidPartNumber")
    assert code_of(s3.head_object, Bucket=bucket, Key="k", PartNumber=2)[0] == 416


@pytest.mark.parametrize("verb", ["GET", "HEAD"])
def test_the_only_part_of_an_empty_object_has_no_range(door: S3Door, s3: Any, bucket: str, verb: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"")
    answer = door.request(verb, f"/{bucket}/k?partNumber=1")
    assert (answer.status, answer.headers["content-length"], answer.body) == (200, "0", b"")
    assert "content-range" not in answer.headers


@pytest.mark.parametrize(
    "key",
    ["a//b", "/a", "a/", ".", "..", "a/../b", "a%2Fb", "a+b", "ü/日本/😀", "a?b#c&d=e", "tab\tnewline\n", "~!@$^*()"],
)
def test_any_key_is_kept_as_it_is(s3: Any, bucket: str, key: str) -> None:
    s3.put_object(Bucket=bucket, Key=key, Body=key.encode())
    assert s3.get_object(Bucket=bucket, Key=key)["Body"].read() == key.encode()
    assert [found["Key"] for found in s3.list_objects_v2(Bucket=bucket)["Contents"]] == [key]
    s3.delete_object(Bucket=bucket, Key=key)
    assert "Contents" not in s3.list_objects_v2(Bucket=bucket)
