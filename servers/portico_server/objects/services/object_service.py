"""ObjectService: contract in, domain call, contract out."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from typing import Any

from google.api import httpbody_pb2

from portico.objects.v1 import objects_pb2, objects_pb2_grpc
from portico_server.objects.content import checksums
from portico_server.objects.content.damage import LOST, damaged_by
from portico_server.objects.errors import InvalidField
from portico_server.objects.names import parse_object_name
from portico_server.objects.records import Version
from portico_server.objects.services import caller, headers, messages, request_headers
from portico_server.objects.services.arriving import Arriving, without_data
from portico_server.objects.services.upload_messages import part_messages
from portico_server.objects.versions import listing, marking
from portico_server.objects.versions.deleting import Deleted, Deleting, Target
from portico_server.objects.versions.listing import Listing
from portico_server.objects.versions.marking import Marking
from portico_server.objects.versions.objects import Copied, Copy, Objects, Put
from portico_server.objects.versions.public import check_public, hide_in_list, hide_marks, shown_of
from portico_server.objects.versions.reading import CHUNK_BYTES, Reader, Wanted
from portico_server.objects.versions.version_listing import Start, VersionListing
from portico_server.platform.call import current
from portico_server.platform.clock import Clock
from portico_server.platform.database import Database
from portico_server.platform.paging import PageTokens
from portico_server.platform.requests import Remember, once


class ObjectService(objects_pb2_grpc.ObjectServiceServicer):
    """Reads and writes objects."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        objects: Objects,
        reader: Reader,
        deleting: Deleting,
        marking: Marking,
        listing: Listing,
        versions: VersionListing,
        page_tokens: PageTokens,
    ) -> None:
        self._database = database
        self._clock = clock
        self._objects = objects
        self._reader = reader
        self._deleting = deleting
        self._marking = marking
        self._listing = listing
        self._versions = versions
        self._page_tokens = page_tokens

    async def PutObject(
        self, request_iterator: AsyncIterator[objects_pb2.PutObjectRequest], context: Any
    ) -> objects_pb2.PutObjectResponse:
        first = await anext(aiter(request_iterator), None)
        if first is None:
            raise InvalidField("the stream ended before its first message", field="name")
        request_headers.apply_to_put(first)
        arriving = Arriving(first, request_iterator, caller.beside())
        put = Put(
            parse_object_name(first.name),
            messages.stored_metadata(first.metadata, first.data.content_type),
            arriving.announced,
            messages.conditions_of(first),
            caller.rights(),
            caller.marks_of(first, self._clock),
        )
        parts = arriving.parts()

        def response(version: Version) -> objects_pb2.PutObjectResponse:
            return objects_pb2.PutObjectResponse(object=messages.object_message(put.name.bucket, version))

        if not first.request_id:
            return response(await self._objects.put(put, parts))

        async def mutate(remember: Remember[objects_pb2.PutObjectResponse]) -> objects_pb2.PutObjectResponse:
            return response(await self._objects.put(put, parts, lambda version: remember(response(version))))

        key = caller.request_key(without_data(first))
        return await once(self._database, self._clock, key, objects_pb2.PutObjectResponse, mutate)

    async def GetObject(
        self, request: objects_pb2.GetObjectRequest, context: Any
    ) -> AsyncIterator[objects_pb2.GetObjectResponse]:
        name = parse_object_name(request.name)
        await check_public(self._database, name, request.version_id)
        request_headers.apply_to_read(request)
        wanted = Wanted(
            name,
            request.version_id,
            request.offset_bytes,
            request.limit_bytes,
            messages.conditions_of(request),
            request.part_number,
        )
        if wanted.part_number and (wanted.offset or wanted.limit):
            raise InvalidField("part_number goes without offset_bytes and limit_bytes", field="part_number")
        reading = await self._reader.open(wanted)
        try:
            described = messages.object_message(wanted.name.bucket, reading.version)
            hide_marks(described)
            headers.describe(described, reading.range.length)
            response = objects_pb2.GetObjectResponse(
                data=httpbody_pb2.HttpBody(content_type=described.metadata.content_type, data=reading.data),
                object=described,
                offset_bytes=reading.range.offset,
                length_bytes=reading.range.length,
            )
            if reading.blob is None:
                yield response
                return
            beside = current.get().beside
            async with aclosing(reading.chunks(CHUNK_BYTES)) as chunks:
                async for chunk in chunks:
                    if beside is None:
                        response.data.data = chunk
                    else:
                        beside.append(chunk)
                    del chunk  # else held twice while the client is slow
                    ready = [response]
                    response = objects_pb2.GetObjectResponse()
                    yield ready.pop()
        except LOST as error:
            raise damaged_by(error, wanted.name, wanted.version_id) from None
        finally:
            await reading.close()

    async def HeadObject(self, request: objects_pb2.HeadObjectRequest, context: Any) -> objects_pb2.HeadObjectResponse:
        name = parse_object_name(request.name)
        await check_public(self._database, name, request.version_id)
        request_headers.apply_to_read(request)
        wanted = Wanted(
            name,
            request.version_id,
            conditions=messages.conditions_of(request),
            part_number=request.part_number,
        )
        version = await self._reader.head(wanted)
        response = objects_pb2.HeadObjectResponse(object=messages.object_message(name.bucket, version))
        hide_marks(response.object)
        if wanted.part_number:
            response.part_offset_bytes, response.part_size_bytes = await self._reader.range_of(wanted, version)
        return response

    async def ListObjectParts(
        self, request: objects_pb2.ListObjectPartsRequest, context: Any
    ) -> objects_pb2.ListObjectPartsResponse:
        cursor = self._page_tokens.open(request, caller.principal(), request.page_token)
        name = parse_object_name(request.parent, "parent")
        version = await self._reader.head(Wanted(name, request.version_id))
        behind, limit = max(request.start_after, int(cursor or 0)), listing.page_size(request.page_size)
        parts, cursor_number = await self._listing.parts(version.list_id, behind, limit)
        return objects_pb2.ListObjectPartsResponse(
            parts=await part_messages(parts),
            next_page_token=self._page_tokens.seal(request, caller.principal(), str(cursor_number or "")),
            object=messages.object_message(name.bucket, version),
        )

    async def ListObjects(
        self, request: objects_pb2.ListObjectsRequest, context: Any
    ) -> objects_pb2.ListObjectsResponse:
        cursor = self._page_tokens.open(request, caller.principal(), request.page_token)
        start_after, behind_prefix = request.start_after, request.start_behind_prefix
        wanted = listing.Wanted(
            request.parent,
            await shown_of(self._database, request.parent),
            request.prefix,
            request.delimiter,
            cursor or listing.first_behind(start_after, request.prefix, request.delimiter, behind_prefix),
            listing.page_size(request.page_size),
        )
        page = await self._listing.page(wanted)
        token = self._page_tokens.seal(request, caller.principal(), page.cursor)
        response = objects_pb2.ListObjectsResponse(prefixes=page.prefixes, next_page_token=token)
        if not _handed_over(page.objects):
            await messages.add_objects(response.objects, request.parent, page.objects)
            hide_in_list(response.objects)
        return response

    async def ListObjectVersions(
        self, request: objects_pb2.ListObjectVersionsRequest, context: Any
    ) -> objects_pb2.ListObjectVersionsResponse:
        cursor = self._page_tokens.open(request, caller.principal(), request.page_token)
        wanted = listing.Wanted(
            request.parent,
            caller.shown(),
            request.prefix,
            request.delimiter,
            cursor,
            listing.page_size(request.page_size),
        )
        start = Start(request.start_after, request.start_after_version_id, request.start_behind_prefix)
        page = await self._versions.page(wanted, start)
        token = self._page_tokens.seal(request, caller.principal(), page.cursor)
        response = objects_pb2.ListObjectVersionsResponse(prefixes=page.prefixes, next_page_token=token)
        if not _handed_over(page.versions):
            await messages.add_versions(response.objects, request.parent, page.versions)
        return response

    async def DeleteObject(
        self, request: objects_pb2.DeleteObjectRequest, context: Any
    ) -> objects_pb2.DeleteObjectResponse:
        request_headers.apply_to_write(request)
        bucket, key = parse_object_name(request.name)
        targets = [Target(key, request.version_id)]
        if request.bypass_governance:
            caller.require(caller.BYPASS_GOVERNANCE, request.name, "bypass_governance")
        condition = messages.conditions_of(request)

        async def delete(remember: Remember[objects_pb2.DeleteObjectResponse]) -> objects_pb2.DeleteObjectResponse:
            deleted = await self._deleting.delete(
                bucket,
                targets,
                lambda deleted: remember(messages.deleted_message(deleted[0])),
                condition,
                request.bypass_governance,
            )
            return messages.deleted_message(deleted[0])

        request_key = caller.request_key(request)
        return await once(self._database, self._clock, request_key, objects_pb2.DeleteObjectResponse, delete)

    async def DeleteObjects(
        self, request: objects_pb2.DeleteObjectsRequest, context: Any
    ) -> objects_pb2.DeleteObjectsResponse:
        targets = [_target(request.parent, number, entry) for number, entry in enumerate(request.objects)]
        for entry in request.objects if request.bypass_governance else ():
            caller.require(caller.BYPASS_GOVERNANCE, entry.name, "bypass_governance")

        def response(deleted: Sequence[Deleted]) -> objects_pb2.DeleteObjectsResponse:
            return objects_pb2.DeleteObjectsResponse(results=map(messages.deleted_message, deleted))

        async def delete(remember: Remember[objects_pb2.DeleteObjectsResponse]) -> objects_pb2.DeleteObjectsResponse:
            deleted = await self._deleting.delete(
                request.parent,
                targets,
                lambda deleted: remember(response(deleted)),
                bypasses_governance=request.bypass_governance,
            )
            return response(deleted)

        key = caller.request_key(request)
        return await once(self._database, self._clock, key, objects_pb2.DeleteObjectsResponse, delete)

    async def UpdateObject(
        self, request: objects_pb2.UpdateObjectRequest, context: Any
    ) -> objects_pb2.UpdateObjectResponse:
        fields = frozenset(request.update_mask.paths)
        if marking.LOCKS & fields:
            caller.require(caller.LOCK, request.name, " and ".join(sorted(marking.LOCKS & fields)))
        if request.bypass_governance:
            caller.require(caller.BYPASS_GOVERNANCE, request.name, "bypass_governance")
        name = parse_object_name(request.name)
        wanted = objects_pb2.Object(tags=request.tags, legal_hold=request.legal_hold)
        if request.HasField("retention"):
            wanted.retention.CopyFrom(request.retention)
        change = marking.Change(wanted, fields, request.bypass_governance)
        version = await self._marking.change(Wanted(name, request.version_id), change)
        return objects_pb2.UpdateObjectResponse(object=messages.object_message(name.bucket, version))

    async def CopyObject(self, request: objects_pb2.CopyObjectRequest, context: Any) -> objects_pb2.CopyObjectResponse:
        request_headers.apply_to_write(request)
        copy = Copy(
            parse_object_name(request.name),
            Wanted(
                parse_object_name(request.source, "source"),
                request.source_version_id,
                conditions=messages.conditions_of(request, "source_conditions"),
            ),
            messages.stored_metadata(request.metadata) if request.HasField("metadata") else None,
            messages.conditions_of(request),
            caller.rights(),
            tuple(checksums.NAMES[algorithm] for algorithm in request.checksum_algorithms),
            caller.marks_of(request, self._clock),
            keeps_tags=not request.replace_tags,
        )

        def response(copied: Copied) -> objects_pb2.CopyObjectResponse:
            return objects_pb2.CopyObjectResponse(
                object=messages.object_message(copy.name.bucket, copied.stored),
                source_version_id=copied.source.version_id,
            )

        async def mutate(remember: Remember[objects_pb2.CopyObjectResponse]) -> objects_pb2.CopyObjectResponse:
            return response(await self._objects.copy(copy, lambda copied: remember(response(copied))))

        key = caller.request_key(request)
        return await once(self._database, self._clock, key, objects_pb2.CopyObjectResponse, mutate)


def _handed_over(rows: Sequence[Version]) -> bool:
    """Whether a face takes the rows of a list as they are: it tells of them what S3's lists tell, which is for
    everybody who may list."""
    taken = current.get().rows
    if taken is None:
        return False
    taken.append(rows)
    return True


def _target(bucket: str, number: int, entry: objects_pb2.DeleteObjectsRequest.Entry) -> Target:
    field = f"objects[{number}].name"
    name = parse_object_name(entry.name, field)
    if name.bucket != bucket:
        raise InvalidField(f"{field} is not in the bucket {bucket} of the request", field=field)
    return Target(name.key, entry.version_id)
