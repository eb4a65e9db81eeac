"""Who may call at the S3 door, and how: signed, presigned, anonymous, from other pages, by the name of the host."""

from __future__ import annotations

import json
import time
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.e2e.s3.door import Answer, S3Door, code_of


def fetch(door: S3Door, url: str, verb: str = "GET", body: bytes = b"") -> Answer:
    """An URL as whoever was given it fetches it."""
    parts = urlsplit(url)
    return door.request(verb, f"{parts.path}?{parts.query}", {}, body, signed=False)


@pytest.fixture
def public(s3: Any, bucket: str) -> str:
    statement = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{bucket}/*"}
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    s3.put_object(Bucket=bucket, Key="a/k", Body=b"0123456789", ContentType="text/plain")
    return bucket


def test_presigned_urls_do_what_they_were_signed_for(door: S3Door, s3: Any, bucket: str) -> None:
    put = s3.generate_presigned_url("put_object", Params={"Bucket": bucket, "Key": "k ü"}, ExpiresIn=60)
    assert fetch(door, put, "PUT", b"bytes").status == 200
    get = s3.generate_presigned_url(
        "get_object", Params={"Bucket": bucket, "Key": "k ü", "ResponseContentType": "image/png"}, ExpiresIn=60
    )
    answer = fetch(door, get)
    assert (answer.status, answer.body, answer.headers["content-type"]) == (200, b"bytes", "image/png")
    assert fetch(door, get, "PUT", b"other").error["Code"] == "SignatureDoesNotMatch"
    head = s3.generate_presigned_url("head_object", Params={"Bucket": bucket, "Key": "k ü"}, ExpiresIn=60)
    assert fetch(door, head, "HEAD").status == 200
    delete = s3.generate_presigned_url("delete_object", Params={"Bucket": bucket, "Key": "k ü"}, ExpiresIn=60)
    assert fetch(door, delete, "DELETE").status == 204


def test_a_presigned_url_ends(door: S3Door, s3: Any, bucket: str) -> None:
    url = s3.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "k"}, ExpiresIn=1)
    deadline = time.monotonic() + 30
    while (answer := fetch(door, url)).error["Code"] != "AccessDenied":
        assert time.monotonic() < deadline
        time.sleep(0.2)
    assert answer.status == 403
    assert "expired" in answer.error["Message"]


def test_wrong_keys_are_told_as_s3_tells_them(door: S3Door) -> None:
    stranger = S3Door(door.endpoint, "AKIAIOSFODNN7EXAMPLE", "secret", door.authority)
    answer = stranger.request("GET", "/")
    assert (answer.status, answer.error["Code"]) == (403, "InvalidAccessKeyId")
    assert answer.error["AWSAccessKeyId"] == "AKIAIOSFODNN7EXAMPLE"
    forger = S3Door(door.endpoint, door.access_key_id, "no secret", door.authority)
    answer = forger.request("GET", "/")
    assert (answer.status, answer.error["Code"]) == (403, "SignatureDoesNotMatch")
    assert "AWS4-HMAC-SHA256" in answer.error["StringToSign"]
    assert code_of(forger.client().list_buckets) == (403, "SignatureDoesNotMatch")


def test_nobody_reads_what_is_not_public(door: S3Door, s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    for verb, path in (("GET", f"/{bucket}/k"), ("GET", f"/{bucket}"), ("GET", "/"), ("PUT", f"/{bucket}/n")):
        answer = door.request(verb, path, signed=False)
        assert (answer.status, answer.error["Code"]) == (403, "AccessDenied"), (verb, path)
    assert door.request("HEAD", f"/{bucket}/k", signed=False).status == 403


def test_anybody_reads_what_is_public_and_no_more(door: S3Door, s3: Any, public: str) -> None:
    answer = door.request("GET", f"/{public}/a/k", signed=False)
    assert (answer.status, answer.body, answer.headers["content-type"]) == (200, b"0123456789", "text/plain")
    part = door.request("GET", f"/{public}/a/k", {"range": "bytes=2-3"}, signed=False)
    assert (part.status, part.body) == (206, b"23")
    assert door.request("HEAD", f"/{public}/a/k", signed=False).headers["content-length"] == "10"
    assert door.request("GET", f"/{public}/none", signed=False).status in (403, 404)
    refused = door.request("GET", f"/{public}/a/k?response-content-type=text/html", signed=False)
    assert (refused.status, refused.error["Code"]) == (400, "InvalidRequest")
    for verb, path in (("GET", f"/{public}"), ("PUT", f"/{public}/n"), ("DELETE", f"/{public}/a/k")):
        assert door.request(verb, path, signed=False).status == 403, (verb, path)
    s3.delete_bucket_policy(Bucket=public)
    assert door.request("GET", f"/{public}/a/k", signed=False).status == 403


def test_the_host_may_name_the_bucket(door: S3Door, s3: Any, public: str) -> None:
    for host in (f"{public}.localhost", f"{public}.default.localhost"):
        assert door.request("GET", "/a/k", host=host).body == b"0123456789"
        assert door.request("GET", "/a/k", host=host, signed=False).body == b"0123456789"
        assert b"<Key>a/k</Key>" in door.request("GET", "/?list-type=2", host=host).body
    missing = door.request("GET", "/a/k", host=f"{public}.no-account.localhost", signed=False)
    assert missing.status in (403, 404)


def test_pages_of_other_origins_are_told_what_they_may(door: S3Door, s3: Any, bucket: str) -> None:
    origin = {"origin": "https://app.example.com"}
    asked = {**origin, "access-control-request-method": "PUT", "access-control-request-headers": "content-type"}
    refused = door.request("OPTIONS", f"/{bucket}/k", asked, signed=False)
    assert (refused.status, refused.error["Code"]) == (403, "AccessForbidden")
    rule = {
        "AllowedOrigins": ["https://*.example.com"],
        "AllowedMethods": ["GET", "PUT"],
        "AllowedHeaders": ["*"],
        "ExposeHeaders": ["ETag"],
        "MaxAgeSeconds": 60,
    }
    s3.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": [rule]})
    allowed = door.request("OPTIONS", f"/{bucket}/k", asked, signed=False)
    assert (allowed.status, allowed.body) == (200, b"")
    assert allowed.headers["access-control-allow-origin"] == "https://app.example.com"
    assert allowed.headers["access-control-allow-headers"] == "content-type"
    assert allowed.headers["access-control-max-age"] == "60"
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    for path, status in ((f"/{bucket}/k", 200), (f"/{bucket}/none", 404)):
        answer = door.request("GET", path, origin)
        assert answer.status == status
        assert answer.headers["access-control-allow-origin"] == "https://app.example.com"
        assert answer.headers["access-control-expose-headers"] == "ETag"
    elsewhere = door.request("GET", f"/{bucket}/k", {"origin": "https://elsewhere.example"})
    assert "access-control-allow-origin" not in elsewhere.headers


def test_each_request_has_a_ray(door: S3Door, bucket: str) -> None:
    for signed in (True, False):
        answer = door.request("GET", f"/{bucket}/none", signed=signed)
        assert len(answer.headers["x-amz-request-id"]) == 32
        assert answer.error["RequestId"] == answer.headers["x-amz-request-id"] == answer.headers["x-ray-id"]
