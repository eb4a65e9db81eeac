"""Digests in headers: `x-amz-checksum-*`, `Content-MD5`, `x-amz-trailer`, `x-amz-sdk-checksum-algorithm`.

Source: Amazon S3 User Guide, "Checking object integrity in Amazon S3"; RFC 1864.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from functools import cache

from portico.objects.v1 import objects_pb2
from portico_server.objects.faces.s3.refusals import invalid
from portico_server.objects.faces.s3.writing_xml import element

ALGORITHMS = {
    "CRC32": ("crc32", 4),
    "CRC32C": ("crc32c", 4),
    "CRC64NVME": ("crc64nvme", 8),
    "SHA1": ("sha1", 20),
    "SHA256": ("sha256", 32),
}
"""S3's names, with the field of the contract's `Checksums` and the length in bytes."""
MODE = "x-amz-checksum-mode"
ALGORITHM = "x-amz-checksum-algorithm"
TYPE = "x-amz-checksum-type"

_PREFIX = "x-amz-checksum-"
_HEADERS = {f"{_PREFIX}{name.lower()}": name for name in ALGORITHMS}
_SDK = "x-amz-sdk-checksum-algorithm"
_TRAILER = "x-amz-trailer"
_NUMBERS = {
    "CRC32": objects_pb2.CHECKSUM_ALGORITHM_CRC32,
    "CRC32C": objects_pb2.CHECKSUM_ALGORITHM_CRC32C,
    "CRC64NVME": objects_pb2.CHECKSUM_ALGORITHM_CRC64NVME,
    "SHA1": objects_pb2.CHECKSUM_ALGORITHM_SHA1,
    "SHA256": objects_pb2.CHECKSUM_ALGORITHM_SHA256,
}
_TYPES = {
    "FULL_OBJECT": objects_pb2.CHECKSUM_TYPE_FULL_OBJECT,
    "COMPOSITE": objects_pb2.CHECKSUM_TYPE_COMPOSITE,
}


def expected(headers: Mapping[str, str]) -> objects_pb2.Checksums | None:
    """The digests that the headers say the bytes have; None where they say none. Raises ApiError."""
    found: objects_pb2.Checksums | None = None
    given = [header for header in _HEADERS if header in headers]
    if len(given) > 1:
        raise invalid("INVALID_REQUEST", "expecting a single x-amz-checksum- header; several are not allowed")
    if given:
        found = objects_pb2.Checksums()
        _set(found, _HEADERS[given[0]], headers[given[0]], f"the header {given[0]}")
    if "content-md5" in headers:
        found = found or objects_pb2.Checksums()
        found.md5 = _decoded(headers["content-md5"], 16) or _raise_invalid_digest()
    _check_sdk(headers, given)
    return found


def _check_sdk(headers: Mapping[str, str], given: list[str]) -> None:
    """`x-amz-sdk-checksum-algorithm` must be the algorithm of the digest that is there, or will come behind."""
    if _SDK not in headers:
        return
    announced = [*given, headers.get(_TRAILER, "").strip().lower()][0]
    if not announced:
        raise invalid(
            "INVALID_REQUEST",
            f"{_SDK} is there, but no x-amz-checksum- header of the algorithm, and no x-amz-trailer that announces one",
        )
    if _HEADERS.get(announced) != headers[_SDK].strip().upper():
        raise invalid("INVALID_REQUEST", f"the value of {_SDK} is not the algorithm of {announced[:64]}")


def announced_in_trailer(headers: Mapping[str, str]) -> str:
    """S3's name of the algorithm whose digest will come behind the body; empty for none. Raises ApiError."""
    trailer = headers.get(_TRAILER, "").strip().lower()
    if not trailer:
        return ""
    if trailer not in _HEADERS:
        raise invalid("INVALID_REQUEST", f"the value {trailer[:64]!r} of the x-amz-trailer header is invalid")
    return _HEADERS[trailer]


def from_trailer(trailer: Mapping[str, str], algorithm: str) -> objects_pb2.Checksums:
    """The digest that came behind the body. Raises ApiError for what is none."""
    header = f"{_PREFIX}{algorithm.lower()}"
    if header not in trailer:
        raise invalid("MALFORMED_TRAILER_ERROR", f"{header} was announced in x-amz-trailer, but did not come")
    found = objects_pb2.Checksums()
    _set(found, algorithm, trailer[header], f"the trailer {header}")
    return found


def algorithm_value(text: str, header: str = ALGORITHM) -> objects_pb2.ChecksumAlgorithm:
    """The contract's number of an algorithm; 0 for no text. Raises ApiError."""
    if not text:
        return objects_pb2.CHECKSUM_ALGORITHM_UNSPECIFIED
    name = text.upper()
    if name not in ALGORITHMS:
        raise invalid(
            "INVALID_REQUEST", f"the value of {header} must be one of {', '.join(ALGORITHMS)}", argument_name=header
        )
    return _NUMBERS[name]


def algorithm_name(value: int) -> str:
    """S3's name of the contract's number; empty for none."""
    return objects_pb2.ChecksumAlgorithm.Name(value).removeprefix("CHECKSUM_ALGORITHM_") if value else ""


def type_value(text: str) -> objects_pb2.ChecksumType:
    """The contract's number of `FULL_OBJECT` or `COMPOSITE`; 0 for no text. Raises ApiError."""
    if text and text.upper() not in _TYPES:
        raise invalid("INVALID_REQUEST", f"the value of {TYPE} must be FULL_OBJECT or COMPOSITE", argument_name=TYPE)
    return _TYPES[text.upper()] if text else objects_pb2.CHECKSUM_TYPE_UNSPECIFIED


def upload_type(headers: Mapping[str, str]) -> objects_pb2.ChecksumType:
    """What an upload's digest is made of: where only an algorithm is named, of the parts' digests, but for CRC-64/NVME.

    Raises ApiError.
    """
    if TYPE in headers and ALGORITHM not in headers:
        raise invalid("INVALID_REQUEST", f"the header {TYPE} can only be used with the header {ALGORITHM}")
    if TYPE in headers or headers.get(ALGORITHM, "").upper() in ("", "CRC64NVME"):
        return type_value(headers.get(TYPE, ""))
    return objects_pb2.CHECKSUM_TYPE_COMPOSITE


def type_name(value: int) -> str:
    return "COMPOSITE" if value == objects_pb2.CHECKSUM_TYPE_COMPOSITE else "FULL_OBJECT"


_FIELDS = objects_pb2.Checksums.DESCRIPTOR.fields_by_name
_SHOWN = [
    (name, ALGORITHMS[name][0], _FIELDS[ALGORITHMS[name][0]].number)
    for name in ("SHA256", "SHA1", "CRC32C", "CRC32", "CRC64NVME")
]
"""The digests that may be told, of which the first that there is is: name, the field and its number."""
_TYPE_TAG = _FIELDS["type"].number << 3


def shown_algorithm(checksums: objects_pb2.Checksums) -> str:
    """Which digest of an object is told, by S3's name; empty for none.

    Objects have several, S3's one. The last two come without anybody's asking, by the SDKs' default and the platform's;
    another was asked for, perhaps by a copy, which keeps its source's, too.
    """
    return next((name for name, field, _ in _SHOWN if getattr(checksums, field)), "")


def shown_in(checksums: bytes) -> tuple[str, int]:
    """Which digest of an object is told, and its ChecksumType, from the serialized message. Nothing is parsed: of a
    page's objects that took half as long as all else about them."""
    place, fields, kind = 0, 0, 0
    while place < len(checksums):
        tag, following = checksums[place], checksums[place + 1]
        if tag == _TYPE_TAG:
            kind = following  # an enum's value, below 128
            place += 2
        else:
            fields |= 1 << (tag >> 3)
            place += 2 + following  # the digest's length
    return _shown_of(fields), kind


@cache
def _shown_of(fields: int) -> str:
    return next((name for name, _, number in _SHOWN if fields >> number & 1), "")


def _shown(checksums: objects_pb2.Checksums, parts_count: int) -> tuple[str, str]:
    """Name and value of the one that is told; that of a composite one says the number of parts."""
    name = shown_algorithm(checksums)
    if not name:
        return "", ""
    value = base64.b64encode(getattr(checksums, ALGORITHMS[name][0])).decode()
    composite = checksums.type == objects_pb2.CHECKSUM_TYPE_COMPOSITE and parts_count
    return name, f"{value}-{parts_count}" if composite else value


def answer_headers(checksums: objects_pb2.Checksums, parts_count: int = 0) -> list[tuple[str, str]]:
    """The digest and its type, as headers."""
    name, value = _shown(checksums, parts_count)
    return [(f"{_PREFIX}{name.lower()}", value), (TYPE, type_name(checksums.type))] if name else []


def answer_elements(checksums: objects_pb2.Checksums, parts_count: int = 0, *, with_type: bool = True) -> str:
    """The digest and its type, as elements."""
    name, value = _shown(checksums, parts_count)
    if not name:
        return ""
    return element(f"Checksum{name}", value) + (element("ChecksumType", type_name(checksums.type)) if with_type else "")


def expected_element(name: str, text: str) -> tuple[str, bytes]:
    """The contract's field and the digest of an element `ChecksumCRC32`; a composite one's number of parts is left out.

    Raises ApiError.
    """
    field, length = ALGORITHMS[name]
    digest = _decoded(text.partition("-")[0], length)
    if not digest:
        raise invalid("INVALID_REQUEST", f"value for Checksum{name} is invalid")
    return field, digest


def _set(checksums: objects_pb2.Checksums, name: str, text: str, what: str) -> None:
    field, length = ALGORITHMS[name]
    digest = _decoded(text.partition("-")[0], length)
    if not digest:
        raise invalid("INVALID_REQUEST", f"the value of {what} is invalid: it must be the base64 of {length} bytes")
    setattr(checksums, field, digest)


def _decoded(text: str, length: int) -> bytes:
    """The digest; empty for what is none."""
    try:
        digest = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""
    return digest if len(digest) == length else b""


def _raise_invalid_digest() -> bytes:
    raise invalid("INVALID_DIGEST", "the Content-MD5 is not valid: it must be the base64 of 16 bytes (RFC 1864)")
