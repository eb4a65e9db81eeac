"""Buckets: listed, created, looked up, deleted."""

from __future__ import annotations

import re
from collections.abc import Iterable

from portico.objects.v1 import buckets_pb2
from portico_server.objects.faces.s3 import acl_grants, bodies, object_headers
from portico_server.objects.faces.s3.answers import nothing, xml
from portico_server.objects.faces.s3.asked_bucket import bucket_of, check_is_there
from portico_server.objects.faces.s3.operations.listing import owner_element
from portico_server.objects.faces.s3.reading_xml import read
from portico_server.objects.faces.s3.refusals import invalid, invalid_argument, not_implemented
from portico_server.objects.faces.s3.request import S3Request
from portico_server.objects.faces.s3.writing_xml import CONTENT_TYPE, element, optional
from portico_server.platform.faces import FaceResponse

REGION = "us-east-1"
"""What buckets say of where they are: the region that all clients know. It means the same as `auto`."""

_PAGE = 1000
_MOST_BUCKETS = 10_000
_LOCATION = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
_NO_HINTS = ("", "auto", REGION)
_OWNERSHIP = "x-amz-object-ownership"
_LOCK = "x-amz-bucket-object-lock-enabled"


async def list_buckets(request: S3Request) -> FaceResponse:
    most = request.number("max-buckets", _MOST_BUCKETS, 1, _MOST_BUCKETS)
    prefix, token = request.query.get("prefix", ""), request.query.get("continuation-token", "")
    found: list[buckets_pb2.Bucket] = []
    while len(found) < most:
        message = buckets_pb2.ListBucketsRequest(
            parent=request.parent, page_size=min(most - len(found), _PAGE), page_token=token, prefix=prefix
        )
        page = await request.call("ListBuckets", message)
        found.extend(page.buckets)
        token = page.next_page_token
        if not token:
            break
    content = owner_element(request.account) + "<Buckets>" + "".join(map(_bucket, found)) + "</Buckets>"
    content += optional("ContinuationToken", token) + optional("Prefix", prefix)
    return xml(request, "ListAllMyBucketsResult", content)


async def create_bucket(request: S3Request) -> FaceResponse:
    headers = request.headers
    _check_access(request)
    settings = _placed(request, await _location(request))
    if headers.get(_LOCK, "").lower() == "true":
        settings.object_lock.enabled = True
    message = buckets_pb2.CreateBucketRequest(parent=request.parent, bucket_id=request.bucket, bucket=settings)
    await request.call("CreateBucket", message)
    return nothing(request, headers=[("location", f"/{request.bucket}")])


async def head_bucket(request: S3Request) -> FaceResponse:
    await check_is_there(request)
    if request.circles is not None and request.circles.is_asked_for_bytes and request.signed:
        await request.circles.check_way((await bucket_of(request)).placement.store)
    return nothing(request, headers=[CONTENT_TYPE, ("x-amz-bucket-region", REGION)])


async def delete_bucket(request: S3Request) -> FaceResponse:
    await request.call("DeleteBucket", buckets_pb2.DeleteBucketRequest(name=request.bucket_name))
    return nothing(request, 204)


async def get_location(request: S3Request) -> FaceResponse:
    if request.signed:
        await bucket_of(request)
    else:
        await request.check_located()
    return xml(request, "LocationConstraint", "")  # as S3 writes us-east-1


def _check_access(request: S3Request) -> None:
    """Whether the bucket's ACL and ownership are what they have to be. Raises ApiError."""
    ownership = request.headers.get(_OWNERSHIP, acl_grants.ENFORCED)
    if ownership not in acl_grants.OWNERSHIPS:
        raise invalid_argument(_OWNERSHIP, ownership, f"invalid {_OWNERSHIP} header: {ownership[:64]}")
    grants = acl_grants.of_headers(request.headers, request.account)
    if ownership == acl_grants.ENFORCED and any(grant.grantee != request.account for grant in grants):
        raise invalid(
            "INVALID_BUCKET_ACL_WITH_OBJECT_OWNERSHIP",
            "bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting; to let anybody read its "
            "objects, put a bucket policy that allows s3:GetObject to everybody",
        )
    if ownership != acl_grants.ENFORCED:
        raise acl_grants.not_supported()


async def _location(request: S3Request) -> str:
    """Where the bucket should live; the usual regions say nothing of that."""
    content = await bodies.whole(request)
    if not content:
        return ""
    given = await read(content, "CreateBucketConfiguration")
    if given.first("Bucket") is not None or given.first("Location") is not None:
        raise not_implemented("a directory bucket", "create one of the usual kind")
    location = given.value("LocationConstraint")
    if location.lower() in _NO_HINTS:
        return ""
    if not _LOCATION.fullmatch(location.lower()):
        raise invalid(
            "INVALID_LOCATION_CONSTRAINT",
            "the specified location-constraint is not valid",
            location_constraint=location[:64],
        )
    return location.lower()


def _placed(request: S3Request, location: str) -> buckets_pb2.Bucket:
    """Settings of a bucket that should be there. S3 has one name for what must hold and what is a hint; so where stores
    have jurisdictions, it must be one of theirs, which holds then, or a location of one. Raises ApiError."""
    placing = request.placing
    if not placing.restricts or not location:
        return buckets_pb2.Bucket(location_hint=location)
    is_jurisdiction, is_location = location in placing.jurisdictions, location in placing.locations
    if not is_jurisdiction and not is_location:
        raise invalid(
            "INVALID_LOCATION_CONSTRAINT",
            "no store of this platform is there: the location-constraint must be a jurisdiction "
            f"({_listed(placing.jurisdictions)}) or a location ({_listed(placing.locations)})",
            location_constraint=location,
        )
    return buckets_pb2.Bucket(
        location_hint=location if is_location else "", jurisdiction=location if is_jurisdiction else ""
    )


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "there is none"


def _bucket(found: buckets_pb2.Bucket) -> str:
    when = object_headers.iso_time(found.create_time.seconds, found.create_time.nanos)
    name = found.name.rpartition("/")[2]
    return f"<Bucket>{element('Name', name)}{element('CreationDate', when)}{element('BucketRegion', REGION)}</Bucket>"
