"""The object that parts make: which of an upload's parts it has, its size, its ETag, its digest. Pure arithmetic."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from portico.objects.v1 import objects_pb2
from portico_server.objects import errors
from portico_server.objects.content import checksums
from portico_server.objects.content.checksums import Digests
from portico_server.objects.content.incoming import MAX_OBJECT_BYTES
from portico_server.objects.names import ObjectName
from portico_server.objects.records import Part, Upload

MIN_PART_BYTES = 5 << 20
"""Of every part but the last."""
MAX_PART_BYTES = 5 << 30
MAX_PARTS = 10_000


@dataclass(frozen=True, slots=True)
class NamedPart:
    """A part as a caller names it: its ETag and digests must be these; empty: whichever they are."""

    number: int
    etag: str = ""
    digests: Digests = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Announced:
    """What a caller says of the object. `type` is the contract's number of what the digests are made of; 0: the
    upload's. `parts_have_digests`: each part is named with its own where the object's is made of them."""

    size_bytes: int | None = None
    digests: Digests = field(default_factory=dict)
    type: int = 0
    parts_have_digests: bool = False


@dataclass(frozen=True, slots=True)
class Composed:
    """The object. `left_out` are the ranges of part numbers, the last included, that it does not have."""

    size_bytes: int
    etag: str
    checksums: bytes
    left_out: list[tuple[int, int]]


def etag_of(etags: Sequence[str]) -> str:
    """The MD5 of the parts' MD5s, and their number."""
    joined = bytes.fromhex("".join(etags))
    return f"{hashlib.md5(joined, usedforsecurity=False).hexdigest()}-{len(etags)}"


def compose(
    upload: Upload,
    uploaded: Sequence[Part],
    named: Sequence[NamedPart],
    announced: Announced,
) -> Composed:
    """The object of the parts that are named, of those that were uploaded (by number).

    Some 20 ms for 10,000 parts. Raises InvalidPart, InvalidPartOrder, PartTooSmall, ObjectTooLarge, BadDigest,
    InvalidField.
    """
    name = ObjectName(upload.bucket, upload.key)
    _check_order(named, name)
    by_number = {part.number: part for part in uploaded}
    parts = [_found(by_number, one, name) for one in named]
    _check_sizes(parts, name)
    size_bytes = sum(part.size_bytes for part in parts)
    if size_bytes > MAX_OBJECT_BYTES:
        raise errors.ObjectTooLarge(
            f"the parts have {size_bytes} bytes together; an object may have at most {MAX_OBJECT_BYTES}",
            resource=str(name),
        )
    if announced.size_bytes not in (None, size_bytes):
        raise errors.BadDigest(
            f"the parts have {size_bytes} bytes together where size_bytes says {announced.size_bytes}",
            field="size_bytes",
            resource=str(name),
        )
    algorithm = upload.algorithm
    if announced.parts_have_digests and upload.checksum_type == objects_pb2.CHECKSUM_TYPE_COMPOSITE:
        _check_given(named, algorithm, name)
    digest = _digest(algorithm, upload.checksum_type, parts)
    _check_digest(announced, algorithm, upload.checksum_type, digest, name)
    message = objects_pb2.Checksums(type=objects_pb2.ChecksumType.Name(upload.checksum_type))
    setattr(message, algorithm, digest)
    etag = etag_of([part.etag for part in parts])
    return Composed(size_bytes, etag, message.SerializeToString(), _left_out(uploaded, {one.number for one in named}))


def are_those(parts: Sequence[Part], named: Sequence[NamedPart], name: ObjectName) -> bool:
    """Whether an object that has these parts is made of those that are named."""
    if [part.number for part in parts] != [one.number for one in named]:
        return False
    try:
        for part, one in zip(parts, named, strict=True):
            _found({part.number: part}, one, name)
    except errors.InvalidPart:
        return False
    return True


def _check_order(named: Sequence[NamedPart], name: ObjectName) -> None:
    for place, (one, following) in enumerate(itertools.pairwise(named), 1):
        if following.number <= one.number:
            raise errors.InvalidPartOrder(
                f"parts[{place}] has the number {following.number} behind {one.number}; name them by rising number",
                field=f"parts[{place}].number",
                resource=str(name),
            )


def _found(by_number: Mapping[int, Part], named: NamedPart, name: ObjectName) -> Part:
    part = by_number.get(named.number)
    if part is None:
        raise _invalid(named, "was not uploaded", name)
    if named.etag and _bare(named.etag) != part.etag:
        raise _invalid(named, f"has the ETag {part.etag}, not {_bare(named.etag)}", name)
    if named.digests:
        known = checksums.unpack(part.checksums)
        for algorithm, digest in named.digests.items():
            if known.get(algorithm) != digest:
                found = known[algorithm].hex() if algorithm in known else "not known"
                raise _invalid(named, f"has another {algorithm} than {digest.hex()}: it is {found}", name)
    return part


def _invalid(named: NamedPart, what: str, name: ObjectName) -> errors.InvalidPart:
    return errors.InvalidPart(
        f"part {named.number} {what}; list the upload's parts", resource=str(name), part_number=str(named.number)
    )


def _check_given(named: Sequence[NamedPart], algorithm: str, name: ObjectName) -> None:
    for place, part in enumerate(named):
        if algorithm not in part.digests:
            raise errors.InvalidField(
                f"The upload was created using a {algorithm} checksum. The complete request must include the checksum "
                f"for each part. It was missing for part {part.number} in the request.",
                field=f"parts[{place}].checksums",
                resource=str(name),
            )


def _bare(etag: str) -> str:
    """Clients send it with the quotes of HTTP."""
    return etag.strip().strip('"').lower()


def _check_sizes(parts: Sequence[Part], name: ObjectName) -> None:
    for part in parts[:-1]:
        if part.size_bytes < MIN_PART_BYTES:
            raise errors.PartTooSmall(
                f"part {part.number} has {part.size_bytes} bytes; all but the last need at least {MIN_PART_BYTES}",
                resource=str(name),
                part_number=str(part.number),
                size_bytes=str(part.size_bytes),
                min_size_bytes=str(MIN_PART_BYTES),
                etag=part.etag,
            )


def _digest(algorithm: str, checksum_type: int, parts: Sequence[Part]) -> bytes:
    digests = [checksums.unpack(part.checksums)[algorithm] for part in parts]
    if checksum_type == objects_pb2.CHECKSUM_TYPE_FULL_OBJECT:
        return checksums.combined(algorithm, zip(digests, (part.size_bytes for part in parts), strict=True))
    return checksums.digest_of(algorithm, b"".join(digests))


def _check_digest(announced: Announced, algorithm: str, checksum_type: int, digest: bytes, name: ObjectName) -> None:
    if announced.type not in (0, checksum_type):
        raise errors.InvalidField("checksums.type is not that of the upload", field="checksums.type")
    for given, wanted in announced.digests.items():
        if given != algorithm:
            raise errors.InvalidField(
                f"checksums.{given} cannot be compared: the upload makes {algorithm}", field=f"checksums.{given}"
            )
        if wanted != digest:
            raise errors.BadDigest(
                f"the {algorithm} of the object would be {digest.hex()}, not {wanted.hex()}; the upload is as it was",
                field=f"checksums.{given}",
                resource=str(name),
            )


def _left_out(uploaded: Sequence[Part], numbers: set[int]) -> list[tuple[int, int]]:
    """As few ranges as there can be: each goes on until a part that the object has."""
    ranges: list[tuple[int, int]] = []
    before_has = True
    for part in uploaded:
        has = part.number in numbers
        if not has and before_has:
            ranges.append((part.number, part.number))
        elif not has:
            ranges[-1] = (ranges[-1][0], part.number)
        before_has = has
    return ranges
