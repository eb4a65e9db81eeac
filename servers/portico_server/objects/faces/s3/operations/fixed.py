"""What S3 lets be set and is the same here for every bucket and object: told as it is, and settable to that alone."""

from __future__ import annotations

from portico_server.objects.faces.s3 import acl_grants, bodies
from portico_server.objects.faces.s3.answers import nothing, xml
from portico_server.objects.faces.s3.asked_bucket import bucket_of
from portico_server.objects.faces.s3.refusals import malformed_xml, missing, not_implemented
from portico_server.objects.faces.s3.request import S3Request
from portico_server.objects.faces.s3.writing_xml import element
from portico_server.platform.faces import FaceResponse


async def get_ownership(request: S3Request) -> FaceResponse:
    await bucket_of(request)
    return xml(request, "OwnershipControls", f"<Rule>{element('ObjectOwnership', acl_grants.ENFORCED)}</Rule>")


async def put_ownership(request: S3Request) -> FaceResponse:
    await bucket_of(request)
    given = await bodies.document(request, "OwnershipControls")
    rules = list(given.all("Rule"))
    if len(rules) != 1:
        raise malformed_xml("OwnershipControls needs one Rule")
    ownership = rules[0].value("ObjectOwnership")
    if ownership not in acl_grants.OWNERSHIPS:
        raise malformed_xml(f"ObjectOwnership must be one of {', '.join(acl_grants.OWNERSHIPS)}")
    if ownership != acl_grants.ENFORCED:
        raise acl_grants.not_supported()
    return nothing(request)


async def get_encryption(request: S3Request) -> FaceResponse:
    await bucket_of(request)
    raise missing(
        "SERVER_SIDE_ENCRYPTION_CONFIGURATION_NOT_FOUND_ERROR",
        "the server side encryption configuration was not found: the platform encrypts no bytes",
    )


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
    payer = given.needed("Payer")
    if payer not in ("BucketOwner", "Requester"):
        raise malformed_xml("Payer must be BucketOwner or Requester")
    if payer != "BucketOwner":
        raise not_implemented("a payer other than BucketOwner")
    return nothing(request)


async def get_accelerate(request: S3Request) -> FaceResponse:
    await bucket_of(request)
    return xml(request, "AccelerateConfiguration", "")


async def nothing_to_delete(request: S3Request) -> FaceResponse:
    """A setting that no bucket has is not there afterwards."""
    await bucket_of(request)
    return nothing(request, 204)
