"""What of a bucket is open to everybody: the policy that says it, and the block that keeps it from being so."""

from __future__ import annotations

import json

from portico.objects.v1 import buckets_pb2
from portico_server.objects.faces.s3 import bodies
from portico_server.objects.faces.s3.answers import ids, nothing, xml
from portico_server.objects.faces.s3.asked_bucket import bucket_of
from portico_server.objects.faces.s3.operations.bucket_settings import update
from portico_server.objects.faces.s3.policy_documents import Opened, document_of, opened_by
from portico_server.objects.faces.s3.reading_xml import Element
from portico_server.objects.faces.s3.refusals import malformed_xml, missing
from portico_server.objects.faces.s3.request import S3Request
from portico_server.objects.faces.s3.writing_xml import boolean
from portico_server.platform.errors import ApiError
from portico_server.platform.faces import FaceResponse

_BLOCKS = {
    "BlockPublicAcls": "block_public_acls",
    "IgnorePublicAcls": "ignore_public_acls",
    "BlockPublicPolicy": "block_public_policy",
    "RestrictPublicBuckets": "restrict_public_buckets",
}


async def get_policy(request: S3Request) -> FaceResponse:
    """As it was put, as long as it says what is so: that can be said elsewhere, too."""
    bucket = await bucket_of(request)
    opened = _opened(bucket)
    text = bucket.public_policy
    if not text or not _says(text, opened, request.bucket):
        text = json.dumps(document_of(opened, request.bucket))
    return FaceResponse(200, [("content-type", "application/json"), *ids(request)], text.encode())


async def put_policy(request: S3Request) -> FaceResponse:
    policy, text = await bodies.json_document(request)
    await _open(request, opened_by(policy, request.bucket), text)
    return nothing(request, 204)


async def delete_policy(request: S3Request) -> FaceResponse:
    await _open(request, Opened(read=False, list=False), "")
    return nothing(request, 204)


async def get_policy_status(request: S3Request) -> FaceResponse:
    _opened(await bucket_of(request))
    return xml(request, "PolicyStatus", boolean("IsPublic", True))


async def get_public_access_block(request: S3Request) -> FaceResponse:
    bucket = await bucket_of(request)
    if not bucket.HasField("public_access_block"):
        raise missing(
            "NO_SUCH_PUBLIC_ACCESS_BLOCK_CONFIGURATION", "The public access block configuration was not found"
        )
    content = "".join(boolean(name, getattr(bucket.public_access_block, field)) for name, field in _BLOCKS.items())
    return xml(request, "PublicAccessBlockConfiguration", content)


async def put_public_access_block(request: S3Request) -> FaceResponse:
    given = await bodies.document(request, "PublicAccessBlockConfiguration")
    wanted = buckets_pb2.PublicAccessBlock(**{field: _said(given, name) for name, field in _BLOCKS.items()})
    await update(request, "public_access_block", public_access_block=wanted)
    return nothing(request)


async def delete_public_access_block(request: S3Request) -> FaceResponse:
    await update(request, "public_access_block")
    return nothing(request, 204)


def _opened(bucket: buckets_pb2.Bucket) -> Opened:
    """What a bucket opens. Raises ApiError where it opens nothing."""
    is_read = bucket.public_access == buckets_pb2.PUBLIC_ACCESS_READ
    opened = Opened(is_read, bucket.public_list, bucket.public_location)
    if not any(opened):
        raise missing("NO_SUCH_BUCKET_POLICY", "The bucket policy does not exist")
    return opened


def _says(text: str, opened: Opened, bucket: str) -> bool:
    """Whether a policy opens this."""
    try:
        return opened_by(json.loads(text), bucket) == opened
    except (ValueError, RecursionError, ApiError):
        return False


async def _open(request: S3Request, opened: Opened, text: str) -> None:
    access = buckets_pb2.PUBLIC_ACCESS_READ if opened.read else buckets_pb2.PUBLIC_ACCESS_NONE
    await update(
        request,
        *("public_access", "public_list", "public_location", "public_policy"),
        public_access=access,
        public_list=opened.list,
        public_location=opened.locate,
        public_policy=text,
    )


def _said(given: Element, name: str) -> bool:
    text = given.value(name).lower()
    if text not in ("", "false", "true"):
        raise malformed_xml(f"{name} must be true or false")
    return text == "true"
