"""Multipart uploads: begun, filled with parts, completed, given up."""

from __future__ import annotations

import asyncio
from urllib.parse import quote

from portico.objects.v1 import objects_pb2, uploads_pb2
from portico_server.objects.faces.s3 import (
    acl_grants,
    bodies,
    byte_ranges,
    checksum_headers,
    conditional_headers,
    lock_headers,
    object_headers,
    reading_xml,
    refused_headers,
)
from portico_server.objects.faces.s3.answers import nothing, xml
from portico_server.objects.faces.s3.operations.copying import (
    SOURCE,
    source_of,
    source_version_header,
    telling_of,
)
from portico_server.objects.faces.s3.operations.reading import MAX_PART_NUMBER
from portico_server.objects.faces.s3.reading_xml import Element
from portico_server.objects.faces.s3.refusals import invalid, invalid_argument, malformed_xml, missing
from portico_server.objects.faces.s3.request import S3Request, number
from portico_server.objects.faces.s3.writing_xml import element
from portico_server.objects.services.http_dates import http_date
from portico_server.platform.errors import ApiError
from portico_server.platform.faces import FaceResponse

_COPY_RANGE = f"{SOURCE}-range"
_PARTS_AT_ONCE = 100
_OBJECT_SIZE = "x-amz-mp-object-size"


async def create_upload(request: S3Request) -> FaceResponse:
    headers = request.headers
    refused_headers.check_write(headers)
    await acl_grants.check_put(request, headers)
    message = uploads_pb2.CreateMultipartUploadRequest(
        name=request.object_name,
        metadata=object_headers.metadata_of(headers),
        checksum_algorithm=checksum_headers.algorithm_value(request.header(checksum_headers.ALGORITHM)),
        checksum_type=checksum_headers.upload_type(headers),
        tags=lock_headers.tags_of(headers),
        retention=lock_headers.retention_of(headers),
        legal_hold=lock_headers.legal_hold_of(headers),
    )
    upload = (await request.call("CreateMultipartUpload", message)).upload
    content = element("Bucket", request.bucket) + element("Key", request.key) + element("UploadId", upload.upload_id)
    told = abort_headers(upload)
    if checksum_headers.ALGORITHM in headers:
        told += [
            (checksum_headers.ALGORITHM, checksum_headers.algorithm_name(upload.checksum_algorithm)),
            (checksum_headers.TYPE, checksum_headers.type_name(upload.checksum_type)),
        ]
    return xml(request, "InitiateMultipartUploadResult", content, told)


def abort_headers(upload: uploads_pb2.Upload) -> list[tuple[str, str]]:
    """When a rule of the bucket aborts it, where one is about it."""
    if not upload.abort_rule_id:
        return []
    date, rule_id = http_date(upload.abort_time.seconds), object_headers.encoded(upload.abort_rule_id)
    return [("x-amz-abort-date", date), ("x-amz-abort-rule-id", rule_id)]


async def upload_part(request: S3Request) -> FaceResponse:
    headers = request.headers
    refused_headers.check_encryption(headers)
    body = request.body()
    first = uploads_pb2.UploadPartRequest(
        name=request.object_name,
        upload_id=upload_id_of(request),
        part_number=_part_number(request),
        checksums=checksum_headers.expected(headers),
        size_bytes=bodies.size_of(body),
    )
    trailer = checksum_headers.announced_in_trailer(headers)
    if trailer:
        first.checksum_algorithms.append(checksum_headers.algorithm_value(trailer))
    first.only_upload_algorithm = True
    beside: list[bytes] = []
    part = (await request.call("UploadPart", bodies.messages(first, body, trailer, beside), beside)).part
    digest = [
        header for header in checksum_headers.answer_headers(part.checksums) if header[0] != checksum_headers.TYPE
    ]
    return nothing(request, headers=[("etag", f'"{part.etag}"'), *digest])


async def copy_part(request: S3Request) -> FaceResponse:
    refused_headers.check_encryption(request.headers)
    source = source_of(request)
    message = uploads_pb2.CopyPartRequest(
        name=request.object_name,
        upload_id=upload_id_of(request),
        part_number=_part_number(request),
        source=source.name,
        source_version_id=source.version_id,
        source_conditions=conditional_headers.conditions_of(request.headers, conditional_headers.SOURCE),
    )
    if _COPY_RANGE in request.headers:
        wanted = byte_ranges.copy_range_of(request.headers[_COPY_RANGE])
        message.source_offset_bytes, message.source_limit_bytes = wanted
    with telling_of(source, request.headers):
        copied = await request.call("CopyPart", message)
    part = copied.part
    content = element("LastModified", object_headers.iso_time(part.create_time.seconds, part.create_time.nanos))
    content += element("ETag", f'"{part.etag}"')
    content += checksum_headers.answer_elements(part.checksums, with_type=False)
    return xml(request, "CopyPartResult", content, source_version_header(source, copied.source_version_id))


async def complete_upload(request: S3Request) -> FaceResponse:
    body = await bodies.whole(request, about_object=True)
    if not body:
        raise invalid("INVALID_REQUEST", "You must specify at least one part")
    given = await reading_xml.read(body, "CompleteMultipartUpload")
    expected = _expected(request)
    message = uploads_pb2.CompleteMultipartUploadRequest(
        name=request.object_name,
        upload_id=upload_id_of(request),
        conditions=conditional_headers.conditions_of(request.headers),
        checksums=expected,
        part_checksums_needed=True,
    )
    await _add_parts(message, given)
    if not message.parts:
        raise malformed_xml("there must be at least one Part")
    if _OBJECT_SIZE in request.headers:
        message.size_bytes = number(_OBJECT_SIZE, request.headers[_OBJECT_SIZE], 0, 0, 9_999_999_999)
    try:
        made = (await request.call("CompleteMultipartUpload", message)).object
    except ApiError as error:
        if error.violations and error.violations[0].field == "size_bytes":
            raise invalid("INVALID_REQUEST", f"{_OBJECT_SIZE} does not match what was uploaded") from None
        raise
    content = element("Location", _location(request)) + element("Bucket", request.bucket)
    content += element("Key", request.key) + element("ETag", f'"{made.etag}"')
    content += checksum_headers.answer_elements(made.checksums, made.parts_count)
    told = object_headers.version_header(made.version_id)
    if made.HasField("expire_time"):
        told.append(object_headers.expiration(made))
    return xml(request, "CompleteMultipartUploadResult", content, told)


async def abort_upload(request: S3Request) -> FaceResponse:
    message = uploads_pb2.AbortMultipartUploadRequest(name=request.object_name, upload_id=upload_id_of(request))
    await request.call("AbortMultipartUpload", message)
    return nothing(request, 204)


def upload_id_of(request: S3Request) -> str:
    """Raises ApiError where there is none, or one that none can have."""
    upload_id = request.query.get("uploadId", "")
    if not upload_id or len(upload_id) > 128 or not all(c.isalnum() or c in "._-" for c in upload_id):
        raise no_upload()
    return upload_id


def no_upload() -> ApiError:
    return missing(
        "UPLOAD_NOT_FOUND",
        "the specified upload does not exist: the upload ID may be invalid, or the upload was aborted or completed",
    )


def _part_number(request: S3Request) -> int:
    text = request.query.get("partNumber", "")
    if not text.isdecimal() or not 1 <= int(text[:8]) <= MAX_PART_NUMBER:
        raise invalid_argument(
            "partNumber", text, f"Part number must be an integer between 1 and {MAX_PART_NUMBER}, inclusive"
        )
    return int(text)


async def _add_parts(message: uploads_pb2.CompleteMultipartUploadRequest, given: Element) -> None:
    """Adds the parts that the document names, letting others run in between. Raises ApiError."""
    for count, found in enumerate(given.all("Part"), 1):
        message.parts.append(_part(found))
        if count % _PARTS_AT_ONCE == 0:
            await asyncio.sleep(0)


def _part(found: Element) -> uploads_pb2.CompleteMultipartUploadRequest.Part:
    number_text = found.needed("PartNumber")
    if not number_text.isdecimal() or not 1 <= int(number_text[:8]) <= MAX_PART_NUMBER:
        raise invalid_argument("PartNumber", number_text, f"PartNumber must be between 1 and {MAX_PART_NUMBER}")
    part = uploads_pb2.CompleteMultipartUploadRequest.Part(
        number=int(number_text), etag=found.needed("ETag").strip('"')[:64]
    )
    for name in checksum_headers.ALGORITHMS:
        text = found.value(f"Checksum{name}")
        if text:
            field, digest = checksum_headers.expected_element(name, text)
            setattr(part.checksums, field, digest)
    return part


def _expected(request: S3Request) -> objects_pb2.Checksums | None:
    """The digest that the whole object must have; the header Content-MD5 is about the request's body."""
    headers = {name: value for name, value in request.headers.items() if name != "content-md5"}
    expected = checksum_headers.expected(headers)
    given_type = checksum_headers.type_value(request.header(checksum_headers.TYPE))
    if given_type:
        expected = expected or objects_pb2.Checksums()
        expected.type = given_type
    return expected


def _location(request: S3Request) -> str:
    return f"https://{request.header('host')}/{request.bucket}/{quote(request.key)}"
