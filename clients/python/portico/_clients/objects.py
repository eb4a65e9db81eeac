"""Objects of the object storage. A bucket is given by its id, or by its full name for another account's.

Bytes are checked end to end. A put from memory sends its MD5 first: the platform stores nothing that differs. A put
from a file or an iterable computes the MD5 on the way and compares it with what the platform stored (DataLoss if it
differs; the object is there then). A get of a whole object is compared with the digest that the platform holds.
Digests of your own, given as `checksums`, are always checked by the platform before anything is stored.
"""

from __future__ import annotations

import contextlib
import mimetypes
import os
import uuid
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from pathlib import Path

from portico._checksums import md5
from portico._clients.object_download import AsyncObjectReader, Download, ObjectReader, read_whole
from portico._clients.object_marks import ObjectMarks
from portico._clients.object_parts import LARGE_BYTES, PartsDownload, PartsUpload, Target
from portico._clients.object_upload import Progress, Upload
from portico._clients.uploads import UploadMarks
from portico._methods import method
from portico._names import name_of, text
from portico._paging import Paging
from portico._services import AsyncService, SyncService, listing, operation
from portico._sources import BytesSource, Data, PathSource, Source, source_of
from portico._steps import Steps, blocking, run, run_async
from portico._targets import is_stream, written
from portico.objects.v1 import objects_pb2
from portico.objects.v1.objects_pb2 import (
    ChecksumAlgorithm,
    Checksums,
    Conditions,
    DeleteObjectResponse,
    Object,
    ObjectMetadata,
    ObjectPart,
    Retention,
)

_SERVICE = "/portico.objects.v1.ObjectService/"
_PUT_OBJECT = method(_SERVICE + "PutObject", objects_pb2.PutObjectResponse)
_HEAD_OBJECT = method(_SERVICE + "HeadObject", objects_pb2.HeadObjectResponse)
_LIST_OBJECTS = method(_SERVICE + "ListObjects", objects_pb2.ListObjectsResponse)
_LIST_OBJECT_VERSIONS = method(_SERVICE + "ListObjectVersions", objects_pb2.ListObjectVersionsResponse)
_LIST_OBJECT_PARTS = method(_SERVICE + "ListObjectParts", objects_pb2.ListObjectPartsResponse)
_DELETE_OBJECT = method(_SERVICE + "DeleteObject", objects_pb2.DeleteObjectResponse)
_DELETE_OBJECTS = method(_SERVICE + "DeleteObjects", objects_pb2.DeleteObjectsResponse)
_COPY_OBJECT = method(_SERVICE + "CopyObject", objects_pb2.CopyObjectResponse)
MOST_DELETED_AT_ONCE = 1000


class _Objects(ObjectMarks):
    def _name(self, bucket: str, key: str) -> str:
        return f"{name_of(self.session.account, 'buckets', bucket)}/objects/{text(key)}"

    @operation
    def put(
        self,
        bucket: str,
        key: str,
        data: Data,
        *,
        content_type: str = "",
        metadata: Mapping[str, str] | ObjectMetadata | None = None,
        checksums: Checksums | None = None,
        checksum_algorithms: Iterable[ChecksumAlgorithm] = (),
        tags: Mapping[str, str] | None = None,
        retention: Retention | None = None,
        legal_hold: bool = False,
        conditions: Conditions | None = None,
        overwrite: bool = True,
        progress: Progress | None = None,
    ) -> Steps[Object]:
        """Stores an object; answers it as it was stored. Nothing is visible before all of it has arrived.

        Args:
            data: bytes, a `pathlib.Path`, an open binary file, or an iterable of bytes.
            content_type: the media type; for a path guessed from its name if left out.
            metadata: the user's own (a mapping), or all that can be said of an object.
            checksums: digests that the bytes must have, else nothing is stored.
            checksum_algorithms: digests to make and keep besides.
            tags: its tags.
            retention: until when this version may not be deleted, where the bucket has object lock.
            legal_hold: it may not be deleted until that is taken back (`set_legal_hold`).
            conditions: what must hold of the object that this replaces.
            overwrite: False: fail if there is one already.
            progress: told how many bytes were sent so far.

        Raises:
            FailedPrecondition: (`OBJECT_EXISTS`, `ETAG_MISMATCH`, `MODIFIED`) a condition does not hold.
            InvalidArgument: (`BAD_DIGEST`) a checksum does not agree.
            NotFound: (`BUCKET_NOT_FOUND`).
            DataLoss: other bytes were stored than sent.
        """
        source = source_of(data)
        first = self._first(bucket, key, source, content_type, metadata, conditions, overwrite)
        also = objects_pb2.PutObjectRequest(
            checksums=checksums,
            checksum_algorithms=checksum_algorithms,
            tags=tags,
            retention=retention,
            legal_hold=legal_hold,
        )
        first.MergeFrom(also)
        return (yield from self._put(first, source, progress))

    def _first(
        self,
        bucket: str,
        key: str,
        source: Source,
        content_type: str,
        metadata: Mapping[str, str] | ObjectMetadata | None,
        conditions: Conditions | None,
        overwrite: bool,
    ) -> objects_pb2.PutObjectRequest:
        """What says of an object what it is to be."""
        first = objects_pb2.PutObjectRequest(name=self._name(bucket, key), conditions=conditions)
        _describe(first.metadata, metadata, content_type, source)
        if not overwrite:
            first.conditions.if_none_match.append("*")
        return first

    def _put(self, first: objects_pb2.PutObjectRequest, source: Source, progress: Progress | None) -> Steps[Object]:
        if source.size_bytes is not None:
            first.size_bytes = source.size_bytes
        if isinstance(source, BytesSource) and not first.checksums.md5:
            first.checksums.md5 = (yield blocking(md5, source.data)).digest()
        first.request_id = str(uuid.uuid4())
        upload = Upload(first, source, progress)
        seconds = self.session.options.transfer_timeout_seconds
        called = _PUT_OBJECT
        response = yield from self.session.exchange(called, upload, seconds, source.replayable)
        upload.check(response.object)
        return response.object

    @operation
    def upload(
        self,
        bucket: str,
        key: str,
        data: Data,
        *,
        content_type: str = "",
        metadata: Mapping[str, str] | ObjectMetadata | None = None,
        tags: Mapping[str, str] | None = None,
        retention: Retention | None = None,
        legal_hold: bool = False,
        conditions: Conditions | None = None,
        overwrite: bool = True,
        progress: Progress | None = None,
        part_bytes: int = 0,
        parallel: int = 4,
        resume: str | os.PathLike[str] | None = None,
    ) -> Steps[Object]:
        """Stores an object of any size: a large one, or one whose size is not known, in parts, several at once. Nothing
        is visible before all of it has arrived. Answers the object.

        Args:
            data: a `pathlib.Path`, or all else that `put` takes, but for asynchronous iterables.
            tags, retention, legal_hold: as in `put`. One that is gone on with (`resume`) has those of its beginning.
            part_bytes: of each part; 0: 16 MiB, or more where 10,000 such parts would not be enough. So many times
                `parallel` bytes are held in memory.
            parallel: how many parts are sent at once.
            resume: a file in which is kept what makes it possible to go on with an upload that broke off: the same call
                sends only the parts that are missing, or are others than the file's. Of a path alone; the file is
                removed at the end. Without it an upload that fails is given up.

        Raises:
            What `put` raises; DataLoss (`SOURCE_CHANGED`) where the file changed meanwhile.
        """
        source = source_of(data)
        first = self._first(bucket, key, source, content_type, metadata, conditions, overwrite)
        kept = Path(resume) if resume is not None else None
        is_small = source.size_bytes is not None and source.size_bytes < LARGE_BYTES
        if is_small and not part_bytes and (kept is None or not kept.exists()):
            first.MergeFrom(objects_pb2.PutObjectRequest(tags=tags, retention=retention, legal_hold=legal_hold))
            return (yield from self._put(first, source, progress))
        marks = UploadMarks(tags, retention, legal_hold)
        target = Target(first.name, first.metadata, first.conditions, marks)
        upload = PartsUpload(self.session, target, source, part_bytes, parallel, kept, progress)
        return (yield from upload.steps())

    @operation
    def read(
        self,
        bucket: str,
        key: str,
        *,
        version_id: str = "",
        offset_bytes: int = 0,
        limit_bytes: int = 0,
        conditions: Conditions | None = None,
    ) -> Steps[bytes]:
        """The bytes of an object, or of a range of it, in memory. Takes and raises what `get` does."""

        def take(download: Download) -> Steps[bytes]:
            chunks = []
            while chunk := (yield from download.chunk()):
                chunks.append(chunk)
            return b"".join(chunks)

        request = self._get(bucket, key, version_id, offset_bytes, limit_bytes, conditions)
        return (yield from read_whole(self.session, request, take))

    @operation
    def download(
        self,
        bucket: str,
        key: str,
        path: str | os.PathLike[str],
        *,
        version_id: str = "",
        conditions: Conditions | None = None,
        progress: Progress | None = None,
        parallel: int = 4,
    ) -> Steps[Object]:
        """Reads an object into a file; answers the object. The file appears whole and checked, or not at all.

        Args:
            path: the file; one that is there is replaced at the end, behind a symbolic link too. A device, a pipe or
                an open descriptor (`/dev/stdout`) is written into as bytes come.
            progress: told how many bytes have arrived so far.
            parallel: how many parts of a large object are read at once, if it was uploaded in parts.

        Raises:
            What `get` does; DataLoss; OSError for the file.
        """
        target = Path(path)
        stream = is_stream(target)

        def take(download: Download) -> Steps[Object]:
            found = download.object
            with contextlib.ExitStack() as stack:
                opened = written(target, stream=stream)
                if stream:  # to open a pipe waits for its reader
                    file = yield blocking(stack.enter_context, opened)
                else:  # in one step with the rest, so that whoever is stopped here knows of the file and removes it
                    file = stack.enter_context(opened)
                if parallel > 1 and not stream and found.parts_count > 1 and found.size_bytes >= LARGE_BYTES:
                    download.close()
                    yield from PartsDownload(self.session, request.name, found, file, parallel, progress).steps()
                    return found
                while chunk := (yield from download.chunk()):
                    yield blocking(file.write, chunk)
                    if progress is not None:
                        progress(download.received_bytes)
            return found

        request = self._get(bucket, key, version_id, 0, 0, conditions)
        return (yield from read_whole(self.session, request, take, repeatable=not stream))

    @operation
    def head(
        self, bucket: str, key: str, *, version_id: str = "", conditions: Conditions | None = None
    ) -> Steps[Object]:
        """An object without its bytes. Raises NotFound, FailedPrecondition."""
        request = objects_pb2.HeadObjectRequest(
            name=self._name(bucket, key), version_id=version_id, conditions=conditions
        )
        response = yield from self.session.call(_HEAD_OBJECT, request)
        return response.object

    @listing
    def list(
        self,
        bucket: str,
        *,
        prefix: str = "",
        delimiter: str = "",
        start_after: str = "",
        start_behind_prefix: bool = False,
        page_size: int = 0,
    ) -> Paging[Object, objects_pb2.ListObjectsResponse]:
        """The current objects of a bucket by key, in the order of their UTF-8 bytes.

        Args:
            prefix: only keys that begin with it.
            delimiter: keys that share what stands up to the first one behind the prefix are left out; `pages()` has
                those common beginnings as `prefixes`.
            start_after: only keys behind this one.
            start_behind_prefix: leave out the common beginning that `start_after` is, or begins with.
        """
        request = objects_pb2.ListObjectsRequest(
            parent=name_of(self.session.account, "buckets", bucket),
            prefix=prefix,
            delimiter=delimiter,
            start_after=start_after,
            start_behind_prefix=start_behind_prefix,
            page_size=page_size,
        )
        return Paging(_LIST_OBJECTS, request, "objects")

    @listing
    def versions(
        self,
        bucket: str,
        *,
        prefix: str = "",
        delimiter: str = "",
        start_after: str = "",
        start_after_version_id: str = "",
        start_behind_prefix: bool = False,
        page_size: int = 0,
    ) -> Paging[Object, objects_pb2.ListObjectVersionsResponse]:
        """All versions and delete markers of a bucket by key, the newest of a key first.

        Args:
            start_after_version_id: also what is older than this version of `start_after`.
            Others: as in `list`.
        """
        request = objects_pb2.ListObjectVersionsRequest(
            parent=name_of(self.session.account, "buckets", bucket),
            prefix=prefix,
            delimiter=delimiter,
            start_after=start_after,
            start_after_version_id=start_after_version_id,
            start_behind_prefix=start_behind_prefix,
            page_size=page_size,
        )
        return Paging(_LIST_OBJECT_VERSIONS, request, "objects")

    @listing
    def parts(
        self, bucket: str, key: str, *, version_id: str = "", page_size: int = 0
    ) -> Paging[ObjectPart, objects_pb2.ListObjectPartsResponse]:
        """The parts of which an object was made, by number; none if it was put in one piece."""
        request = objects_pb2.ListObjectPartsRequest(
            parent=self._name(bucket, key), version_id=version_id, page_size=page_size
        )
        return Paging(_LIST_OBJECT_PARTS, request, "parts")

    @operation
    def delete(
        self,
        bucket: str,
        key: str,
        *,
        version_id: str = "",
        conditions: Conditions | None = None,
        bypass_governance: bool = False,
    ) -> Steps[DeleteObjectResponse]:
        """Deletes an object, or for good one version of it. To delete what is not there succeeds.

        With `bypass_governance` also a version whose retention in GOVERNANCE mode lasts. Raises FailedPrecondition
        (`OBJECT_LOCKED`) for a version under retention or legal hold.
        """
        request = objects_pb2.DeleteObjectRequest(
            name=self._name(bucket, key),
            version_id=version_id,
            conditions=conditions,
            bypass_governance=bypass_governance,
        )
        return (yield from self.session.call(_DELETE_OBJECT, request))

    @operation
    def delete_many(
        self, bucket: str, keys: Iterable[str | tuple[str, str]], *, bypass_governance: bool = False
    ) -> Steps[Sequence[DeleteObjectResponse]]:
        """Deletes any number of objects of a bucket, 1,000 a call; each call's all or none. Answers one result a key.

        Args:
            keys: keys, or pairs of key and version id.
            bypass_governance: as in `delete`.
        """
        results: list[DeleteObjectResponse] = []
        rest = iter(keys)
        while some := list(islice(rest, MOST_DELETED_AT_ONCE)):
            parent = name_of(self.session.account, "buckets", bucket)
            request = objects_pb2.DeleteObjectsRequest(parent=parent, bypass_governance=bypass_governance)
            for entry in some:
                key, version_id = (entry, "") if isinstance(entry, str) else entry
                request.objects.add(name=self._name(bucket, key), version_id=version_id)
            response = yield from self.session.call(_DELETE_OBJECTS, request)
            results.extend(response.results)
        return results

    @operation
    def copy(
        self,
        source_bucket: str,
        source_key: str,
        bucket: str,
        key: str,
        *,
        source_version_id: str = "",
        metadata: ObjectMetadata | None = None,
        checksum_algorithms: Iterable[ChecksumAlgorithm] = (),
        tags: Mapping[str, str] | None = None,
        retention: Retention | None = None,
        legal_hold: bool = False,
        source_conditions: Conditions | None = None,
        conditions: Conditions | None = None,
    ) -> Steps[Object]:
        """Copies an object on the platform; answers the new one.

        Args:
            metadata: the new object's; the source's if left out.
            checksum_algorithms: digests to make and keep besides those of the source.
            tags: the new object's; the source's if left out.
            retention, legal_hold: as in `put`; the source's are not taken over.
            source_conditions: what must hold of the source.
            conditions: what must hold of the object that this replaces.
        """
        request = objects_pb2.CopyObjectRequest(
            name=self._name(bucket, key),
            source=self._name(source_bucket, source_key),
            source_version_id=source_version_id,
            metadata=metadata,
            checksum_algorithms=checksum_algorithms,
            tags=tags,
            replace_tags=tags is not None,
            retention=retention,
            legal_hold=legal_hold,
            source_conditions=source_conditions,
            conditions=conditions,
        )
        response = yield from self.session.call(_COPY_OBJECT, request)
        return response.object

    def _get(
        self, bucket: str, key: str, version_id: str, offset_bytes: int, limit_bytes: int, conditions: Conditions | None
    ) -> objects_pb2.GetObjectRequest:
        return objects_pb2.GetObjectRequest(
            name=self._name(bucket, key),
            version_id=version_id,
            offset_bytes=offset_bytes,
            limit_bytes=limit_bytes,
            conditions=conditions,
        )


class Objects(_Objects, SyncService):
    """Objects, for threads."""

    def get(
        self,
        bucket: str,
        key: str,
        *,
        version_id: str = "",
        offset_bytes: int = 0,
        limit_bytes: int = 0,
        conditions: Conditions | None = None,
    ) -> ObjectReader:
        """Opens an object, or a range of it, for reading.

        Args:
            version_id: which version; the current one if left out.
            offset_bytes: where to begin; negative: so many bytes before the end.
            limit_bytes: how many bytes at most; 0: to the end.
            conditions: what must hold.

        Raises:
            NotFound: (`OBJECT_NOT_FOUND`, `VERSION_NOT_FOUND`, `BUCKET_NOT_FOUND`).
            FailedPrecondition: (`NOT_MODIFIED`, `ETAG_MISMATCH`, `MODIFIED`).
            OutOfRange: (`INVALID_RANGE`).
        """
        download = Download(self.session, self._get(bucket, key, version_id, offset_bytes, limit_bytes, conditions))
        return ObjectReader(run(download.begin(), self.session.transport), self.session)


class AsyncObjects(_Objects, AsyncService):
    """Objects, for asyncio."""

    async def get(
        self,
        bucket: str,
        key: str,
        *,
        version_id: str = "",
        offset_bytes: int = 0,
        limit_bytes: int = 0,
        conditions: Conditions | None = None,
    ) -> AsyncObjectReader:
        """Opens an object, or a range of it, for reading. Takes and raises what `Objects.get` does."""
        download = Download(self.session, self._get(bucket, key, version_id, offset_bytes, limit_bytes, conditions))
        return AsyncObjectReader(await run_async(download.begin(), self.session.transport), self.session)


def _describe(
    target: ObjectMetadata, metadata: Mapping[str, str] | ObjectMetadata | None, content_type: str, source: Source
) -> None:
    """Fills an object's metadata from what the caller gave."""
    if isinstance(metadata, ObjectMetadata):
        target.CopyFrom(metadata)
    elif metadata is not None:
        target.custom.update(metadata)
    if content_type:
        target.content_type = content_type
    if not target.content_type and isinstance(source, PathSource):
        target.content_type = mimetypes.guess_type(source.path.name)[0] or ""
