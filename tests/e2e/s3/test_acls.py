"""ACLs at the S3 door: what they say is taken where it holds anyway, and refused by name where it does not."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.e2e.s3.door import S3Door, code_of

ALL_USERS = "http://acs.amazonaws.com/groups/global/AllUsers"
NOT_SUPPORTED = (400, "AccessControlListNotSupported")


def code(door: S3Door, verb: str, path: str, headers: dict[str, str] | None = None, body: bytes = b"") -> Any:
    """Status, and the code of an error."""
    answer = door.request(verb, path, headers, body)
    return (answer.status, answer.error["Code"]) if answer.status >= 300 else answer.status


@pytest.fixture(params=["", "/k"], ids=["bucket", "object"])
def place(request: Any, s3: Any, bucket: str) -> str:
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    return f"/{bucket}{request.param}?acl"


@pytest.fixture
def public(s3: Any, bucket: str) -> str:
    statement = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{bucket}/*"}
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    return bucket


@pytest.mark.parametrize(
    ("headers", "told"),
    [
        ({"x-amz-acl": "private"}, 200),
        ({"x-amz-acl": "bucket-owner-full-control"}, 200),
        ({"x-amz-grant-full-control": 'id="default"'}, 200),
        ({"x-amz-acl": "public-read"}, NOT_SUPPORTED),
        ({"x-amz-acl": "public-read-write"}, NOT_SUPPORTED),
        ({"x-amz-acl": "authenticated-read"}, NOT_SUPPORTED),
        ({"x-amz-grant-read": 'id="other"'}, NOT_SUPPORTED),
        ({"x-amz-acl": "public-ready"}, (400, "InvalidArgument")),
        ({"x-amz-grant-read": "everybody"}, (400, "InvalidArgument")),
        ({"x-amz-acl": "private", "x-amz-grant-read": 'id="default"'}, (400, "InvalidRequest")),
        ({}, (400, "MissingSecurityHeader")),
    ],
)
def test_headers_that_say_what_holds_are_taken(door: S3Door, place: str, headers: dict[str, str], told: Any) -> None:
    assert code(door, "PUT", place, headers) == told


@pytest.mark.parametrize(
    ("owner", "grantee", "permission", "told"),
    [
        ("default", "<ID>default</ID>", "FULL_CONTROL", 200),
        ("default", "<ID>other</ID>", "READ", NOT_SUPPORTED),
        ("default", f"<URI>{ALL_USERS}</URI>", "READ", NOT_SUPPORTED),
        ("default", "<ID>default</ID>", "EVERYTHING", (400, "MalformedXML")),
        ("other", "<ID>default</ID>", "FULL_CONTROL", (403, "AccessDenied")),
    ],
)
def test_so_are_documents(door: S3Door, place: str, owner: str, grantee: str, permission: str, told: Any) -> None:
    grant = f"<Grant><Grantee>{grantee}</Grantee><Permission>{permission}</Permission></Grant>"
    inside = f"<Owner><ID>{owner}</ID></Owner><AccessControlList>{grant}</AccessControlList>"
    body = f"<AccessControlPolicy>{inside}</AccessControlPolicy>".encode()
    assert code(door, "PUT", place, {}, body) == told
    if told == 200:
        assert code(door, "PUT", place, {"x-amz-acl": "private"}, body) == (400, "UnexpectedContent")


def test_a_list_that_takes_everything_from_the_owner_is_refused(door: S3Door, place: str) -> None:
    body = b"<AccessControlPolicy><AccessControlList/></AccessControlPolicy>"
    assert code(door, "PUT", place, {}, body) == NOT_SUPPORTED


def test_objects_of_public_buckets_are_public_read_and_say_so(door: S3Door, s3: Any, public: str) -> None:
    s3.put_object(Bucket=public, Key="put", Body=b"x", ACL="public-read")
    s3.copy_object(Bucket=public, Key="copy", CopySource=f"{public}/k", ACL="public-read")
    s3.create_multipart_upload(Bucket=public, Key="upload", ACL="public-read")
    s3.put_object_acl(Bucket=public, Key="k", ACL="public-read")
    grants = s3.get_object_acl(Bucket=public, Key="put")["Grants"]
    assert (grants[1]["Grantee"]["URI"], grants[1]["Permission"]) == (ALL_USERS, "READ")
    assert door.request("GET", f"/{public}/put", signed=False).body == b"x"
    assert len(s3.get_object_acl(Bucket=public, Key="put", VersionId="null")["Grants"]) == 1
    assert len(s3.get_bucket_acl(Bucket=public)["Grants"]) == 1
    refused = {"Bucket": public, "Key": "n", "Body": b"x", "ACL": "public-read-write"}
    assert code_of(s3.put_object, **refused) == NOT_SUPPORTED


def test_buckets_are_made_without_acls(door: S3Door) -> None:
    told = code(door, "PUT", "/acl-bucket", {"x-amz-acl": "public-read"})
    assert told == (400, "InvalidBucketAclWithObjectOwnership")
    for ownership, refusal in (("ObjectWriter", NOT_SUPPORTED), ("Nobody", (400, "InvalidArgument"))):
        assert code(door, "PUT", "/acl-bucket", {"x-amz-object-ownership": ownership}) == refusal
    assert door.request("HEAD", "/acl-bucket").status == 404
