"""What operations answer: a document, or nothing but headers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence

from portico_server.objects.faces.s3.error_answers import HOST_ID
from portico_server.objects.faces.s3.request import S3Request
from portico_server.objects.faces.s3.writing_xml import CONTENT_TYPE, document, opening
from portico_server.platform.faces import FaceResponse

Headers = Sequence[tuple[str, str]]


def ids(request: S3Request) -> list[tuple[str, str]]:
    """By which a request is found again: the ray id."""
    return [("x-amz-request-id", request.ray_id), ("x-amz-id-2", HOST_ID)]


def xml(request: S3Request, root: str, content: str, headers: Headers = ()) -> FaceResponse:
    """A document whose root is in S3's namespace."""
    return FaceResponse(200, [CONTENT_TYPE, *ids(request), *headers], document(root, content))


def xml_as_written(request: S3Request, root: str, pieces: Iterator[str]) -> FaceResponse:
    """A long document, of whose content the first pieces are on their way while the others are written. Writing them
    must not fail."""
    return FaceResponse(200, [CONTENT_TYPE, *ids(request)], _parts(root, pieces))


async def _parts(root: str, pieces: Iterator[str]) -> AsyncIterator[bytes]:
    before = opening(root)
    for piece in pieces:
        yield f"{before}{piece}".encode()
        before = ""
        await asyncio.sleep(0)  # others run
    yield f"</{root}>".encode()


def nothing(request: S3Request, status: int = 200, headers: Headers = ()) -> FaceResponse:
    """Headers alone."""
    return FaceResponse(status, [*ids(request), *headers])
