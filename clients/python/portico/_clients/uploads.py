"""Multipart uploads, step by step. `client.objects.upload` does all of it by itself."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from portico._checksums import md5
from portico._methods import method
from portico._names import name_of, text
from portico._paging import Paging
from portico._services import AsyncService, Service, SyncService, listing, operation
from portico._session import Session
from portico._sources import CHUNK_BYTES
from portico._steps import Steps, blocking
from portico.errors import DataLoss
from portico.objects.v1 import uploads_pb2
from portico.objects.v1.objects_pb2 import ChecksumAlgorithm, Conditions, Object, ObjectMetadata, ObjectPart, Retention
from portico.objects.v1.uploads_pb2 import Upload, UploadPartRequest

_SERVICE = "/portico.objects.v1.UploadService/"
_CREATE = method(_SERVICE + "CreateMultipartUpload", uploads_pb2.CreateMultipartUploadResponse)
_UPLOAD_PART = method(_SERVICE + "UploadPart", uploads_pb2.UploadPartResponse)
_COPY_PART = method(_SERVICE + "CopyPart", uploads_pb2.CopyPartResponse)
_LIST_PARTS = method(_SERVICE + "ListParts", uploads_pb2.ListPartsResponse)
_LIST = method(_SERVICE + "ListMultipartUploads", uploads_pb2.ListMultipartUploadsResponse)
_COMPLETE = method(_SERVICE + "CompleteMultipartUpload", uploads_pb2.CompleteMultipartUploadResponse)
_ABORT = method(_SERVICE + "AbortMultipartUpload", uploads_pb2.AbortMultipartUploadResponse)


@dataclass(frozen=True, slots=True)
class UploadMarks:
    """With what the object of an upload is marked, besides its metadata."""

    tags: Mapping[str, str] | None = None
    retention: Retention | None = None
    legal_hold: bool = False


class _Uploads(Service):
    @operation
    def create(
        self,
        bucket: str,
        key: str,
        *,
        content_type: str = "",
        metadata: Mapping[str, str] | ObjectMetadata | None = None,
        tags: Mapping[str, str] | None = None,
        retention: Retention | None = None,
        legal_hold: bool = False,
        checksum_algorithm: ChecksumAlgorithm = ChecksumAlgorithm.CHECKSUM_ALGORITHM_UNSPECIFIED,
    ) -> Steps[Upload]:
        """Begins an upload; answers it. `tags`, `retention` and `legal_hold` are the object's, as `put` takes them.
        Raises NotFound (`BUCKET_NOT_FOUND`), FailedPrecondition (`OBJECT_LOCK_DISABLED`), ResourceExhausted
        (`TOO_MANY_UPLOADS`)."""
        described = ObjectMetadata(content_type=content_type)
        if isinstance(metadata, ObjectMetadata):
            described.MergeFrom(metadata)
        elif metadata is not None:
            described.custom.update(metadata)
        name = _name(self.session, bucket, key)
        marks = UploadMarks(tags, retention, legal_hold)
        return (yield from begin(self.session, name, described, checksum_algorithm, marks))

    @operation
    def put_part(self, bucket: str, key: str, upload_id: str, number: int, data: bytes) -> Steps[ObjectPart]:
        """Stores a part, in place of an earlier one of its number; answers it.

        Args:
            number: 1 to 10,000.
            data: 5 MiB at least, but for the last part.

        Raises:
            NotFound: (`UPLOAD_NOT_FOUND`).
            DataLoss: other bytes were stored than sent.
        """
        name = _name(self.session, bucket, key)
        return (yield from put_part(self.session, name, upload_id, number, data))

    @operation
    def copy_part(
        self,
        bucket: str,
        key: str,
        upload_id: str,
        number: int,
        source_bucket: str,
        source_key: str,
        *,
        source_version_id: str = "",
        source_offset_bytes: int = 0,
        source_limit_bytes: int = 0,
    ) -> Steps[ObjectPart]:
        """Makes a part of an object's bytes, or of a range of them (`source_limit_bytes` 0: to the end)."""
        request = uploads_pb2.CopyPartRequest(
            name=_name(self.session, bucket, key),
            upload_id=upload_id,
            part_number=number,
            source=_name(self.session, source_bucket, source_key),
            source_version_id=source_version_id,
            source_offset_bytes=source_offset_bytes,
            source_limit_bytes=source_limit_bytes,
        )
        seconds = self.session.options.transfer_timeout_seconds
        response = yield from self.session.exchange(_COPY_PART, request, seconds, True)
        return response.part

    @listing
    def parts(
        self, bucket: str, key: str, upload_id: str, *, page_size: int = 0
    ) -> Paging[ObjectPart, uploads_pb2.ListPartsResponse]:
        """The parts of an upload, by number."""
        request = uploads_pb2.ListPartsRequest(
            parent=_name(self.session, bucket, key), upload_id=upload_id, page_size=page_size
        )
        return Paging(_LIST_PARTS, request, "parts")

    @listing
    def list(
        self, bucket: str, *, prefix: str = "", delimiter: str = "", page_size: int = 0
    ) -> Paging[Upload, uploads_pb2.ListMultipartUploadsResponse]:
        """The uploads of a bucket that are underway, by key."""
        request = uploads_pb2.ListMultipartUploadsRequest(
            parent=name_of(self.session.account, "buckets", bucket),
            prefix=prefix,
            delimiter=delimiter,
            page_size=page_size,
        )
        return Paging(_LIST, request, "uploads")

    @operation
    def complete(
        self,
        bucket: str,
        key: str,
        upload_id: str,
        parts: Iterable[ObjectPart | int],
        *,
        conditions: Conditions | None = None,
    ) -> Steps[Object]:
        """Makes the object of parts, by rising number; answers it.

        Args:
            parts: as they were answered, or their numbers. Others that were uploaded are left out.
            conditions: what must hold of the object that this replaces.

        Raises:
            InvalidArgument: (`INVALID_PART`, `INVALID_PART_ORDER`, `PART_TOO_SMALL`).
            FailedPrecondition: a condition does not hold; the upload is as it was.
            NotFound: (`UPLOAD_NOT_FOUND`).
        """
        request = uploads_pb2.CompleteMultipartUploadRequest(
            name=_name(self.session, bucket, key), upload_id=upload_id, conditions=conditions
        )
        for part in parts:
            if isinstance(part, int):
                request.parts.add(number=part)
            else:
                request.parts.add(number=part.number, etag=part.etag)
        return (yield from complete(self.session, request))

    @operation
    def abort(self, bucket: str, key: str, upload_id: str) -> Steps[None]:
        """Gives an upload up and frees its parts. Raises NotFound (`UPLOAD_NOT_FOUND`)."""
        yield from abort(self.session, _name(self.session, bucket, key), upload_id)


class Uploads(_Uploads, SyncService):
    """Multipart uploads, for threads."""


class AsyncUploads(_Uploads, AsyncService):
    """Multipart uploads, for asyncio."""


def begin(
    session: Session,
    name: str,
    metadata: ObjectMetadata,
    checksum_algorithm: ChecksumAlgorithm = ChecksumAlgorithm.CHECKSUM_ALGORITHM_UNSPECIFIED,
    marks: UploadMarks | None = None,
) -> Steps[Upload]:
    marks = marks or UploadMarks()
    request = uploads_pb2.CreateMultipartUploadRequest(
        name=name,
        metadata=metadata,
        checksum_algorithm=checksum_algorithm,
        tags=marks.tags,
        retention=marks.retention,
        legal_hold=marks.legal_hold,
        request_id=str(uuid.uuid4()),
    )
    response = yield from session.call(_CREATE, request)
    return response.upload


def put_part(session: Session, name: str, upload_id: str, number: int, data: bytes) -> Steps[ObjectPart]:
    """Sends the MD5 first: the platform keeps nothing that differs."""
    digest = (yield blocking(md5, data)).digest()
    first = UploadPartRequest(name=name, upload_id=upload_id, part_number=number, size_bytes=len(data))
    first.checksums.md5 = digest
    seconds = session.options.transfer_timeout_seconds
    response = yield from session.exchange(_UPLOAD_PART, _Messages(first, data), seconds, True)
    if response.part.etag != digest.hex():
        raise DataLoss(
            f"part {number} of {name} was stored with other bytes than were sent", reason="CHECKSUM_MISMATCH"
        )
    return response.part


def list_parts(session: Session, name: str, upload_id: str) -> Steps[dict[int, ObjectPart]]:
    """All parts of an upload by number."""
    request = uploads_pb2.ListPartsRequest(parent=name, upload_id=upload_id)
    found: dict[int, ObjectPart] = {}
    while True:
        page = yield from session.call(_LIST_PARTS, request)
        found.update((part.number, part) for part in page.parts)
        if not page.next_page_token:
            return found
        request.page_token = page.next_page_token


def complete(session: Session, request: uploads_pb2.CompleteMultipartUploadRequest) -> Steps[Object]:
    """What was complete before is answered again, so it may be repeated."""
    response = yield from session.call(_COMPLETE, request, repeatable=True)
    return response.object


def abort(session: Session, name: str, upload_id: str) -> Steps[None]:
    yield from session.call(_ABORT, uploads_pb2.AbortMultipartUploadRequest(name=name, upload_id=upload_id))


def _name(session: Session, bucket: str, key: str) -> str:
    return f"{name_of(session.account, 'buckets', bucket)}/objects/{text(key)}"


class _Messages:
    """The request stream of a part; may be gone through again."""

    def __init__(self, first: UploadPartRequest, data: bytes) -> None:
        self._first = first
        self._data = data

    def __iter__(self) -> Iterator[UploadPartRequest]:
        for start in range(0, max(1, len(self._data)), CHUNK_BYTES):
            message = UploadPartRequest()
            if not start:
                message.CopyFrom(self._first)
            message.data.data = self._data[start : start + CHUNK_BYTES]
            yield message
