"""CopyObject, and which object a copy is made of."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from portico.objects.v1 import objects_pb2
from portico_server.objects.faces.s3 import (
    acl_grants,
    checksum_headers,
    conditional_headers,
    lock_headers,
    object_headers,
    refused_headers,
)
from portico_server.objects.faces.s3.addresses import check_bucket_name, checked_key
from portico_server.objects.faces.s3.answers import xml
from portico_server.objects.faces.s3.refusals import denied, invalid, invalid_argument
from portico_server.objects.faces.s3.request import S3Request, is_version_id
from portico_server.objects.faces.s3.writing_xml import element
from portico_server.objects.names import parse_object_name
from portico_server.platform.errors import ApiError
from portico_server.platform.faces import FaceResponse

SOURCE = "x-amz-copy-source"
_SOURCE_OWNER = "x-amz-source-expected-bucket-owner"
_ARN = re.compile(r"arn:aws:s3:[a-z0-9-]*:([a-z0-9][a-z0-9-]{0,62}):accesspoint/([^/]+)/object/(.+)", re.DOTALL)
"""How S3 names an object of another account: here the access point has the bucket's own name."""
_DIRECTIVES = ("COPY", "REPLACE")
_STORAGE_CLASS = "x-amz-storage-class"
"""Whoever names one may copy an object to itself, though it be the one that it has."""


class Source(NamedTuple):
    """`name`: `accounts/{account}/buckets/{bucket}/objects/{key}`; `version_id` empty: the current version."""

    name: str
    version_id: str


async def copy_object(request: S3Request) -> FaceResponse:
    headers = request.headers
    refused_headers.check_write(headers)
    await acl_grants.check_put(request, headers)
    source = source_of(request)
    replaces = _directive(request, "x-amz-metadata-directive")
    source_conditions = conditional_headers.conditions_of(headers, conditional_headers.SOURCE)
    if source == (request.object_name, "") and not (replaces or _STORAGE_CLASS in headers):
        head = objects_pb2.HeadObjectRequest(name=source.name, conditions=source_conditions)
        with telling_of(source, headers):
            await request.call("HeadObject", head)  # what is wrong with the source is told first
        raise invalid(
            "INVALID_REQUEST",
            "This copy request is illegal because it is trying to copy an object to itself without changing the "
            "object's metadata, storage class, website redirect location or encryption attributes.",
        )
    message = objects_pb2.CopyObjectRequest(
        name=request.object_name,
        source=source.name,
        source_version_id=source.version_id,
        metadata=object_headers.metadata_of(headers) if replaces else None,
        source_conditions=source_conditions,
        conditions=conditional_headers.conditions_of(headers),
        replace_tags=_directive(request, "x-amz-tagging-directive"),
        retention=lock_headers.retention_of(headers),
        legal_hold=lock_headers.legal_hold_of(headers),
    )
    if message.replace_tags:
        message.tags.update(lock_headers.tags_of(headers))
    algorithm = checksum_headers.algorithm_value(request.header(checksum_headers.ALGORITHM))
    if algorithm:
        message.checksum_algorithms.append(algorithm)
    with telling_of(source, headers):
        copied = await request.call("CopyObject", message)
    made = copied.object
    told = object_headers.version_header(made.version_id) + source_version_header(source, copied.source_version_id)
    if made.HasField("expire_time"):
        told.append(object_headers.expiration(made))
    content = element("LastModified", object_headers.iso_time(made.create_time.seconds, made.create_time.nanos))
    content += element("ETag", f'"{made.etag}"')
    content += checksum_headers.answer_elements(made.checksums, made.parts_count)
    return xml(request, "CopyObjectResult", content, told)


def source_of(request: S3Request) -> Source:
    """What `x-amz-copy-source` names: `bucket/key` in the account of the bucket that is written to, or an object of any
    account by its ARN. Raises ApiError."""
    given = request.headers[SOURCE]
    path, _, version_id = given.partition("?versionId=")
    try:
        text = unquote_to_bytes(path.encode("latin-1")).decode()
    except UnicodeDecodeError:
        raise invalid_argument(SOURCE, given, "the copy source must be UTF-8 in percent-encoding") from None
    account, bucket, key = _parts(text, request.account)
    if not bucket or not key:
        raise invalid_argument(
            SOURCE,
            given,
            "copy source must mention the source bucket and key: sourcebucket/sourcekey, or, in another account, "
            "arn:aws:s3:auto:ACCOUNT:accesspoint/sourcebucket/object/sourcekey",
        )
    if request.headers.get(_SOURCE_OWNER, account) != account:
        raise denied(f"the source bucket's owner is not the account that {_SOURCE_OWNER} names")
    check_bucket_name(bucket)
    if version_id and not is_version_id(version_id):
        raise invalid_argument(SOURCE, given, "Invalid version id specified")
    return Source(f"accounts/{account}/buckets/{bucket}/objects/{checked_key(key)}", version_id)


def _parts(text: str, own_account: str) -> tuple[str, str, str]:
    """Account, bucket and key; empty what it does not name."""
    if text.startswith("arn:"):
        found = _ARN.fullmatch(text)
        return (found[1], found[2], found[3]) if found else ("", "", "")
    bucket, _, key = text.removeprefix("/").partition("/")
    return own_account, bucket, key


@contextmanager
def telling_of(source: Source, headers: Mapping[str, str]) -> Iterator[None]:
    """Tells as S3 does that there is no such source, that it is named by its version and is a delete marker, or that it
    is not as conditions in the headers want it."""
    try:
        yield
    except ApiError as error:
        if source.version_id and error.reason == "OBJECT_NOT_FOUND" and error.metadata.get("delete_marker") == "true":
            message = "the source of a copy request may not specifically refer to a delete marker by version id"
            raise invalid("INVALID_REQUEST", message) from None
        if error.reason in ("OBJECT_NOT_FOUND", "VERSION_NOT_FOUND"):
            error.metadata["key"] = parse_object_name(source.name).key
        condition = conditional_headers.SOURCE + error.metadata.get("condition", "").replace("_", "-")
        if condition in headers:
            error.metadata["condition"] = condition
        raise


def source_version_header(source: Source, copied_version_id: str) -> list[tuple[str, str]]:
    """Which version was copied: told where one was named, or the source is one of several."""
    version_id = source.version_id or (copied_version_id if copied_version_id != "null" else "")
    return [("x-amz-copy-source-version-id", version_id)] if version_id else []


def _directive(request: S3Request, header: str) -> bool:
    """Whether it says REPLACE."""
    directive = request.headers.get(header, "COPY")
    if directive not in _DIRECTIVES:
        raise invalid_argument(header, directive, f"{header} must be COPY or REPLACE")
    return directive == "REPLACE"
