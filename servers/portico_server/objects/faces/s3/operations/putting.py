"""PutObject."""

from __future__ import annotations

from portico.objects.v1 import objects_pb2
from portico_server.objects.faces.s3 import (
    acl_grants,
    bodies,
    checksum_headers,
    lock_headers,
    object_headers,
    refused_headers,
)
from portico_server.objects.faces.s3.answers import nothing
from portico_server.objects.faces.s3.conditional_headers import conditions_of
from portico_server.objects.faces.s3.refusals import invalid_argument, not_implemented
from portico_server.objects.faces.s3.request import S3Request
from portico_server.platform.faces import FaceResponse


async def put_object(request: S3Request) -> FaceResponse:
    headers = request.headers
    refused_headers.check_write(headers)
    await acl_grants.check_put(request, headers)
    if "partNumber" in request.query:
        text = request.query["partNumber"]
        raise invalid_argument("partNumber", text, "this operation does not accept partNumber without uploadId")
    if "x-amz-write-offset-bytes" in headers:
        raise not_implemented("appending to objects", header="x-amz-write-offset-bytes")
    body = request.body()
    first = objects_pb2.PutObjectRequest(
        name=request.object_name,
        metadata=object_headers.metadata_of(headers),
        size_bytes=bodies.size_of(body),
        checksums=checksum_headers.expected(headers),
        conditions=conditions_of(headers),
        tags=lock_headers.tags_of(headers),
        retention=lock_headers.retention_of(headers),
        legal_hold=lock_headers.legal_hold_of(headers),
    )
    trailer = checksum_headers.announced_in_trailer(headers)
    if trailer:
        first.checksum_algorithms.append(checksum_headers.algorithm_value(trailer))
    beside: list[bytes] = []
    stored = (await request.call("PutObject", bodies.messages(first, body, trailer, beside), beside)).object
    return nothing(request, headers=stored_headers(stored))


def stored_headers(stored: objects_pb2.Object) -> list[tuple[str, str]]:
    """What is told of an object that was just put."""
    told = [("etag", f'"{stored.etag}"'), *object_headers.digest_headers(stored)]
    told += object_headers.version_header(stored.version_id)
    if stored.HasField("expire_time"):
        told.append(object_headers.expiration(stored))
    return told
