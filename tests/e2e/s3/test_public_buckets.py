"""Buckets that are open to everybody at the S3 door: by the policy that says so, as far as their block lets them."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ElementTree
from typing import Any

import pytest
from google.protobuf.field_mask_pb2 import FieldMask

from portico.objects.v1 import buckets_pb2
from tests.e2e.calls import ACCOUNT, Objects
from tests.e2e.s3.door import NAMESPACE, TIMEOUT_SECONDS, S3Door, code_of, new_name
from tests.harness import RunningPlatform

DENIED = (403, "AccessDenied", "Access Denied")
ALL_USERS = "http://acs.amazonaws.com/groups/global/AllUsers"
BLOCKED = {
    "BlockPublicAcls": True,
    "IgnorePublicAcls": True,
    "BlockPublicPolicy": True,
    "RestrictPublicBuckets": False,
}


def policy_of(bucket: str, *actions: str) -> str:
    arns = [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]
    statement = {"Sid": "open", "Effect": "Allow", "Principal": {"AWS": "*"}, "Action": actions, "Resource": arns}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@pytest.fixture
def listed(s3: Any, bucket: str) -> str:
    """A bucket whose objects anybody may list and nobody read."""
    s3.put_bucket_policy(Bucket=bucket, Policy=policy_of(bucket, "s3:ListBucket"))
    for key in ("a", "b/c"):
        s3.put_object(Bucket=bucket, Key=key, Body=b"x", Tagging="secret=1")
    return bucket


def test_anybody_lists_what_the_policy_says_and_does_nothing_else(door: S3Door, s3: Any, listed: str) -> None:
    for path in (f"/{listed}?delimiter=/", f"/{listed}?list-type=2&delimiter=/"):
        found = ElementTree.fromstring(door.request("GET", path, signed=False).body)
        assert [key.text for key in found.iter(f"{NAMESPACE}Key")] == ["a"]
        assert [prefix.findtext(f"{NAMESPACE}Prefix") for prefix in found.iter(f"{NAMESPACE}CommonPrefixes")] == ["b/"]
    assert door.request("HEAD", f"/{listed}", signed=False).status == 200
    for verb, path in (
        *(("GET", f"/{listed}/a"), ("GET", f"/{listed}?versions"), ("GET", f"/{listed}?uploads")),
        *(("GET", f"/{listed}?policy"), ("GET", f"/{listed}?acl"), ("PUT", f"/{listed}/a"), ("DELETE", f"/{listed}/a")),
    ):
        assert door.request(verb, path, signed=False).status == 403, (verb, path)
    assert s3.get_bucket_policy_status(Bucket=listed)["PolicyStatus"]["IsPublic"] is True


def test_a_policy_reads_as_it_was_put(s3: Any, listed: str) -> None:
    put = policy_of(listed, "s3:GetObject", "s3:ListBucket").replace(": ", " :  ")
    s3.put_bucket_policy(Bucket=listed, Policy=put)
    assert s3.get_bucket_policy(Bucket=listed)["Policy"] == put
    s3.delete_bucket_policy(Bucket=listed)
    assert code_of(s3.get_bucket_policy, Bucket=listed) == (404, "NoSuchBucketPolicy")


def test_a_policy_says_what_was_opened_elsewhere(s3_platform: RunningPlatform, s3: Any, listed: str) -> None:
    bucket = buckets_pb2.Bucket(name=f"{ACCOUNT}/buckets/{listed}", public_access=buckets_pb2.PUBLIC_ACCESS_READ)
    with s3_platform.channel() as connected:
        request = buckets_pb2.UpdateBucketRequest(bucket=bucket, update_mask=FieldMask(paths=["public_access"]))
        Objects(connected).buckets.UpdateBucket(request, timeout=TIMEOUT_SECONDS)
    statements = json.loads(s3.get_bucket_policy(Bucket=listed)["Policy"])["Statement"]
    assert [statement["Action"] for statement in statements] == [["s3:GetObject"], ["s3:ListBucket"]]


def test_a_policy_for_downloads_is_taken_as_minio_s_tools_put_it(door: S3Door, s3: Any, bucket: str) -> None:
    arn = f"arn:aws:s3:::{bucket}"
    statements = [
        {"Effect": "Allow", "Principal": {"AWS": ["*"]}, "Action": actions, "Resource": [resource]}
        for actions, resource in (
            (["s3:GetBucketLocation", "s3:ListBucket"], arn),
            (["s3:GetObject"], f"{arn}/*"),
        )
    ]
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": statements}))
    told = json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"])["Statement"]
    assert {(tuple(one["Action"]), *one["Resource"]) for one in told} == {
        (tuple(one["Action"]), *one["Resource"]) for one in statements
    }
    located = door.request("GET", f"/{bucket}?location", signed=False)
    assert (located.status, b"LocationConstraint" in located.body) == (200, True)
    assert s3.get_bucket_policy_status(Bucket=bucket)["PolicyStatus"]["IsPublic"] is True


def test_where_a_bucket_is_is_told_to_whom_its_policy_says(door: S3Door, s3: Any, listed: str) -> None:
    def located(name: str) -> int:
        return door.request("GET", f"/{name}?location", signed=False).status

    assert [located(listed), located("there-is-none")] == [403, 403], "who may list it only may not"
    s3.put_bucket_policy(Bucket=listed, Policy=policy_of(listed, "s3:GetBucketLocation"))
    assert (located(listed), door.request("GET", f"/{listed}", signed=False).status) == (200, 403)
    s3.put_public_access_block(Bucket=listed, PublicAccessBlockConfiguration={**BLOCKED, "RestrictPublicBuckets": True})
    assert located(listed) == 403
    told = code_of(s3.put_bucket_policy, Bucket=listed, Policy=policy_of(listed, "s3:GetBucketLocation"))
    assert told == (403, "AccessDenied")
    s3.delete_public_access_block(Bucket=listed)
    assert located(listed) == 200
    s3.delete_bucket_policy(Bucket=listed)
    assert located(listed) == 403


@pytest.mark.parametrize("path", ["", "?list-type=2"])
def test_what_is_wrong_with_a_list_is_told_to_who_may_list(door: S3Door, s3: Any, listed: str, path: str) -> None:
    shut = new_name()
    s3.create_bucket(Bucket=shut)
    for wrong in ("max-keys=x", "encoding-type=bad"):
        asked = f"{path}{'&' if path else '?'}{wrong}"
        public = door.request("GET", f"/{listed}{asked}", signed=False)
        assert (public.status, public.error["Code"]) == (400, "InvalidArgument")
        assert public.error["ArgumentName"] == wrong.partition("=")[0]
        for name in (shut, "there-is-none"):
            private = door.request("GET", f"/{name}{asked}", signed=False)
            assert (private.status, private.error["Code"], private.error["Message"]) == DENIED


def test_what_is_wrong_with_a_read_is_told_to_who_may_read(door: S3Door, s3: Any, listed: str) -> None:
    for path in (f"/{listed}/a?partNumber=x", f"/{listed}/there-is-none?partNumber=x"):
        private = door.request("GET", path, signed=False)
        assert (private.status, private.error["Code"], private.error["Message"]) == DENIED
    s3.put_bucket_policy(Bucket=listed, Policy=policy_of(listed, "s3:GetObject"))
    public = door.request("GET", f"/{listed}/a?partNumber=x", signed=False)
    assert (public.status, public.error["Code"]) == (400, "InvalidArgument")


def test_a_policy_takes_the_place_of_the_one_before(door: S3Door, s3: Any, listed: str) -> None:
    s3.put_bucket_policy(Bucket=listed, Policy=policy_of(listed, "s3:GetObject", "s3:ListBucket"))
    assert [door.request("GET", f"/{listed}{path}", signed=False).status for path in ("", "/a")] == [200, 200]
    s3.put_bucket_policy(Bucket=listed, Policy=policy_of(listed, "s3:GetObject"))
    assert [door.request("GET", f"/{listed}{path}", signed=False).status for path in ("", "/a")] == [403, 200]
    s3.delete_bucket_policy(Bucket=listed)
    assert [door.request("GET", f"/{listed}{path}", signed=False).status for path in ("", "/a")] == [403, 403]


def test_who_may_list_it_reads_so_in_its_acl(s3: Any, listed: str) -> None:
    s3.put_bucket_acl(Bucket=listed, ACL="public-read")
    grants = s3.get_bucket_acl(Bucket=listed)["Grants"]
    assert [(grant["Grantee"].get("URI"), grant["Permission"]) for grant in grants[1:]] == [(ALL_USERS, "READ")]
    assert code_of(s3.put_bucket_acl, Bucket=listed, ACL="public-read-write")[0] == 400


def test_a_block_is_told_as_it_was_put(s3: Any, bucket: str) -> None:
    for block in (BLOCKED, dict.fromkeys(BLOCKED, False)):
        s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=block)
        assert s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"] == block
    for _ in range(2):
        s3.delete_public_access_block(Bucket=bucket)
        assert code_of(s3.get_public_access_block, Bucket=bucket) == (404, "NoSuchPublicAccessBlockConfiguration")


def test_a_blocked_bucket_is_not_opened(s3: Any, bucket: str) -> None:
    s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=BLOCKED)
    for action in ("s3:GetObject", "s3:ListBucket"):
        told = code_of(s3.put_bucket_policy, Bucket=bucket, Policy=policy_of(bucket, action))
        assert told == (403, "AccessDenied")
    assert code_of(s3.get_bucket_policy, Bucket=bucket) == (404, "NoSuchBucketPolicy")
    for acl in ("public-read", "public-read-write", "authenticated-read"):
        assert code_of(s3.put_bucket_acl, Bucket=bucket, ACL=acl) == (403, "AccessDenied")
        assert code_of(s3.put_object, Bucket=bucket, Key="k", Body=b"", ACL=acl) == (403, "AccessDenied")
    s3.put_object(Bucket=bucket, Key="k", Body=b"", ACL="private")
    s3.delete_bucket_policy(Bucket=bucket)


def test_what_is_open_is_shut_as_long_as_it_is_restricted(door: S3Door, s3: Any, listed: str) -> None:
    s3.put_bucket_policy(Bucket=listed, Policy=policy_of(listed, "s3:GetObject", "s3:ListBucket"))
    s3.put_public_access_block(Bucket=listed, PublicAccessBlockConfiguration={**BLOCKED, "RestrictPublicBuckets": True})
    assert [door.request("GET", f"/{listed}{path}", signed=False).status for path in ("", "/a")] == [403, 403]
    assert s3.get_object(Bucket=listed, Key="a")["Body"].read() == b"x"
    assert len(s3.get_bucket_acl(Bucket=listed)["Grants"]) == 1
    s3.delete_public_access_block(Bucket=listed)
    assert [door.request("GET", f"/{listed}{path}", signed=False).status for path in ("", "/a")] == [200, 200]
