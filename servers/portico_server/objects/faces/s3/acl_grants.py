"""Access control lists, in headers and documents. They grant nothing here: who may do what is said by access policies.

So what a list says is taken where it holds anyway, and refused by name where it does not. What holds is that the owner
may do everything, and `public-read` of what the bucket is set to: of its objects, where anybody may read them, and of
the bucket itself, where anybody may list it.
Source: Amazon S3 User Guide, "Access control list (ACL) overview"; "Controlling ownership of objects".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from portico.objects.v1 import buckets_pb2
from portico_server.objects.faces.s3.asked_bucket import bucket_of
from portico_server.objects.faces.s3.reading_xml import Element
from portico_server.objects.faces.s3.refusals import denied, invalid, invalid_argument, malformed_xml
from portico_server.objects.faces.s3.request import S3Request
from portico_server.platform.errors import ApiError

ENFORCED = "BucketOwnerEnforced"
OWNERSHIPS = (ENFORCED, "BucketOwnerPreferred", "ObjectWriter")
"""Who owns objects; only by the first there are no lists."""
ALL_USERS = "http://acs.amazonaws.com/groups/global/AllUsers"
FULL_CONTROL, READ, WRITE = "FULL_CONTROL", "READ", "WRITE"

_ACL = "x-amz-acl"
_GROUPS = ALL_USERS.rpartition("/")[0]
_AUTHENTICATED_USERS = f"{_GROUPS}/AuthenticatedUsers"
_CANNED = {
    "private": (),
    "bucket-owner-read": (),
    "bucket-owner-full-control": (),
    "public-read": ((ALL_USERS, READ),),
    "public-read-write": ((ALL_USERS, READ), (ALL_USERS, WRITE)),
    "authenticated-read": ((_AUTHENTICATED_USERS, READ),),
    "aws-exec-read": (("aws-exec-read", READ),),
    "log-delivery-write": (("http://acs.amazonaws.com/groups/s3/LogDelivery", WRITE),),
}
"""What each grants, to whom, besides what the owner has."""
_HEADERS = {
    "x-amz-grant-full-control": FULL_CONTROL,
    "x-amz-grant-read": READ,
    "x-amz-grant-read-acp": "READ_ACP",
    "x-amz-grant-write": WRITE,
    "x-amz-grant-write-acp": "WRITE_ACP",
}
_GRANTEE = re.compile(r'\s*(id|uri|emailAddress)\s*=\s*(?:"([^"]*)"|([^",]*))\s*(?:,|$)', re.IGNORECASE)


class Grant(NamedTuple):
    """`grantee`: an account's id, a group's URI, or an address."""

    grantee: str
    permission: str


def of_headers(headers: Mapping[str, str], owner: str) -> list[Grant]:
    """What they grant; empty where they say nothing. Raises ApiError for what is no list."""
    canned = headers.get(_ACL, "")
    given = [header for header in _HEADERS if header in headers]
    if canned and given:
        raise invalid("INVALID_REQUEST", "specifying both canned ACLs and header grants is not allowed")
    if canned and canned not in _CANNED:
        raise invalid_argument(_ACL, canned, f"{_ACL} must be one of {', '.join(_CANNED)}")
    if canned:
        return [Grant(owner, FULL_CONTROL), *(Grant(*granted) for granted in _CANNED[canned])]
    return [Grant(grantee, _HEADERS[header]) for header in given for grantee in _grantees(header, headers[header])]


def of_document(policy: Element, owner: str) -> list[Grant]:
    """Of an `AccessControlPolicy`. Raises ApiError."""
    named = policy.first("Owner")
    if named is not None and named.value("ID") not in ("", owner):
        raise denied("the Owner that the access control list names is not the bucket's")
    grants = policy.first("AccessControlList")
    if grants is None:
        raise malformed_xml("AccessControlPolicy needs AccessControlList")
    return [_grant(found) for found in grants.all("Grant")]


def check_bucket(grants: Iterable[Grant], bucket: buckets_pb2.Bucket, owner: str) -> None:
    """Whether they say no more than holds of a bucket. Raises ApiError."""
    _check(_to_others(grants, owner), bucket, is_listed(bucket))


async def check_object(request: S3Request, grants: Iterable[Grant]) -> None:
    """Whether they say no more than holds of an object in the request's bucket. Raises ApiError."""
    others = _to_others(grants, request.account)
    if others:
        bucket = await bucket_of(request)
        _check(others, bucket, _is_read(bucket))


async def check_put(request: S3Request, headers: Mapping[str, str]) -> None:
    """As `check_object`, of the headers of a put, a copy or an upload, or of the fields of a form."""
    grants = of_headers(headers, request.account)
    if grants:
        await check_object(request, grants)


async def is_public(request: S3Request) -> bool:
    """Whether anybody may read the objects of the request's bucket. Raises ApiError."""
    return _is_read(await bucket_of(request))


def is_listed(bucket: buckets_pb2.Bucket) -> bool:
    """Whether anybody may list its objects."""
    return bucket.public_list and not bucket.public_access_block.restrict_public_buckets


def _is_read(bucket: buckets_pb2.Bucket) -> bool:
    restricted = bucket.public_access_block.restrict_public_buckets
    return bucket.public_access == buckets_pb2.PUBLIC_ACCESS_READ and not restricted


def _to_others(grants: Iterable[Grant], owner: str) -> set[Grant]:
    return {grant for grant in grants if grant.grantee != owner}


def _check(others: set[Grant], bucket: buckets_pb2.Bucket, everybody_reads: bool) -> None:
    """Raises ApiError where they give more than that everybody reads, where everybody does."""
    blocked = bucket.public_access_block.block_public_acls
    if blocked and any(grant.grantee in (ALL_USERS, _AUTHENTICATED_USERS) for grant in others):
        raise denied("the bucket's public access block refuses ACLs that would let others in")
    if others and not (others == {Grant(ALL_USERS, READ)} and everybody_reads):
        raise not_supported()


def not_supported() -> ApiError:
    return invalid(
        "ACCESS_CONTROL_LIST_NOT_SUPPORTED",
        "the bucket does not allow ACLs: who may do what is said by access policies of the account; to let anybody "
        "read a bucket's objects or list them, put a bucket policy that allows"
        " s3:GetObject or s3:ListBucket to everybody",
    )


def _grantees(header: str, text: str) -> list[str]:
    found, position = [], 0
    while position < len(text):
        match = _GRANTEE.match(text, position)
        if match is None:
            break
        found.append(match[2] or match[3] or "")
        position = match.end()
    if not all(found) or not found or position < len(text):
        raise invalid_argument(header, text, f'{header} must be grantees as id="…", uri="…" or emailAddress="…"')
    return found


def _grant(found: Element) -> Grant:
    grantee, permission = found.first("Grantee") or Element(""), found.value("Permission")
    who = grantee.value("ID") or grantee.value("URI") or grantee.value("EmailAddress")
    if not who or permission not in _HEADERS.values():
        raise malformed_xml(f"Grant needs a Grantee with ID or URI, and a Permission of {', '.join(_HEADERS.values())}")
    return Grant(who, permission)
