"""GetObjectAttributes."""

from __future__ import annotations

from portico.objects.v1 import objects_pb2
from portico_server.objects.faces.s3 import checksum_headers, object_headers, refused_headers
from portico_server.objects.faces.s3.answers import xml
from portico_server.objects.faces.s3.conditional_headers import conditions_of
from portico_server.objects.faces.s3.refusals import invalid_argument
from portico_server.objects.faces.s3.request import S3Request, number
from portico_server.objects.faces.s3.writing_xml import boolean, element
from portico_server.objects.services.http_dates import http_date
from portico_server.platform.faces import FaceResponse

_HEADER = "x-amz-object-attributes"
_KNOWN = frozenset({"ETag", "Checksum", "ObjectParts", "StorageClass", "ObjectSize"})
_MOST_PARTS = 1000
_MOST_PART_NUMBER = 10_000


async def get_attributes(request: S3Request) -> FaceResponse:
    refused_headers.check_encryption(request.headers)
    given = request.header(_HEADER)
    wanted = {name.strip() for name in given.split(",") if name.strip()}
    if not wanted or not wanted <= _KNOWN:
        raise invalid_argument(_HEADER, given, f"{_HEADER} must name some of {', '.join(sorted(_KNOWN))}")
    message = objects_pb2.HeadObjectRequest(
        name=request.object_name, version_id=request.version_id, conditions=conditions_of(request.headers)
    )
    described = (await request.call("HeadObject", message)).object
    content = ""
    if "ETag" in wanted:
        content += element("ETag", described.etag)
    digest = checksum_headers.answer_elements(described.checksums, described.parts_count)
    if "Checksum" in wanted and digest:
        content += f"<Checksum>{digest}</Checksum>"
    if "ObjectParts" in wanted and described.parts_count:
        content += await _parts(request, described.parts_count)
    if "StorageClass" in wanted:
        content += element("StorageClass", "STANDARD")
    if "ObjectSize" in wanted:
        content += element("ObjectSize", described.size_bytes)
    headers = [("last-modified", http_date(described.create_time.seconds))]
    return xml(
        request, "GetObjectAttributesResponse", content, headers + object_headers.version_header(described.version_id)
    )


async def _parts(request: S3Request, parts_count: int) -> str:
    most = number("x-amz-max-parts", request.header("x-amz-max-parts"), _MOST_PARTS)
    marker = number("x-amz-part-number-marker", request.header("x-amz-part-number-marker"), 0, 0, _MOST_PART_NUMBER)
    message = objects_pb2.ListObjectPartsRequest(
        parent=request.object_name,
        version_id=request.version_id,
        page_size=max(1, min(most, _MOST_PARTS)),
        start_after=marker,
    )
    page = await request.call("ListObjectParts", message)
    parts = list(page.parts) if most else []
    told = (
        "<Part>"
        + checksum_headers.answer_elements(part.checksums, with_type=False)
        + element("PartNumber", part.number)
        + element("Size", part.size_bytes)
        + "</Part>"
        for part in parts
    )
    return (
        "<ObjectParts>"
        + boolean("IsTruncated", bool(most and page.next_page_token))
        + element("MaxParts", min(most, _MOST_PARTS))
        + element("NextPartNumberMarker", parts[-1].number if parts else 0)
        + element("PartNumberMarker", marker)
        + "".join(told)
        + element("PartsCount", parts_count)
        + "</ObjectParts>"
    )
