"""Access control lists: what they say, and what of that holds anyway."""

from __future__ import annotations

import pytest

from portico.objects.v1.buckets_pb2 import Bucket
from portico_server.objects.faces.s3.acl_grants import (
    ALL_USERS,
    FULL_CONTROL,
    READ,
    Grant,
    check_bucket,
    of_document,
    of_headers,
)
from portico_server.objects.faces.s3.reading_xml import read
from portico_server.platform.errors import ApiError

OWNERS = Grant("acme", FULL_CONTROL)
DOCUMENT = "<AccessControlPolicy>{owner}<AccessControlList>{grants}</AccessControlList></AccessControlPolicy>"
GRANT = "<Grant><Grantee>{who}</Grantee><Permission>{permission}</Permission></Grant>"


@pytest.mark.parametrize(
    ("headers", "grants"),
    [
        ({}, []),
        ({"x-amz-acl": ""}, []),
        ({"x-amz-acl": "private"}, [OWNERS]),
        ({"x-amz-acl": "bucket-owner-full-control"}, [OWNERS]),
        ({"x-amz-acl": "public-read"}, [OWNERS, (ALL_USERS, READ)]),
        ({"x-amz-grant-read": 'id="acme", uri="u"'}, [("acme", READ), ("u", READ)]),
        ({"x-amz-grant-write-acp": "emailAddress=a@b.example"}, [("a@b.example", "WRITE_ACP")]),
    ],
)
def test_headers_say_who_may_do_what(headers: dict[str, str], grants: list[Grant]) -> None:
    assert of_headers(headers, "acme") == grants


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ({"x-amz-acl": "public-ready"}, "INVALID_ARGUMENT"),
        ({"x-amz-grant-read": "everybody"}, "INVALID_ARGUMENT"),
        ({"x-amz-grant-read": ""}, "INVALID_ARGUMENT"),
        ({"x-amz-grant-read": 'id=""'}, "INVALID_ARGUMENT"),
        ({"x-amz-grant-read": 'id="acme" uri="u"'}, "INVALID_ARGUMENT"),
        ({"x-amz-acl": "private", "x-amz-grant-read": 'id="acme"'}, "INVALID_REQUEST"),
    ],
)
def test_what_is_no_list_is_refused(headers: dict[str, str], reason: str) -> None:
    with pytest.raises(ApiError) as refused:
        of_headers(headers, "acme")
    assert refused.value.reason == reason


async def test_a_document_says_the_same() -> None:
    owner = "<Owner><ID>acme</ID></Owner>"
    grants = GRANT.format(who="<ID>acme</ID>", permission=FULL_CONTROL)
    grants += GRANT.format(who=f"<URI>{ALL_USERS}</URI>", permission=READ)
    policy = await read(DOCUMENT.format(owner=owner, grants=grants).encode(), "AccessControlPolicy")
    assert of_document(policy, "acme") == [OWNERS, (ALL_USERS, READ)]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (DOCUMENT.format(owner="<Owner><ID>other</ID></Owner>", grants=""), "ACCESS_DENIED"),
        (DOCUMENT.format(owner="", grants=GRANT.format(who="<ID>acme</ID>", permission="ALL")), "MALFORMED_XML"),
        (DOCUMENT.format(owner="", grants=GRANT.format(who="", permission=READ)), "MALFORMED_XML"),
        ("<AccessControlPolicy/>", "MALFORMED_XML"),
    ],
)
async def test_what_is_no_document_of_grants_is_refused(content: str, reason: str) -> None:
    policy = await read(content.encode(), "AccessControlPolicy")
    with pytest.raises(ApiError) as refused:
        of_document(policy, "acme")
    assert refused.value.reason == reason


def test_of_a_bucket_nobody_but_its_owner_is_granted_anything() -> None:
    check_bucket([OWNERS, Grant("acme", READ)], Bucket(), "acme")
    with pytest.raises(ApiError) as refused:
        check_bucket([OWNERS, Grant(ALL_USERS, READ)], Bucket(), "acme")
    check_bucket([OWNERS, Grant(ALL_USERS, READ)], Bucket(public_list=True), "acme")
    assert refused.value.reason == "ACCESS_CONTROL_LIST_NOT_SUPPORTED"
