"""GetObject and HeadObject."""

from __future__ import annotations

from collections.abc import AsyncIterator

from portico.objects.v1 import objects_pb2
from portico_server.objects.faces.s3 import byte_ranges, object_headers, refused_headers
from portico_server.objects.faces.s3.answers import ids
from portico_server.objects.faces.s3.byte_ranges import Range
from portico_server.objects.faces.s3.checksum_headers import MODE
from portico_server.objects.faces.s3.conditional_headers import IF_RANGE, conditions_of, if_range_holds
from portico_server.objects.faces.s3.refusals import invalid
from portico_server.objects.faces.s3.request import S3Request
from portico_server.platform.faces import FaceResponse

MAX_PART_NUMBER = 10_000


async def get_object(request: S3Request) -> FaceResponse:
    refused_headers.check_read(request.headers)
    wanted, part_number = _asked(request)
    if wanted and IF_RANGE in request.headers and not if_range_holds(request.headers, await _described(request)):
        wanted = None
    message = objects_pb2.GetObjectRequest(
        name=request.object_name,
        version_id=request.version_id,
        offset_bytes=wanted.offset if wanted else 0,
        limit_bytes=wanted.limit if wanted else 0,
        conditions=conditions_of(request.headers),
        part_number=part_number,
    )
    beside: list[bytes] = []
    stream = request.stream("GetObject", message, beside)
    first = await anext(stream)
    data = [beside.pop() if beside else first.data.data]
    described, length = first.object, first.length_bytes
    whole = len(data[0]) == length
    if whole:
        await anext(stream, None)  # to its end: else the call would count as one that the caller left
    if wanted and not described.size_bytes:
        raise byte_ranges.not_satisfiable(0)
    headers = _headers(request, described, (first.offset_bytes, length) if wanted or part_number else None, part_number)
    body: bytes | AsyncIterator[bytes] = data[0] if whole else _bytes(data, stream, beside)
    if not whole:
        headers.append(("content-length", str(length)))
    return FaceResponse(206 if length and (wanted or part_number) else 200, headers, body)


async def head_object(request: S3Request) -> FaceResponse:
    refused_headers.check_read(request.headers)
    wanted, part_number = _asked(request)
    message = objects_pb2.HeadObjectRequest(
        name=request.object_name,
        version_id=request.version_id,
        conditions=conditions_of(request.headers),
        part_number=part_number,
    )
    response = await request.call("HeadObject", message)
    described = response.object
    if wanted and not if_range_holds(request.headers, described):
        wanted = None
    part: tuple[int, int] | None = None
    if wanted:
        part = byte_ranges.resolved(wanted, described.size_bytes)
    elif part_number:
        part = response.part_offset_bytes, response.part_size_bytes
    headers = _headers(request, described, part, part_number)
    headers.append(("content-length", str(part[1] if part else described.size_bytes)))
    return FaceResponse(206 if part and part[1] else 200, headers)


async def _described(request: S3Request) -> objects_pb2.Object:
    message = objects_pb2.HeadObjectRequest(name=request.object_name, version_id=request.version_id)
    described: objects_pb2.Object = (await request.call("HeadObject", message)).object
    return described


def _asked(request: S3Request) -> tuple[Range | None, int]:
    """Which bytes, and which part."""
    wanted = byte_ranges.range_of(request.headers["range"]) if "range" in request.headers else None
    if "partNumber" not in request.query:
        return wanted, 0
    if wanted:
        raise invalid("INVALID_REQUEST", "cannot specify both Range header and partNumber query parameter")
    return None, request.number("partNumber", 0, 1, MAX_PART_NUMBER)


def _headers(
    request: S3Request, described: objects_pb2.Object, part: tuple[int, int] | None, part_number: int
) -> list[tuple[str, str]]:
    """`part`: where the bytes begin and how many they are, where they are not all."""
    headers = ids(request) + object_headers.describe(described)
    if part is None:
        if request.headers.get(MODE, "").upper() == "ENABLED":
            headers += object_headers.digest_headers(described)
    elif part[1]:  # no header can tell the range of an empty part
        offset, length = part
        headers.append(("content-range", f"bytes {offset}-{offset + length - 1}/{described.size_bytes}"))
    if request.query.get("versionId") == "null":
        headers.append(("x-amz-version-id", "null"))
    if part_number and described.parts_count:
        headers.append(("x-amz-mp-parts-count", str(described.parts_count)))
    return _overridden(request, headers)


def _overridden(request: S3Request, headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """With the headers that the request says itself, which only signed requests may."""
    said = {
        header: request.query[parameter]
        for parameter, header in object_headers.OVERRIDES.items()
        if parameter in request.query
    }
    if not said:
        return headers
    if not request.signed:
        raise invalid("INVALID_REQUEST", "request specific response headers cannot be used for anonymous GET requests")
    kept = [(name, value) for name, value in headers if name not in said]
    return kept + [(name, object_headers.as_utf8(value)) for name, value in said.items()]


async def _bytes(
    first: list[bytes], stream: AsyncIterator[objects_pb2.GetObjectResponse], beside: list[bytes]
) -> AsyncIterator[bytes]:
    """The bytes of all messages, of which each comes `beside` its message. Holds none while they are on their way: a
    client that is slow would have twice as many held."""
    yield first.pop()
    async for _ in stream:
        yield beside.pop()
