"""Which objects and which unfinished uploads a store has below a key, in the order of their keys, with their ages.

Ages are told by the store's own clock: of its answer's Date, and of the times in it.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from typing import NamedTuple
from xml.etree.ElementTree import Element

from portico_server.platform.blobs.errors import StoreRefused
from portico_server.platform.blobs.s3.answers import (
    Answer,
    Unreadable,
    document,
    seconds_of_http,
    seconds_of_xml,
    text,
)
from portico_server.platform.blobs.s3.client import Request, S3Client


class Listed(NamedTuple):
    """What stands behind the prefix in its key, its age, and an unfinished upload's id."""

    rest: str
    age_seconds: int
    upload_id: str = ""


async def objects_below(client: S3Client, prefix: str) -> AsyncGenerator[Listed, None]:
    """Raises StoreError."""
    query = {"list-type": "2", "prefix": client.full_key(prefix)}
    while True:
        answer = await client.ask(Request("GET", "", query))
        root = _root(client, answer, "ListBucketResult")
        for found in _entries(client, answer, root, prefix, "Contents", "LastModified"):
            yield found
        if text(root, "IsTruncated") != "true":
            return
        query["continuation-token"] = text(root, "NextContinuationToken")


async def uploads_below(client: S3Client, prefix: str) -> AsyncIterator[Listed]:
    """Raises StoreError."""
    query = {"uploads": "", "prefix": client.full_key(prefix)}
    while True:
        answer = await client.ask(Request("GET", "", query))
        root = _root(client, answer, "ListMultipartUploadsResult")
        for found in _entries(client, answer, root, prefix, "Upload", "Initiated"):
            yield found
        if text(root, "IsTruncated") != "true":
            return
        query |= {"key-marker": text(root, "NextKeyMarker"), "upload-id-marker": text(root, "NextUploadIdMarker")}


def _entries(client: S3Client, answer: Answer, root: Element, prefix: str, name: str, time: str) -> list[Listed]:
    try:
        now = seconds_of_http(answer.headers.get("date", ""))
        return [
            Listed(
                client.key_of(text(entry, "Key")).removeprefix(prefix),
                max(0, int(now - seconds_of_xml(text(entry, time)))),
                text(entry, "UploadId"),
            )
            for entry in root.iter(name)
        ]
    except Unreadable as error:
        raise StoreRefused(client.name, f"its list cannot be read: {error}") from error


def _root(client: S3Client, answer: Answer, wanted: str) -> Element:
    root = document(answer.content)
    if root is None or root.tag != wanted:
        raise StoreRefused(client.name, f"it answered a list with what is no {wanted}")
    return root
