"""Access control lists of buckets and objects: answered as things are, and put where they say what is."""

from __future__ import annotations

from portico.objects.v1 import objects_pb2
from portico_server.objects.faces.s3 import acl_grants, bodies
from portico_server.objects.faces.s3.acl_grants import ALL_USERS, FULL_CONTROL, READ, Grant
from portico_server.objects.faces.s3.answers import nothing, xml
from portico_server.objects.faces.s3.asked_bucket import bucket_of
from portico_server.objects.faces.s3.operations.listing import owner_element
from portico_server.objects.faces.s3.reading_xml import read
from portico_server.objects.faces.s3.refusals import invalid
from portico_server.objects.faces.s3.request import S3Request
from portico_server.objects.faces.s3.writing_xml import element
from portico_server.platform.faces import FaceResponse

_XSI = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'


async def get_bucket_acl(request: S3Request) -> FaceResponse:
    return _told(request, anybody_reads=acl_grants.is_listed(await bucket_of(request)))


async def put_bucket_acl(request: S3Request) -> FaceResponse:
    bucket = await bucket_of(request)
    acl_grants.check_bucket(await _given(request), bucket, request.account)
    return nothing(request)


async def get_object_acl(request: S3Request) -> FaceResponse:
    """Older versions are not public."""
    await _check_there(request)
    return _told(request, anybody_reads=not request.version_id and await acl_grants.is_public(request))


async def put_object_acl(request: S3Request) -> FaceResponse:
    await _check_there(request)
    await acl_grants.check_object(request, await _given(request))
    return nothing(request)


async def _check_there(request: S3Request) -> None:
    """Raises ApiError where the object is not there."""
    await request.call(
        "HeadObject", objects_pb2.HeadObjectRequest(name=request.object_name, version_id=request.version_id)
    )


async def _given(request: S3Request) -> list[Grant]:
    """The list that the request puts, by headers or as a document. Raises ApiError."""
    content = await bodies.whole(request)
    grants = acl_grants.of_headers(request.headers, request.account)
    if content and grants:
        raise invalid("UNEXPECTED_CONTENT", "this request does not support content: its headers say the ACL")
    if content:
        grants = acl_grants.of_document(await read(content, "AccessControlPolicy"), request.account)
        if not grants:
            raise acl_grants.not_supported()  # it would take from the owner what is his
    elif not grants:
        raise invalid(
            "MISSING_SECURITY_HEADER",
            "your request was missing a required header: x-amz-acl, or a document that says the ACL",
            missing_header_name="x-amz-acl",
        )
    return grants


def _told(request: S3Request, *, anybody_reads: bool) -> FaceResponse:
    inside = element("ID", request.account) + element("DisplayName", request.account)
    grants = _grant("CanonicalUser", inside, FULL_CONTROL)
    if anybody_reads:
        grants += _grant("Group", element("URI", ALL_USERS), READ)
    owner = owner_element(request.account)
    return xml(request, "AccessControlPolicy", f"{owner}<AccessControlList>{grants}</AccessControlList>")


def _grant(kind: str, inside: str, permission: str) -> str:
    return f'<Grant><Grantee {_XSI} xsi:type="{kind}">{inside}</Grantee>{element("Permission", permission)}</Grant>'
