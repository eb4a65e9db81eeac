"""ObjectService: contract in, domain call, contract out."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from google.api import httpbody_pb2

from portico.objects.v1 import objects_pb2, objects_pb2_grpc
from portico_server.objects import conditions, listing, messages
from portico_server.objects.buckets import Buckets
from portico_server.objects.errors import InvalidObject
from portico_server.objects.judging import ALL_RIGHTS, CREATE, UPDATE, Rights
from portico_server.objects.listing import Listing
from portico_server.objects.names import parse_object_name
from portico_server.objects.objects import Objects, Put
from portico_server.objects.reading import Reader, Wanted
from portico_server.objects.text import after
from portico_server.objects.visibility import visible_keys
from portico_server.platform import call
from portico_server.platform.paging import PageTokens

MAX_PART_BYTES = 4 * 1024 * 1024
_FIRST_ONLY = ("metadata", "checksums", "conditions", "size_bytes")


class ObjectService(objects_pb2_grpc.ObjectServiceServicer):
    """Reads and writes objects."""

    def __init__(
        self, objects: Objects, reader: Reader, buckets: Buckets, listing: Listing, page_tokens: PageTokens
    ) -> None:
        self._objects = objects
        self._reader = reader
        self._buckets = buckets
        self._listing = listing
        self._page_tokens = page_tokens

    async def PutObject(
        self, request_iterator: AsyncIterator[objects_pb2.PutObjectRequest], context: Any
    ) -> objects_pb2.PutObjectResponse:
        first = await anext(aiter(request_iterator), None)
        if first is None:
            raise InvalidObject("the stream ended before its first message", field="name")
        put = Put(
            parse_object_name(first.name),
            messages.stored_metadata(first.metadata, first.data.content_type),
            messages.announced_of(first),
            messages.conditions_of(first.conditions) if first.HasField("conditions") else conditions.NONE,
            _rights(),
        )
        version = await self._objects.put(put, _parts(first, request_iterator))
        return objects_pb2.PutObjectResponse(object=messages.object_message(put.name.bucket, version))

    async def GetObject(
        self, request: objects_pb2.GetObjectRequest, context: Any
    ) -> AsyncIterator[objects_pb2.GetObjectResponse]:
        wanted = Wanted(
            parse_object_name(request.name),
            request.version_id,
            request.offset_bytes,
            request.limit_bytes,
            messages.conditions_of(request.conditions) if request.HasField("conditions") else conditions.NONE,
        )
        reading = await self._reader.open(wanted)
        try:
            described = messages.object_message(wanted.name.bucket, reading.version)
            response = objects_pb2.GetObjectResponse(
                data=httpbody_pb2.HttpBody(content_type=described.metadata.content_type),
                object=described,
                offset_bytes=reading.range.offset,
                length_bytes=reading.range.length,
            )
            async for chunk in reading.chunks():
                response.data.data = chunk
                yield response
                response = objects_pb2.GetObjectResponse()
            if not reading.range.length:
                yield response
        finally:
            await reading.close()

    async def HeadObject(self, request: objects_pb2.HeadObjectRequest, context: Any) -> objects_pb2.HeadObjectResponse:
        wanted = Wanted(
            parse_object_name(request.name),
            request.version_id,
            conditions=messages.conditions_of(request.conditions)
            if request.HasField("conditions")
            else conditions.NONE,
        )
        version = await self._reader.head(wanted)
        return objects_pb2.HeadObjectResponse(object=messages.object_message(wanted.name.bucket, version))

    async def ListObjects(
        self, request: objects_pb2.ListObjectsRequest, context: Any
    ) -> objects_pb2.ListObjectsResponse:
        await self._buckets.get(request.parent)
        cursor = self._page_tokens.open(request, _principal(), request.page_token)
        page = await self._listing.page(
            listing.Wanted(
                request.parent,
                visible_keys(call.current.get().filter, request.parent),
                request.prefix,
                request.delimiter,
                max(cursor, after(request.start_after)),
                listing.page_size(request.page_size),
            )
        )
        return objects_pb2.ListObjectsResponse(
            objects=[messages.object_message(request.parent, version) for version in page.objects],
            prefixes=page.prefixes,
            next_page_token=self._page_tokens.seal(request, _principal(), page.cursor),
        )

    async def ListObjectVersions(
        self, request: objects_pb2.ListObjectVersionsRequest, context: Any
    ) -> objects_pb2.ListObjectVersionsResponse:
        await self._buckets.get(request.parent)
        page = await self._listing.versions(
            listing.Wanted(
                request.parent,
                visible_keys(call.current.get().filter, request.parent),
                request.prefix,
                cursor=self._page_tokens.open(request, _principal(), request.page_token),
                limit=listing.page_size(request.page_size),
            )
        )
        return objects_pb2.ListObjectVersionsResponse(
            objects=[messages.listed_version_message(request.parent, version) for version in page.versions],
            next_page_token=self._page_tokens.seal(request, _principal(), page.cursor),
        )

    async def DeleteObject(
        self, request: objects_pb2.DeleteObjectRequest, context: Any
    ) -> objects_pb2.DeleteObjectResponse:
        condition = messages.conditions_of(request.conditions) if request.HasField("conditions") else conditions.NONE
        deleted = await self._objects.delete(parse_object_name(request.name), request.version_id, condition)
        return objects_pb2.DeleteObjectResponse(version_id=deleted.version_id, delete_marker=deleted.marker)


def _principal() -> str:
    principal = call.current.get().principal
    return principal.name if principal else ""


def _rights() -> Rights:
    """Which of the permissions that a put or a copy may need the caller holds."""
    held = call.current.get().held
    if CREATE in held and UPDATE in held:
        return ALL_RIGHTS
    return Rights(CREATE in held, UPDATE in held)


async def _parts(
    first: objects_pb2.PutObjectRequest, following: AsyncIterator[objects_pb2.PutObjectRequest]
) -> AsyncIterator[bytes]:
    """The bytes of all messages. What only the first may say, later ones may at most repeat."""
    yield _data(first)
    async for message in following:
        for field in _FIRST_ONLY:
            if message.HasField(field) and getattr(message, field) != getattr(first, field):
                raise InvalidObject(f"{field} belongs into the first message of the stream", field=field)
        yield _data(message)


def _data(message: objects_pb2.PutObjectRequest) -> bytes:
    data: bytes = message.data.data
    if len(data) > MAX_PART_BYTES:
        raise InvalidObject(
            f"a message carries at most {MAX_PART_BYTES} bytes, this one {len(data)}", field="data.data"
        )
    return data
