"""Bodies of requests: whole where they are documents, as messages of the contract where they are objects."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any

from portico.objects.v1 import objects_pb2
from portico_server.objects.content.checksums import Hasher
from portico_server.objects.faces.s3 import checksum_headers, reading_xml
from portico_server.objects.faces.s3.reading_xml import Element
from portico_server.objects.faces.s3.refusals import invalid
from portico_server.objects.faces.s3.request import Body, S3Request

MAX_PUT_BYTES = 5 * 1024**3
"""Of one put, or one part, as in S3; larger objects are put in parts."""
MAX_DOCUMENT_BYTES = 8 * 1024**2
"""10,000 parts of an upload with their digests have some 4 MiB."""
_MAX_POLICY_BYTES = 20 * 1024
"""As in S3."""
_MESSAGE_BYTES = 4 * 1024**2
_BESIDE_FIRST_BYTES = 64 * 1024
_HASHED_AT_ONCE_BYTES = 128 * 1024


def size_of(body: Body) -> int:
    """How many bytes an object's body announces. Raises ApiError where it announces none, or too many."""
    if body.size_bytes is None:
        raise invalid("MISSING_CONTENT_LENGTH", "you must provide the Content-Length HTTP header")
    check_size(body.size_bytes)
    return body.size_bytes


def check_size(size_bytes: int) -> None:
    """Whether one put may have so many bytes. Raises ApiError."""
    if size_bytes > MAX_PUT_BYTES:
        raise invalid(
            "ENTITY_TOO_LARGE",
            "your proposed upload exceeds the maximum allowed size of one put; put it in parts",
            proposed_size=str(size_bytes),
            max_size_allowed=str(MAX_PUT_BYTES),
        )


async def messages(first: Any, body: Body, trailer: str, beside: list[bytes]) -> AsyncIterator[Any]:
    """The messages of a put or of a part: the first, which the caller has filled, gets the first bytes of a small body.

    Those of a larger one come `beside` later messages.

    `trailer`: S3's name of the algorithm whose digest comes behind the body; it goes into the last message.
    """
    make, first_waits = type(first), body.size_bytes is not None and body.size_bytes <= _BESIDE_FIRST_BYTES
    if not first_waits:
        yield first
    empty = make()
    async for part in body:
        if first_waits:
            first_waits = False
            first.data.data = part
            yield first
            continue
        pieces = deque(_pieces(part))
        del part  # nothing is held here while the message is taken
        while pieces:
            beside.append(pieces.popleft())
            yield empty
    if trailer:
        last = first if first_waits else make()
        last.checksums.MergeFrom(checksum_headers.from_trailer(body.trailers, trailer))
        yield last
    elif first_waits:
        yield first


async def document(request: S3Request, root: str, *, digest_needed: bool = False) -> Element:
    """The request's body as XML whose root has that name. Raises ApiError."""
    content = await whole(request, digest_needed=digest_needed)
    if not content:
        raise invalid("MISSING_REQUEST_BODY_ERROR", "Request Body is empty")
    return await reading_xml.read(content, root)


async def json_document(request: S3Request) -> tuple[Any, str]:
    """The request's body as JSON, and as it came. Raises ApiError."""
    try:
        content = await whole(request)
        if len(content) > _MAX_POLICY_BYTES:
            raise invalid("MALFORMED_POLICY", f"policies have at most {_MAX_POLICY_BYTES} bytes")
        text = content.decode()
        return json.loads(text), text
    except (ValueError, RecursionError):
        raise invalid("MALFORMED_POLICY", "policies must be valid JSON") from None


async def whole(request: S3Request, *, digest_needed: bool = False, about_object: bool = False) -> bytes:
    """The request's body, if it has the digests that its headers or its trailer say. Raises ApiError.

    `about_object`: digests other than Content-MD5 are not the body's, but those of the object that it speaks of.
    """
    body = request.body()
    headers: Mapping[str, str] = request.headers
    if about_object:
        headers = {name: headers[name] for name in ("content-md5",) if name in headers}
    expected = checksum_headers.expected(headers) or objects_pb2.Checksums()
    trailer = checksum_headers.announced_in_trailer(headers)
    if digest_needed and not trailer and not expected.ByteSize():
        raise invalid(
            "INVALID_REQUEST", "missing required header for this request: Content-MD5, or a header x-amz-checksum-*"
        )
    content = await _read(body)
    if trailer:
        expected.MergeFrom(checksum_headers.from_trailer(body.trailers, trailer))
    if expected.ByteSize():
        await _check(content, expected)
    return content


async def _read(body: Body) -> bytes:
    if body.size_bytes is not None and body.size_bytes > MAX_DOCUMENT_BYTES:
        raise _too_large()
    parts, size_bytes = [], 0
    async for part in body:
        size_bytes += len(part)
        if size_bytes > MAX_DOCUMENT_BYTES:
            raise _too_large()
        parts.append(part)
    return b"".join(parts)


async def _check(content: bytes, expected: objects_pb2.Checksums) -> None:
    given = {field.name: digest for field, digest in expected.ListFields()}
    hasher = Hasher(given)
    for start in range(0, len(content), _HASHED_AT_ONCE_BYTES):
        hasher.update(content[start : start + _HASHED_AT_ONCE_BYTES])
        await asyncio.sleep(0)
    digests = hasher.digests()
    for name, digest in given.items():
        if digests[name] != digest:
            what = "Content-MD5" if name == "md5" else name.upper()
            raise invalid("BAD_DIGEST", f"the {what} you specified did not match the calculated checksum")


def _pieces(part: bytes) -> Iterator[bytes]:
    if len(part) <= _MESSAGE_BYTES:
        yield part
        return
    for start in range(0, len(part), _MESSAGE_BYTES):
        yield part[start : start + _MESSAGE_BYTES]


def _too_large() -> Exception:
    return invalid(
        "MAX_MESSAGE_LENGTH_EXCEEDED", "your request was too big", max_message_length_bytes=str(MAX_DOCUMENT_BYTES)
    )
