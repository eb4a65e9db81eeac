"""What S3 lets be set and is the same here for every bucket and object: told as it is, and settable to that alone."""

from __future__ import annotations

from portico.objects.v1 import objects_pb2
from portico_server.objects.faces.s3 import bodies, refused_headers
from portico_server.objects.faces.s3.answers import nothing, xml
from portico_server.objects.faces.s3.operations.buckets import bucket_of
from portico_server.objects.faces.s3.operations.listing import owner_element
from portico_server.objects.faces.s3.reading_xml import Element, read
from portico_server.objects.faces.s3.refusals import malformed_xml, missing, not_implemented
from portico_server.objects.faces.s3.request import S3Request, check_signed
from portico_server.objects.faces.s3.writing_xml import element
from portico_server.platform.faces import FaceResponse

_OWNERSHIP = "BucketOwnerEnforced"
_XSI = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="CanonicalUser"'


async def get_bucket_acl(request: S3Request) -> FaceResponse:
    await bucket_of(request)
    return _owners_acl(request)


async def put_bucket_acl(request: S3Request) -> FaceResponse:
    await bucket_of(request)
    return await _put_acl(request)


async def get_object_acl(request: S3Request) -> FaceResponse:
    await _object_of(request)
    return _owners_acl(request)


async def put_object_acl(request: S3Request) -> FaceResponse:
    await _object_of(request)
    return await _put_acl(request)


async def get_ownership(request: S3Request) -> FaceResponse:
    await bucket_of(request)
    return xml(request, "OwnershipControls", f"<Rule>{element('ObjectOwnership', _OWNERSHIP)}</Rule>")


async def put_ownership(request: S3Request) -> FaceResponse:
    await bucket_of(request)
    given = await bodies.document(request, "OwnershipControls")
    rules = list(given.all("Rule"))
    if len(rules) != 1:
        raise malformed_xml("OwnershipControls needs one Rule")
    if rules[0].value("ObjectOwnership") != _OWNERSHIP:
        raise refused_headers.acl_not_supported()
    return nothing(request)


async def get_encryption(request: S3Request) -> FaceResponse:
    await bucket_of(request)
    raise missing(
        "SERVER_SIDE_ENCRYPTION_CONFIGURATION_NOT_FOUND_ERROR",
        "the server side encryption configuration was not found: the platform encrypts no bytes",
    )


async def get_public_access_block(request: S3Request) -> FaceResponse:
    await bucket_of(request)
    raise missing("NO_SUCH_PUBLIC_ACCESS_BLOCK_CONFIGURATION", "the public access block configuration was not found")


async def get_website(request: S3Request) -> FaceResponse:
    await bucket_of(request)
    raise missing("NO_SUCH_WEBSITE_CONFIGURATION", "the specified bucket does not have a website configuration")


async def get_replication(request: S3Request) -> FaceResponse:
    await bucket_of(request)
    raise missing("REPLICATION_CONFIGURATION_NOT_FOUND_ERROR", "the replication configuration was not found")


async def get_logging(request: S3Request) -> FaceResponse:
    await bucket_of(request)
    return xml(request, "BucketLoggingStatus", "")


async def put_logging(request: S3Request) -> FaceResponse:
    await bucket_of(request)
    given = await bodies.document(request, "BucketLoggingStatus")
    if given.first("LoggingEnabled") is not None:
        raise not_implemented("logging to a bucket", "each request leaves an event, which `portico trace` reads")
    return nothing(request)


async def get_request_payment(request: S3Request) -> FaceResponse:
    await bucket_of(request)
    return xml(request, "RequestPaymentConfiguration", element("Payer", "BucketOwner"))


async def put_request_payment(request: S3Request) -> FaceResponse:
    await bucket_of(request)
    given = await bodies.document(request, "RequestPaymentConfiguration")
    if given.needed("Payer") != "BucketOwner":
        raise not_implemented("a payer other than BucketOwner")
    return nothing(request)


async def get_accelerate(request: S3Request) -> FaceResponse:
    await bucket_of(request)
    return xml(request, "AccelerateConfiguration", "")


async def nothing_to_delete(request: S3Request) -> FaceResponse:
    """A setting that no bucket has is not there afterwards."""
    await bucket_of(request)
    return nothing(request, 204)


async def _object_of(request: S3Request) -> None:
    """Raises ApiError where the object is not there, or nobody has signed."""
    check_signed(request)
    await request.call(
        "HeadObject", objects_pb2.HeadObjectRequest(name=request.object_name, version_id=request.version_id)
    )


def _owners_acl(request: S3Request) -> FaceResponse:
    owner = owner_element(request.account)
    inside = element("ID", request.account) + element("DisplayName", request.account)
    grant = f"<Grant><Grantee {_XSI}>{inside}</Grantee>{element('Permission', 'FULL_CONTROL')}</Grant>"
    return xml(request, "AccessControlPolicy", f"{owner}<AccessControlList>{grant}</AccessControlList>")


async def _put_acl(request: S3Request) -> FaceResponse:
    refused_headers.check_acl(request.headers)
    content = await bodies.whole(request)
    if content:
        given = await read(content, "AccessControlPolicy")
        grants = given.first("AccessControlList") or Element("")
        if not all(_is_owners(grant, request.account) for grant in grants.all("Grant")):
            raise refused_headers.acl_not_supported()
    elif "x-amz-acl" not in request.headers:
        raise malformed_xml("there is neither x-amz-acl nor a body")
    return nothing(request)


def _is_owners(grant: Element, account: str) -> bool:
    grantee = grant.first("Grantee") or Element("")
    return grantee.value("ID") == account and grant.value("Permission") == "FULL_CONTROL"
