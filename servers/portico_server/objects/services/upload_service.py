"""UploadService: contract in, domain call, contract out."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from portico.objects.v1 import uploads_pb2, uploads_pb2_grpc
from portico_server.objects.errors import InvalidField
from portico_server.objects.names import parse_object_name
from portico_server.objects.records import Upload
from portico_server.objects.services import caller, messages, request_headers, upload_messages
from portico_server.objects.services.arriving import Arriving
from portico_server.objects.text import after
from portico_server.objects.uploads.part_copying import PartCopying
from portico_server.objects.uploads.upload_listing import UploadListing
from portico_server.objects.uploads.upload_listing import Wanted as WantedUploads
from portico_server.objects.uploads.uploads import Completion, NewUpload, Uploads
from portico_server.objects.versions.listing import Listing, first_behind, page_size
from portico_server.objects.versions.reading import Wanted
from portico_server.platform.clock import Clock
from portico_server.platform.database import Database
from portico_server.platform.paging import PageTokens
from portico_server.platform.requests import Remember, once


class UploadService(uploads_pb2_grpc.UploadServiceServicer):
    """Manages multipart uploads."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        uploads: Uploads,
        copying: PartCopying,
        listing: Listing,
        uploads_listing: UploadListing,
        page_tokens: PageTokens,
    ) -> None:
        self._database = database
        self._clock = clock
        self._uploads = uploads
        self._copying = copying
        self._listing = listing
        self._uploads_listing = uploads_listing
        self._page_tokens = page_tokens

    async def CreateMultipartUpload(
        self, request: uploads_pb2.CreateMultipartUploadRequest, context: Any
    ) -> uploads_pb2.CreateMultipartUploadResponse:
        new = NewUpload(
            parse_object_name(request.name),
            caller.principal(),
            messages.stored_metadata(request.metadata),
            caller.marks_of(request, self._clock),
            request.checksum_algorithm,
            request.checksum_type,
            caller.rights(),
        )

        def response(upload: Upload) -> uploads_pb2.CreateMultipartUploadResponse:
            return uploads_pb2.CreateMultipartUploadResponse(upload=upload_messages.upload_message(upload))

        async def create(
            remember: Remember[uploads_pb2.CreateMultipartUploadResponse],
        ) -> uploads_pb2.CreateMultipartUploadResponse:
            return response(await self._uploads.create(new, lambda upload: remember(response(upload))))

        key = caller.request_key(request)
        return await once(self._database, self._clock, key, uploads_pb2.CreateMultipartUploadResponse, create)

    async def UploadPart(
        self, request_iterator: AsyncIterator[uploads_pb2.UploadPartRequest], context: Any
    ) -> uploads_pb2.UploadPartResponse:
        first = await anext(aiter(request_iterator), None)
        if first is None:
            raise InvalidField("the stream ended before its first message", field="name")
        request_headers.apply_to_part(first)
        if not first.upload_id:
            raise InvalidField("upload_id is missing in the first message", field="upload_id")
        if not first.part_number:
            raise InvalidField("part_number is missing in the first message; it is 1 to 10,000", field="part_number")
        upload = await self._uploads.get(parse_object_name(first.name), first.upload_id)
        if first.only_upload_algorithm:
            upload_messages.check_algorithm(first, upload)
        arriving = Arriving(first, request_iterator, caller.beside(), [upload.algorithm])
        part = await self._uploads.put_part(upload, first.part_number, arriving.parts(), arriving.announced)
        return uploads_pb2.UploadPartResponse(part=upload_messages.part_message(part))

    async def CopyPart(self, request: uploads_pb2.CopyPartRequest, context: Any) -> uploads_pb2.CopyPartResponse:
        source = Wanted(
            parse_object_name(request.source, "source"),
            request.source_version_id,
            request.source_offset_bytes,
            request.source_limit_bytes,
            messages.conditions_of(request, "source_conditions"),
        )
        upload = await self._uploads.get(parse_object_name(request.name), request.upload_id)
        copied = await self._copying.copy(upload, request.part_number, source)
        return uploads_pb2.CopyPartResponse(
            part=upload_messages.part_message(copied.part), source_version_id=copied.source.version_id
        )

    async def ListParts(self, request: uploads_pb2.ListPartsRequest, context: Any) -> uploads_pb2.ListPartsResponse:
        cursor = self._page_tokens.open(request, caller.principal(), request.page_token)
        upload = await self._uploads.described(parse_object_name(request.parent, "parent"), request.upload_id)
        behind = max(request.start_after, int(cursor or 0))
        parts, cursor_number = await self._listing.parts(upload.id, behind, page_size(request.page_size))
        return uploads_pb2.ListPartsResponse(
            parts=await upload_messages.part_messages(parts),
            next_page_token=self._page_tokens.seal(request, caller.principal(), str(cursor_number or "")),
            upload=upload_messages.upload_message(upload),
        )

    async def ListMultipartUploads(
        self, request: uploads_pb2.ListMultipartUploadsRequest, context: Any
    ) -> uploads_pb2.ListMultipartUploadsResponse:
        cursor = self._page_tokens.open(request, caller.principal(), request.page_token)
        behind_id, _, first = cursor.partition(":") if cursor else _begin(request)
        wanted = WantedUploads(
            request.parent,
            caller.shown(),
            request.prefix,
            request.delimiter,
            first,
            behind_id,
            page_size(request.page_size),
        )
        page = await self._uploads_listing.page(wanted)
        return uploads_pb2.ListMultipartUploadsResponse(
            uploads=map(upload_messages.upload_message, page.uploads),
            prefixes=page.prefixes,
            next_page_token=self._page_tokens.seal(
                request, caller.principal(), f"{page.behind_id}:{page.first}" if page.first else ""
            ),
        )

    async def CompleteMultipartUpload(
        self, request: uploads_pb2.CompleteMultipartUploadRequest, context: Any
    ) -> uploads_pb2.CompleteMultipartUploadResponse:
        request_headers.apply_to_write(request)
        completion = Completion(
            parse_object_name(request.name),
            request.upload_id,
            await upload_messages.named_parts(request),
            upload_messages.announced_of(request),
            messages.conditions_of(request),
            caller.rights(),
        )
        version = await self._uploads.complete(completion)
        return uploads_pb2.CompleteMultipartUploadResponse(
            object=messages.object_message(completion.name.bucket, version)
        )

    async def AbortMultipartUpload(
        self, request: uploads_pb2.AbortMultipartUploadRequest, context: Any
    ) -> uploads_pb2.AbortMultipartUploadResponse:
        await self._uploads.abort(parse_object_name(request.name), request.upload_id)
        return uploads_pb2.AbortMultipartUploadResponse()


def _begin(request: uploads_pb2.ListMultipartUploadsRequest) -> tuple[str, str, str]:
    """Where a list begins, as a cursor taken apart: an id, behind which to begin in a key, and the key."""
    if not request.start_after:
        return "", "", ""
    first = first_behind(request.start_after, request.prefix, request.delimiter, request.start_behind_prefix)
    if request.start_after_upload_id and first == after(request.start_after):  # no prefix is left out
        return request.start_after_upload_id, "", request.start_after
    return "", "", first
