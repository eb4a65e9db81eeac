"""What headers say of an object: its metadata on the way in, all that is told of it on the way out.

The user's own values are UTF-8 or, as S3 has it, RFC 2047's encoded words; metadata that he has named go out as the
latter where they are not plain ASCII, HTTP's headers as UTF-8.
"""

from __future__ import annotations

import base64
import binascii
import quopri
import re
import time
from collections.abc import Mapping
from functools import lru_cache

from portico.objects.v1 import objects_pb2
from portico_server.objects.faces.s3 import checksum_headers
from portico_server.objects.faces.s3.refusals import invalid
from portico_server.objects.services.http_dates import http_date

CUSTOM = "x-amz-meta-"
DEFAULT_CONTENT_TYPE = "binary/octet-stream"
"""S3's, for who says none."""
MAX_CUSTOM_BYTES = 8192

_DESCRIBING = (
    ("cache-control", "cache_control"),
    ("content-disposition", "content_disposition"),
    ("content-language", "content_language"),
    ("expires", "expires"),
)
_TWO_DIGITS = [f"{number:02}" for number in range(60)]
_MINUTES = [f"{hour:02}:{minute}" for hour in range(24) for minute in _TWO_DIGITS]
"""Those of a day."""
_MILLISECONDS = [f"{number:03}" for number in range(1000)]
_ANSWERED = (*_DESCRIBING, ("content-encoding", "content_encoding"))
OVERRIDES = {
    "response-cache-control": "cache-control",
    "response-content-disposition": "content-disposition",
    "response-content-encoding": "content-encoding",
    "response-content-language": "content-language",
    "response-content-type": "content-type",
    "response-expires": "expires",
}
"""Parameters that say a header of the answer."""
_ENCODED_WORD = re.compile(r"=\?([A-Za-z0-9-]+)\?([BbQq])\?([^?]*)\?=")
_CHUNKED = "aws-chunked"


def metadata_of(headers: Mapping[str, str]) -> objects_pb2.ObjectMetadata:
    """What a put, a copy or an upload says of the object. Raises ApiError for more metadata than there may be."""
    metadata = objects_pb2.ObjectMetadata(content_type=headers.get("content-type") or DEFAULT_CONTENT_TYPE)
    for header, field in _DESCRIBING:
        if header in headers:
            setattr(metadata, field, decoded(headers[header]))
    if "content-encoding" in headers:
        metadata.content_encoding = _without_chunking(headers["content-encoding"])
    size_bytes = 0
    for header, value in headers.items():
        if not header.startswith(CUSTOM):
            continue
        name, text = header[len(CUSTOM) :], decoded(value)
        size_bytes += len(name) + len(text.encode())
        if size_bytes > MAX_CUSTOM_BYTES:
            raise invalid(
                "METADATA_TOO_LARGE",
                f"the metadata headers exceed the maximum of {MAX_CUSTOM_BYTES} bytes, names and values together",
                max_size_allowed=str(MAX_CUSTOM_BYTES),
            )
        if name:
            metadata.custom[name] = text
    return metadata


def describe(described: objects_pb2.Object) -> list[tuple[str, str]]:
    """The headers of a get or head, but for `content-length` and digests."""
    metadata = described.metadata
    headers = [
        ("last-modified", http_date(described.create_time.seconds)),
        ("etag", f'"{described.etag}"'),
        ("accept-ranges", "bytes"),
        ("content-type", metadata.content_type),
    ]
    headers += [(header, as_utf8(value)) for header, field in _ANSWERED if (value := getattr(metadata, field))]
    if metadata.custom:
        headers += [(CUSTOM + name, encoded(value)) for name, value in sorted(metadata.custom.items())]
    headers += version_header(described.version_id)
    if described.tags:
        headers.append(("x-amz-tagging-count", str(len(described.tags))))
    if described.HasField("expire_time"):
        headers.append(expiration(described))
    return headers + lock_headers(described)


def version_header(version_id: str) -> list[tuple[str, str]]:
    """S3 tells the id of a version only where the bucket keeps versions, or kept them."""
    return [("x-amz-version-id", version_id)] if version_id and version_id != "null" else []


def lock_headers(described: objects_pb2.Object) -> list[tuple[str, str]]:
    headers = []
    if described.HasField("retention") and described.retention.mode:
        headers.append(("x-amz-object-lock-mode", retention_mode(described.retention.mode)))
        until = described.retention.retain_until_time
        headers.append(("x-amz-object-lock-retain-until-date", iso_time(until.seconds, until.nanos)))
    if described.legal_hold:
        headers.append(("x-amz-object-lock-legal-hold", "ON"))
    return headers


def retention_mode(mode: int) -> str:
    return objects_pb2.RetentionMode.Name(mode).removeprefix("RETENTION_MODE_")


def expiration(described: objects_pb2.Object) -> tuple[str, str]:
    date = http_date(described.expire_time.seconds)
    return "x-amz-expiration", f'expiry-date="{date}", rule-id="{encoded(described.expire_rule_id)}"'


def digest_headers(described: objects_pb2.Object) -> list[tuple[str, str]]:
    """The object's digest."""
    return checksum_headers.answer_headers(described.checksums, described.parts_count)


def iso_time(seconds: int, nanos: int = 0) -> str:
    """A time as XML has it, to the millisecond."""
    return iso_milliseconds(seconds * 1000 + nanos // 1_000_000)


def iso_milliseconds(since_1970: int) -> str:
    """A time as XML has it."""
    second, millisecond = divmod(since_1970, 1000)
    minute, second = divmod(second, 60)
    day, minute = divmod(minute, 1440)
    return f"{_iso_day(day)}T{_MINUTES[minute]}:{_TWO_DIGITS[second]}.{_MILLISECONDS[millisecond]}Z"


@lru_cache(maxsize=1024)
def _iso_day(day: int) -> str:
    """A day by how many there were since 1970. A list tells many times of few days."""
    return time.strftime("%Y-%m-%d", time.gmtime(day * 86_400))


def decoded(value: str) -> str:
    """A header's value, which came as Latin-1: as UTF-8 where it is, and RFC 2047's words decoded."""
    if not value.isascii():
        try:
            value = value.encode("latin-1").decode()
        except UnicodeDecodeError:
            return value
    return _ENCODED_WORD.sub(_word, value) if "=?" in value else value


def as_utf8(value: str) -> str:
    """A value as a header of HTTP's own carries it: browsers read bytes of UTF-8, and pass over what has encoded words,
    so a file that was to be saved would be shown. Those are for what has control characters."""
    return value if value.isprintable() else encoded(value)


def encoded(value: str) -> str:
    """A value as a header of S3's can carry it."""
    if value.isascii() and value.isprintable():
        return value
    return f"=?UTF-8?B?{base64.b64encode(value.encode()).decode()}?="


def _word(match: re.Match[str]) -> str:
    charset, kind, text = match.groups()
    try:
        raw = base64.b64decode(text, validate=True) if kind in "Bb" else quopri.decodestring(text.replace("_", " "))
        return raw.decode(charset)
    except (binascii.Error, ValueError, LookupError):
        return match[0]


def _without_chunking(value: str) -> str:
    """`aws-chunked` is how the request came, not what the object is; else the value stays as it was sent."""
    if _CHUNKED not in value.lower():
        return value
    return ", ".join(coding for coding in map(str.strip, value.split(",")) if coding and coding.lower() != _CHUNKED)
