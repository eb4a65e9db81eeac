"""Large objects moved in parts, several at once: uploads that can be resumed, and downloads of what was uploaded so."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO

from portico._checksums import md5
from portico._clients.object_download import Download
from portico._clients.object_upload import Progress
from portico._clients.uploads import UploadMarks, abort, begin, complete, list_parts, put_part
from portico._methods import method
from portico._session import Session
from portico._sources import PathSource, Source
from portico._steps import Steps, at_once, blocking
from portico.errors import DataLoss, NotFound, PorticoError
from portico.objects.v1 import objects_pb2
from portico.objects.v1.objects_pb2 import ChecksumAlgorithm, Conditions, Object, ObjectMetadata, ObjectPart
from portico.objects.v1.uploads_pb2 import CompleteMultipartUploadRequest

LARGE_BYTES = 64 << 20
"""From here on an object is moved in parts."""
PART_BYTES = 16 << 20
LEAST_PART_BYTES = 5 << 20
_MOST_PARTS = 10_000
_MEBIBYTE = 1 << 20

_LIST_OBJECT_PARTS = method("/portico.objects.v1.ObjectService/ListObjectParts", objects_pb2.ListObjectPartsResponse)


@dataclass(frozen=True, slots=True)
class Target:
    """What is to be made of the bytes."""

    name: str
    metadata: ObjectMetadata
    conditions: Conditions | None
    marks: UploadMarks


@dataclass(frozen=True, slots=True)
class _State:
    """What is kept of an upload that may be resumed: which it is, and of which state of which file."""

    name: str
    upload_id: str
    part_bytes: int
    file: tuple[int, int, int]

    @classmethod
    def read(cls, path: Path) -> _State | None:
        try:
            kept = json.loads(path.read_text("utf-8"))
            return cls(str(kept["name"]), str(kept["upload_id"]), int(kept["part_bytes"]), tuple(kept["file"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def write(self, path: Path) -> None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        scratch = path.with_name(f"{path.name}.{os.getpid()}")
        scratch.write_text(json.dumps(asdict(self)), "utf-8")
        os.replace(scratch, path)


def part_bytes_of(size_bytes: int | None, wanted_bytes: int) -> int:
    """How large parts are to be, so that 10,000 are enough."""
    least = -(-(size_bytes or 0) // _MOST_PARTS)
    return max(wanted_bytes or PART_BYTES, -(-least // _MEBIBYTE) * _MEBIBYTE, LEAST_PART_BYTES)


class PartsUpload:
    """One upload in parts."""

    def __init__(
        self,
        session: Session,
        target: Target,
        source: Source,
        part_bytes: int,
        parallel: int,
        resume: Path | None,
        progress: Progress | None,
    ) -> None:
        self._session = session
        self._target = target
        self._source = source
        self._part_bytes = part_bytes_of(source.size_bytes, part_bytes)
        self._parallel = parallel
        self._resume = resume if isinstance(source, PathSource) else None
        self._counted = _Counted(progress)
        self._parts: dict[int, ObjectPart] = {}
        self._there: dict[int, ObjectPart] = {}

    def steps(self) -> Steps[Object]:
        """Uploads all of it; answers the object. Where it fails the upload is given up, unless it may be resumed."""
        before = _file_state(self._source)
        upload_id = yield from self._begin(before)
        try:
            yield at_once(self._works(upload_id), self._parallel)
            if _file_state(self._source) != before:
                raise DataLoss(
                    f"the file changed while it was uploaded to {self._target.name}", reason="SOURCE_CHANGED"
                )
            stored = yield from self._complete(upload_id)
        except BaseException as error:
            if self._resume is None or getattr(error, "reason", "") == "SOURCE_CHANGED":
                with contextlib.suppress(PorticoError):
                    yield from abort(self._session, self._target.name, upload_id)
            raise
        if self._resume is not None:
            self._resume.unlink(missing_ok=True)
        return stored

    def _begin(self, file: tuple[int, int, int]) -> Steps[str]:
        kept = _State.read(self._resume) if self._resume is not None else None
        if kept is not None and (kept.name, kept.file) == (self._target.name, file):
            with contextlib.suppress(NotFound):
                self._there = yield from list_parts(self._session, kept.name, kept.upload_id)
                self._part_bytes = kept.part_bytes
                return kept.upload_id
        upload = yield from begin(
            self._session,
            self._target.name,
            self._target.metadata,
            ChecksumAlgorithm.CHECKSUM_ALGORITHM_CRC32,
            self._target.marks,
        )
        if self._resume is not None:
            _State(self._target.name, upload.upload_id, self._part_bytes, file).write(self._resume)
        return upload.upload_id

    def _works(self, upload_id: str) -> Iterator[Steps[None]]:
        """One a part; the bytes of a file are read by the part's own steps, others here."""
        for number, read in enumerate(self._reads(), 1):
            if number > _MOST_PARTS:
                raise ValueError(
                    f"the bytes do not fit into {_MOST_PARTS} parts of {self._part_bytes}: make them larger"
                )
            yield self._put(upload_id, number, read)

    def _reads(self) -> Iterator[Callable[[], bytes]]:
        if isinstance(self._source, PathSource) and self._source.size_bytes is not None:
            path, size_bytes = self._source.path, self._source.size_bytes
            for offset in range(0, max(1, size_bytes), self._part_bytes):
                yield lambda offset=offset: _read(path, offset, self._part_bytes)  # type: ignore[misc]
            return
        for data in _cut(self._source.chunks(), self._part_bytes):
            yield lambda data=data: data  # type: ignore[misc]

    def _put(self, upload_id: str, number: int, read: Callable[[], bytes]) -> Steps[None]:
        data = yield blocking(read)
        part = self._there.get(number)
        if part is None or part.size_bytes != len(data) or part.etag != (yield blocking(_hexadecimal_md5, data)):
            part = yield from put_part(self._session, self._target.name, upload_id, number, data)
        self._parts[number] = part
        self._counted.add(len(data))

    def _complete(self, upload_id: str) -> Steps[Object]:
        request = CompleteMultipartUploadRequest(
            name=self._target.name,
            upload_id=upload_id,
            conditions=self._target.conditions,
            size_bytes=sum(part.size_bytes for part in self._parts.values()),
        )
        for number, part in sorted(self._parts.items()):
            request.parts.add(number=number, etag=part.etag)
        return (yield from complete(self._session, request))


class PartsDownload:
    """One object of many parts, read into a file, each part compared with its MD5."""

    def __init__(
        self, session: Session, name: str, found: Object, file: BinaryIO, parallel: int, progress: Progress | None
    ) -> None:
        self._session = session
        self._name = name
        self._object = found
        self._file = file
        self._parallel = parallel
        self._counted = _Counted(progress)

    def steps(self) -> Steps[None]:
        parts = yield from self._list()
        offsets = itertools.accumulate((part.size_bytes for part in parts), initial=0)
        works = (self._get(part, offset) for part, offset in zip(parts, offsets, strict=False))
        yield at_once(works, self._parallel)

    def _list(self) -> Steps[list[ObjectPart]]:
        request = objects_pb2.ListObjectPartsRequest(parent=self._name, version_id=self._object.version_id)
        parts: list[ObjectPart] = []
        while True:
            page = yield from self._session.call(_LIST_OBJECT_PARTS, request)
            parts += page.parts
            if not page.next_page_token:
                return parts
            request.page_token = page.next_page_token

    def _get(self, part: ObjectPart, offset: int) -> Steps[None]:
        request = objects_pb2.GetObjectRequest(
            name=self._name, version_id=self._object.version_id, part_number=part.number
        )
        request.conditions.if_match.append(self._object.etag)
        for second in (False, True):
            digest, place = md5(), offset
            download = Download(self._session, request, second=second)
            yield from download.begin()
            try:
                while chunk := (yield from download.chunk()):
                    yield blocking(_take, self._file.fileno(), digest, chunk, place)
                    place += len(chunk)
            finally:
                download.close()
            if digest.digest().hex() == part.etag:
                self._counted.add(part.size_bytes)
                return
        raise DataLoss(
            f"{self._name}: twice other bytes came of part {part.number} than were stored", reason="CHECKSUM_MISMATCH"
        )


class _Counted:
    """Tells the progress of all parts together."""

    def __init__(self, progress: Progress | None) -> None:
        self._progress = progress
        self._done_bytes = 0
        self._lock = threading.Lock()

    def add(self, size_bytes: int) -> None:
        with self._lock:
            self._done_bytes += size_bytes
            if self._progress is not None:
                self._progress(self._done_bytes)


def _file_state(source: Source) -> tuple[int, int, int]:
    if not isinstance(source, PathSource):
        return 0, 0, 0
    status = source.path.stat()
    return status.st_ino, status.st_size, status.st_mtime_ns


def _read(path: Path, offset: int, size_bytes: int) -> bytes:
    with path.open("rb", buffering=0) as file:
        file.seek(offset)
        data = file.read(size_bytes)
    return data or b""


def _cut(chunks: Iterator[bytes], part_bytes: int) -> Iterator[bytes]:
    """The same bytes in pieces of `part_bytes`, but for the last; one of no bytes where there are none."""
    held: list[bytes] = []
    held_bytes = 0
    for chunk in chunks:
        held.append(chunk)
        held_bytes += len(chunk)
        while held_bytes >= part_bytes:
            joined = b"".join(held)
            yield joined[:part_bytes]
            held, held_bytes = [joined[part_bytes:]], held_bytes - part_bytes
    yield b"".join(held)


def _hexadecimal_md5(data: bytes) -> str:
    return md5(data).digest().hex()


def _take(descriptor: int, digest: Any, chunk: bytes, offset: int) -> None:
    digest.update(chunk)
    view = memoryview(chunk)
    while view:
        written = os.pwrite(descriptor, view, offset)
        view, offset = view[written:], offset + written
