"""The arithmetic of objects made of parts, with parts as large as they may be."""

from __future__ import annotations

import hashlib

import pytest

from portico.objects.v1 import objects_pb2
from portico_server.objects import errors
from portico_server.objects.content import checksums
from portico_server.objects.content.incoming import MAX_OBJECT_BYTES
from portico_server.objects.content.part_lists import PartList
from portico_server.objects.content.ranges import ByteRange
from portico_server.objects.records import Part, Upload
from portico_server.objects.uploads import composing
from portico_server.objects.uploads.composing import Announced, NamedPart, compose

MD5 = hashlib.md5(b"").digest()
ALL = range(1, composing.MAX_PARTS + 1)


def upload(size_bytes: int = 0) -> Upload:
    kind = objects_pb2.CHECKSUM_ALGORITHM_CRC64NVME, objects_pb2.CHECKSUM_TYPE_FULL_OBJECT
    return Upload("accounts/a/buckets/b", "k", "id", 1, 1, "me", 0, size_bytes, *kind, b"", b"")


def part(number: int, size_bytes: int, crc: int = 0) -> Part:
    digests = checksums.pack({"md5": MD5, "crc64nvme": crc.to_bytes(8, "big")})
    return Part(number, f"{number}", MD5.hex(), size_bytes, 1, f"{number}", digests)


def named(numbers: range) -> list[NamedPart]:
    return [NamedPart(number) for number in numbers]


def test_ten_thousand_parts_make_the_largest_object_there_is() -> None:
    size_bytes, rest_bytes = divmod(MAX_OBJECT_BYTES, composing.MAX_PARTS)
    parts = [part(number, size_bytes) for number in ALL]
    parts[-1] = part(composing.MAX_PARTS, size_bytes + rest_bytes)
    made = compose(upload(), parts, named(ALL), Announced(MAX_OBJECT_BYTES))
    assert made.size_bytes == MAX_OBJECT_BYTES
    assert made.etag == f"{hashlib.md5(MD5 * composing.MAX_PARTS).hexdigest()}-10000"
    parts[-1] = part(composing.MAX_PARTS, size_bytes + rest_bytes + 1)
    with pytest.raises(errors.ObjectTooLarge):
        compose(upload(), parts, named(ALL), Announced())


def test_every_part_but_the_last_has_five_mebibytes() -> None:
    least = 5 << 20
    compose(upload(), [part(1, least), part(2, 0)], named(range(1, 3)), Announced())
    with pytest.raises(errors.PartTooSmall, match="part 1 has 5242879"):
        compose(upload(), [part(1, least - 1), part(2, least)], named(range(1, 3)), Announced())


def test_what_is_left_out_is_told_as_ranges() -> None:
    uploaded = [part(number, 5 << 20) for number in (1, 2, 4, 5, 6, 9, 10)]
    chosen = [NamedPart(4), NamedPart(6)]
    assert compose(upload(), uploaded, chosen, Announced()).left_out == [(1, 2), (5, 5), (9, 10)]


def test_a_range_is_found_among_parts_of_terabytes() -> None:
    gibibytes = 5 << 30
    parts = PartList([part(number, gibibytes) for number in range(2, 1002, 2)])
    assert parts.size_bytes == 500 * gibibytes
    assert parts.range_of(1000) == ByteRange(499 * gibibytes, gibibytes)
    assert parts.range_of(3) is None
    found = list(parts.within(ByteRange(gibibytes - 1, gibibytes + 2)))
    assert [(one.piece.file, one.offset, one.length) for one in found] == [
        ("2", gibibytes - 1, 1),
        ("4", 0, gibibytes),
        ("6", 0, 1),
    ]
    assert not list(parts.within(ByteRange(0, 0)))


@pytest.mark.parametrize("algorithm", ["crc32", "crc32c", "crc64nvme"])
def test_digests_of_pieces_are_combined(algorithm: str) -> None:
    pieces = [b"a" * 1000, b"", b"bc", b"d" * 77_777]
    digests = [(checksums.digest_of(algorithm, piece), len(piece)) for piece in pieces]
    assert checksums.combined(algorithm, digests) == checksums.digest_of(algorithm, b"".join(pieces))
