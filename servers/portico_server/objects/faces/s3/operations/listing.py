"""ListObjects (both versions) and ListObjectVersions.

Where a list stands is told by the last key that was shown, so `marker`, `start-after` and the continuation token are
one thing: `start_after` of the contract, which leaves out the common prefix that it begins with, as S3 does.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterator, Sequence
from functools import cache, partial
from typing import NamedTuple

from portico.objects.v1 import objects_pb2
from portico_server.objects.faces.s3 import checksum_headers, refused_headers
from portico_server.objects.faces.s3.answers import xml, xml_as_written
from portico_server.objects.faces.s3.checksum_headers import shown_in
from portico_server.objects.faces.s3.object_headers import iso_milliseconds
from portico_server.objects.faces.s3.refusals import invalid_argument
from portico_server.objects.faces.s3.request import S3Request, is_version_id
from portico_server.objects.faces.s3.writing_xml import boolean, element, optional, text, url_encoded
from portico_server.objects.records import Version
from portico_server.platform.faces import FaceResponse

MAX_KEYS = 1000
_WRITTEN_AT_ONCE = 200
"""Entries that are written in one go, some 600 us; then others run, and what is written is on its way."""

Encode = Callable[[str], str]
Write = Callable[[Version], str]
Rows = Sequence[Version]
"""What a list shows besides common prefixes. The servicer hands them over as they are: as messages they took longer to
be made and read than to be written as XML."""


class _Asked(NamedTuple):
    """What every list is asked. `encode` is how keys are told."""

    prefix: str
    delimiter: str
    limit: int
    encode: Encode
    encoding: str


async def list_objects(request: S3Request) -> FaceResponse:
    """Version 1."""
    asked = _asked(request)
    marker = request.query.get("marker", "")
    page, rows, last = await _page(request, asked, marker)
    more = bool(page.next_page_token)
    content = element("Name", request.bucket) + _told(asked)
    content += element("Marker", asked.encode(marker)) + element("MaxKeys", asked.limit)
    if more and asked.delimiter:
        content += element("NextMarker", asked.encode(last))
    content += boolean("IsTruncated", more)
    owner = owner_element(request.account)
    return _listed(request, "ListBucketResult", content, page.prefixes, rows, _contents(asked.encode, owner), asked)


async def list_objects_v2(request: S3Request) -> FaceResponse:
    asked = _asked(request)
    token, start_after = request.query.get("continuation-token"), request.query.get("start-after", "")
    page, rows, last = await _page(request, asked, start_after if token is None else _opened(token))
    more = bool(page.next_page_token)
    owner = owner_element(request.account) if request.query.get("fetch-owner", "").lower() == "true" else ""
    content = element("Name", request.bucket) + _told(asked)
    content += element("MaxKeys", asked.limit) + element("KeyCount", len(rows) + len(page.prefixes))
    content += boolean("IsTruncated", more)
    if token is not None:
        content += element("ContinuationToken", token)
    if more:
        content += element("NextContinuationToken", _sealed(last))
    if start_after:
        content += element("StartAfter", asked.encode(start_after))
    return _listed(request, "ListBucketResult", content, page.prefixes, rows, _contents(asked.encode, owner), asked)


async def list_versions(request: S3Request) -> FaceResponse:
    asked = _asked(request)
    key_marker, version_marker = request.query.get("key-marker", ""), request.query.get("version-id-marker", "")
    if "version-id-marker" in request.query and not key_marker:
        raise invalid_argument(
            "version-id-marker", version_marker, "a version-id marker cannot be specified without a key marker"
        )
    if version_marker and not is_version_id(version_marker):
        raise invalid_argument("version-id-marker", version_marker, "Invalid version id specified")
    message = objects_pb2.ListObjectVersionsRequest(
        parent=request.bucket_name,
        page_size=max(asked.limit, 1),
        prefix=asked.prefix,
        delimiter=asked.delimiter,
        start_after=key_marker,
        start_after_version_id=version_marker,
        start_behind_prefix=True,
    )
    taken: list[Rows] = []
    page = await request.call("ListObjectVersions", message, rows=taken)
    if not asked.limit:
        page, taken = objects_pb2.ListObjectVersionsResponse(), [()]
    (rows,) = taken
    more = bool(page.next_page_token)
    content = element("Name", request.bucket) + _told(asked) + element("KeyMarker", asked.encode(key_marker))
    content += element("VersionIdMarker", version_marker) + element("MaxKeys", asked.limit)
    content += boolean("IsTruncated", more)
    if more:
        content += _next_version(rows, page.prefixes, asked.encode)
    owner = owner_element(request.account)
    write = partial(_version, encode=asked.encode, owner=owner)
    return _listed(request, "ListVersionsResult", content, page.prefixes, rows, write, asked)


def _listed(
    request: S3Request, root: str, told: str, prefixes: Sequence[str], rows: Rows, write: Write, asked: _Asked
) -> FaceResponse:
    """The answer: what is `told` of the list, its objects, its common prefixes."""

    def pieces() -> Iterator[str]:
        piece = told
        for start in range(0, len(rows), _WRITTEN_AT_ONCE):
            if start:
                yield piece
                piece = ""
            piece += "".join(map(write, rows[start : start + _WRITTEN_AT_ONCE]))
        yield piece + _prefixes(prefixes, asked)

    if len(rows) <= _WRITTEN_AT_ONCE:
        return xml(request, root, "".join(pieces()))
    return xml_as_written(request, root, pieces())


def owner_element(account: str, name: str = "Owner") -> str:
    """An account, as S3 tells who owns what."""
    return f"<{name}>{element('ID', account)}{element('DisplayName', account)}</{name}>"


def key_of(name: str) -> str:
    """Of `accounts/{account}/buckets/{bucket}/objects/{key}`."""
    return name.split("/", 5)[5]


def encoding_of(request: S3Request) -> tuple[Encode, str]:
    """How keys are told, and the element that says so. Raises ApiError."""
    encoding = request.query.get("encoding-type", "")
    if encoding not in ("", "url"):
        raise invalid_argument("encoding-type", encoding, "invalid Encoding Method specified in Request: it can be url")
    return (url_encoded if encoding else _as_it_is), encoding


def _as_it_is(key: str) -> str:
    return key


def _asked(request: S3Request) -> _Asked:
    refused_headers.check_owner(request)
    encode, encoding = encoding_of(request)
    return _Asked(
        request.query.get("prefix", ""),
        request.query.get("delimiter", ""),
        min(request.number("max-keys", MAX_KEYS), MAX_KEYS),
        encode,
        encoding,
    )


def _told(asked: _Asked) -> str:
    """What the request said, as the answer repeats it."""
    return (
        element("Prefix", asked.encode(asked.prefix))
        + optional("Delimiter", asked.encode(asked.delimiter))
        + optional("EncodingType", asked.encoding)
    )


async def _page(request: S3Request, asked: _Asked, marker: str) -> tuple[objects_pb2.ListObjectsResponse, Rows, str]:
    """The page behind the marker, its objects, and the last key or common prefix in it."""
    message = objects_pb2.ListObjectsRequest(
        parent=request.bucket_name,
        page_size=max(asked.limit, 1),
        prefix=asked.prefix,
        delimiter=asked.delimiter,
        start_after=marker,
        start_behind_prefix=True,
    )
    taken: list[Rows] = []
    page = await request.call("ListObjects", message, rows=taken)
    if not asked.limit:
        return objects_pb2.ListObjectsResponse(), (), ""
    (rows,) = taken
    return page, rows, max(rows[-1].key if rows else "", page.prefixes[-1] if page.prefixes else "")


def _contents(encode: Encode, owner: str) -> Write:
    """Writes an object of a list. `owner`: as an element, or empty."""

    def write(found: Version) -> str:
        key, _, _, _, etag, size_bytes, created_at_us, _, _, checksums, *_ = found
        return (
            f"<Contents><Key>{text(encode(key))}</Key>"
            f"<LastModified>{iso_milliseconds(created_at_us // 1000)}</LastModified>"
            f"<ETag>&quot;{etag}&quot;</ETag><Size>{size_bytes}</Size><StorageClass>STANDARD</StorageClass>"
            f"{_digest(*shown_in(checksums))}{owner}</Contents>"
        )

    return write


def _version(found: Version, encode: Encode, owner: str) -> str:
    named = (
        f"<Key>{text(encode(found.key))}</Key><VersionId>{found.version_id}</VersionId>"
        f"{boolean('IsLatest', bool(found.latest))}"
    )
    if found.marker:
        return f"<DeleteMarker>{named}{_time(found)}{owner}</DeleteMarker>"
    return f"<Version>{named}{_state(found)}{owner}</Version>"


@cache
def _digest(algorithm: str, kind: int) -> str:
    """Which digest there is; the same few elements for all objects."""
    if not algorithm:
        return ""
    name = checksum_headers.type_name(kind)
    return element("ChecksumAlgorithm", algorithm) + element("ChecksumType", name)


def _state(found: Version) -> str:
    return (
        f"{_time(found)}<ETag>&quot;{found.etag}&quot;</ETag>{_digest(*shown_in(found.checksums))}"
        f"<Size>{found.size_bytes}</Size><StorageClass>STANDARD</StorageClass>"
    )


def _time(found: Version) -> str:
    return f"<LastModified>{iso_milliseconds(found.created_at_us // 1000)}</LastModified>"


def _prefixes(prefixes: Sequence[str], asked: _Asked) -> str:
    return "".join(
        f"<CommonPrefixes><Prefix>{text(asked.encode(prefix))}</Prefix></CommonPrefixes>" for prefix in prefixes
    )


def _next_version(rows: Rows, prefixes: Sequence[str], encode: Encode) -> str:
    """The markers with which the list goes on."""
    last_key = rows[-1].key if rows else ""
    last_prefix = prefixes[-1] if prefixes else ""
    if last_prefix > last_key:
        return element("NextKeyMarker", encode(last_prefix))
    return element("NextKeyMarker", encode(last_key)) + element("NextVersionIdMarker", rows[-1].version_id)


def _sealed(last: str) -> str:
    return base64.urlsafe_b64encode(last.encode()).decode()


def _opened(token: str) -> str:
    try:
        if not token:
            raise ValueError
        return base64.b64decode(token, altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        raise invalid_argument("continuation-token", token, "The continuation token provided is incorrect") from None
