"""ListParts and ListMultipartUploads."""

from __future__ import annotations

from portico.objects.v1 import uploads_pb2
from portico_server.objects.faces.s3 import checksum_headers, object_headers
from portico_server.objects.faces.s3.answers import xml
from portico_server.objects.faces.s3.operations.listing import encoding_of, key_of, owner_element
from portico_server.objects.faces.s3.operations.reading import MAX_PART_NUMBER
from portico_server.objects.faces.s3.operations.uploads import abort_headers, upload_id_of
from portico_server.objects.faces.s3.request import S3Request
from portico_server.objects.faces.s3.writing_xml import boolean, element, optional
from portico_server.platform.faces import FaceResponse

_MOST = 1000


async def list_parts(request: S3Request) -> FaceResponse:
    most = min(request.number("max-parts", _MOST), _MOST)
    marker = request.number("part-number-marker", 0)
    message = uploads_pb2.ListPartsRequest(
        parent=request.object_name,
        upload_id=upload_id_of(request),
        page_size=max(most, 1),
        start_after=min(marker, MAX_PART_NUMBER),
    )
    page = await request.call("ListParts", message)
    encode, encoding = encoding_of(request)
    parts = page.parts if most else ()
    more = bool(most and page.next_page_token)
    content = element("Bucket", request.bucket) + optional("EncodingType", encoding)
    content += element("Key", encode(request.key)) + element("UploadId", message.upload_id)
    content += _principal(page.upload.principal, "Initiator") + owner_element(request.account)
    content += element("StorageClass", "STANDARD") + element("PartNumberMarker", marker)
    content += element("NextPartNumberMarker", parts[-1].number if parts else 0)
    content += element("MaxParts", most) + boolean("IsTruncated", more)
    if page.upload.checksum_algorithm:
        content += element("ChecksumAlgorithm", checksum_headers.algorithm_name(page.upload.checksum_algorithm))
        content += element("ChecksumType", checksum_headers.type_name(page.upload.checksum_type))
    for part in parts:
        when = object_headers.iso_time(part.create_time.seconds, part.create_time.nanos)
        content += "<Part>" + element("PartNumber", part.number) + element("LastModified", when)
        content += element("ETag", f'"{part.etag}"') + element("Size", part.size_bytes)
        content += checksum_headers.answer_elements(part.checksums, with_type=False) + "</Part>"
    return xml(request, "ListPartsResult", content, abort_headers(page.upload))


async def list_uploads(request: S3Request) -> FaceResponse:
    encode, encoding = encoding_of(request)
    prefix, delimiter = request.query.get("prefix", ""), request.query.get("delimiter", "")
    key_marker, id_marker = request.query.get("key-marker", ""), request.query.get("upload-id-marker", "")
    most = min(request.number("max-uploads", _MOST), _MOST)
    message = uploads_pb2.ListMultipartUploadsRequest(
        parent=request.bucket_name,
        page_size=max(most, 1),
        prefix=prefix,
        delimiter=delimiter,
        start_after=key_marker,
        start_after_upload_id=id_marker if key_marker else "",
        start_behind_prefix=True,
    )
    page = await request.call("ListMultipartUploads", message)
    if not most:
        page = uploads_pb2.ListMultipartUploadsResponse()
    more = bool(page.next_page_token)
    content = element("Bucket", request.bucket) + element("KeyMarker", encode(key_marker))
    content += element("UploadIdMarker", id_marker) + element("Prefix", encode(prefix))
    content += optional("Delimiter", encode(delimiter)) + optional("EncodingType", encoding)
    if more:
        last_key = key_of(page.uploads[-1].name) if page.uploads else ""
        last_prefix = page.prefixes[-1] if page.prefixes else ""
        content += element("NextKeyMarker", encode(max(last_key, last_prefix)))
        content += element("NextUploadIdMarker", page.uploads[-1].upload_id if last_key > last_prefix else "")
    content += element("MaxUploads", most) + boolean("IsTruncated", more)
    for upload in page.uploads:
        when = object_headers.iso_time(upload.create_time.seconds, upload.create_time.nanos)
        content += "<Upload>" + element("Key", encode(key_of(upload.name))) + element("UploadId", upload.upload_id)
        content += _principal(upload.principal, "Initiator") + owner_element(request.account)
        content += element("StorageClass", "STANDARD") + element("Initiated", when)
        if upload.checksum_algorithm:
            content += element("ChecksumAlgorithm", checksum_headers.algorithm_name(upload.checksum_algorithm))
            content += element("ChecksumType", checksum_headers.type_name(upload.checksum_type))
        content += "</Upload>"
    content += "".join(
        f"<CommonPrefixes>{element('Prefix', encode(found))}</CommonPrefixes>" for found in page.prefixes
    )
    return xml(request, "ListMultipartUploadsResult", content)


def _principal(name: str, root: str) -> str:
    return f"<{root}>{element('ID', name)}{element('DisplayName', name.rpartition('/')[2])}</{root}>"
