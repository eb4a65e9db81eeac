"""Between the contract's messages on multipart uploads and the domain's values."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Protocol

from portico.objects.v1 import objects_pb2, uploads_pb2
from portico_server.objects.content import checksums
from portico_server.objects.content.checksums import Digests
from portico_server.objects.errors import InvalidField
from portico_server.objects.names import object_name
from portico_server.objects.records import Part, Upload
from portico_server.objects.services.messages import timestamp
from portico_server.objects.uploads.composing import Announced, NamedPart

_PARTS_AT_ONCE = 200
_DIGESTS = [field.name for field in objects_pb2.Checksums.DESCRIPTOR.fields if field.name != "type"]
_NONE: Digests = {}
_USUAL = checksums.NAMES[objects_pb2.CHECKSUM_ALGORITHM_CRC64NVME]
"""The algorithm of uploads for which none was asked."""


def upload_message(upload: Upload) -> uploads_pb2.Upload:
    message = uploads_pb2.Upload(
        name=object_name(upload.bucket, upload.key),
        upload_id=upload.id,
        principal=upload.principal,
        checksum_algorithm=objects_pb2.ChecksumAlgorithm.Name(upload.checksum_algorithm),
        checksum_type=objects_pb2.ChecksumType.Name(upload.checksum_type),
    )
    message.create_time.seconds, message.create_time.nanos = timestamp(upload.created_at_us)
    if upload.aborts_at_us:
        message.abort_time.seconds, message.abort_time.nanos = timestamp(upload.aborts_at_us)
        message.abort_rule_id = upload.abort_rule_id
    return message


def part_message(part: Part) -> objects_pb2.ObjectPart:
    message = objects_pb2.ObjectPart(number=part.number, size_bytes=part.size_bytes, etag=part.etag)
    message.create_time.seconds, message.create_time.nanos = timestamp(part.created_at_us)
    message.checksums.MergeFromString(part.checksums)
    return message


async def part_messages(parts: Sequence[Part]) -> list[objects_pb2.ObjectPart]:
    """Many of them, letting others run in between."""
    messages = []
    for part in parts:
        messages.append(part_message(part))
        if len(messages) % _PARTS_AT_ONCE == 0:
            await asyncio.sleep(0)
    return messages


async def named_parts(request: uploads_pb2.CompleteMultipartUploadRequest) -> list[NamedPart]:
    """The parts that a completion names, letting others run in between."""
    named = []
    for part in request.parts:
        named.append(NamedPart(part.number, part.etag, _digests(part) if part.HasField("checksums") else _NONE))
        if len(named) % _PARTS_AT_ONCE == 0:
            await asyncio.sleep(0)
    return named


def announced_of(request: uploads_pb2.CompleteMultipartUploadRequest) -> Announced:
    size_bytes = request.size_bytes if request.HasField("size_bytes") else None
    return Announced(size_bytes, _digests(request), request.checksums.type, request.part_checksums_needed)


def check_algorithm(request: uploads_pb2.UploadPartRequest, upload: Upload) -> None:
    """Whether the part's digests, said and announced, are of the upload's algorithm, and whether there is one where the
    object's is to be made of them. Raises InvalidField."""
    if upload.algorithm == _USUAL:
        return
    given = {*_digests(request), *(checksums.NAMES[algorithm] for algorithm in request.checksum_algorithms)} - {"md5"}
    needed = upload.checksum_type == objects_pb2.CHECKSUM_TYPE_COMPOSITE
    if given - {upload.algorithm} or (needed and not given):
        raise InvalidField(
            f"checksum type mismatch occurred, expected checksum type: {upload.algorithm}, actual checksum type: "
            f"{', '.join(sorted(given)) or 'null'}",
            field="checksums",
        )


class _WithChecksums(Protocol):
    @property
    def checksums(self) -> objects_pb2.Checksums: ...


def _digests(message: _WithChecksums) -> Digests:
    return {name: digest for name in _DIGESTS if (digest := getattr(message.checksums, name))}
