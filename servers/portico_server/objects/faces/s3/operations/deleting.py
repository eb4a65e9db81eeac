"""DeleteObject and DeleteObjects."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import grpc

from portico.objects.v1 import objects_pb2
from portico_server.objects.faces.s3 import bodies, errors
from portico_server.objects.faces.s3.addresses import MAX_KEY_BYTES
from portico_server.objects.faces.s3.answers import nothing, xml
from portico_server.objects.faces.s3.conditional_headers import conditions_of
from portico_server.objects.faces.s3.lock_headers import bypasses_governance
from portico_server.objects.faces.s3.reading_xml import Element
from portico_server.objects.faces.s3.refusals import invalid, malformed_xml, missing, not_implemented
from portico_server.objects.faces.s3.request import S3Request, is_version_id
from portico_server.objects.faces.s3.writing_xml import boolean, element, optional
from portico_server.platform.errors import ApiError
from portico_server.platform.faces import FaceResponse

MAX_KEYS = 1000
_OF_DIRECTORY_BUCKETS = ("x-amz-if-match-last-modified-time", "x-amz-if-match-size")
_OF_EVERY_KEY = (grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.RESOURCE_EXHAUSTED)
"""What will not be better key by key."""


class _Key(NamedTuple):
    key: str
    version_id: str
    etag: str


async def delete_object(request: S3Request) -> FaceResponse:
    for header in _OF_DIRECTORY_BUCKETS:
        if header in request.headers:
            raise not_implemented("this condition, which S3 has for directory buckets alone,", header=header)
    message = objects_pb2.DeleteObjectRequest(
        name=request.object_name,
        version_id=request.version_id,
        conditions=conditions_of(request.headers),
        bypass_governance=bypasses_governance(request.headers),
    )
    deleted = await request.call("DeleteObject", message)
    headers = []
    if request.version_id:  # told though there was none
        headers.append(("x-amz-version-id", request.version_id))
    elif deleted.version_id and (deleted.delete_marker or deleted.version_id != "null"):
        headers.append(("x-amz-version-id", deleted.version_id))
    if deleted.delete_marker:
        headers.append(("x-amz-delete-marker", "true"))
    return nothing(request, 204, headers)


async def delete_objects(request: S3Request) -> FaceResponse:
    """All at once where that goes; where one of the keys does not, each by itself, with an answer of its own."""
    asked = await bodies.document(request, "Delete", digest_needed=True)
    keys = [_key(found) for found in asked.all("Object")]
    if not 0 < len(keys) <= MAX_KEYS:
        raise malformed_xml(f"there must be 1 to {MAX_KEYS} objects")
    results: Sequence[objects_pb2.DeleteObjectResponse | ApiError] | None = await _all_at_once(request, keys)
    if results is None:
        results = [await _one(request, key) for key in keys]
    quiet = asked.value("Quiet").lower() == "true"
    content = [
        _result(key, result)
        for key, result in zip(keys, results, strict=True)
        if not quiet or isinstance(result, ApiError)
    ]
    return xml(request, "DeleteResult", "".join(content))


def _key(found: Element) -> _Key:
    for name in ("LastModifiedTime", "Size"):
        if found.first(name) is not None:
            raise not_implemented(f"{name}, a condition that S3 has for directory buckets alone,")
    key = found.exact("Key")
    if not key:
        raise malformed_xml("each Object needs a Key")
    return _Key(key, found.value("VersionId"), found.value("ETag"))


async def _all_at_once(request: S3Request, keys: list[_Key]) -> list[objects_pb2.DeleteObjectResponse] | None:
    """None where they are to be tried one by one."""
    if any(key.etag or _refusal(key) for key in keys):
        return None
    message = objects_pb2.DeleteObjectsRequest(
        parent=request.bucket_name, bypass_governance=bypasses_governance(request.headers)
    )
    for key in keys:
        message.objects.add(name=_name(request, key), version_id=key.version_id)
    try:
        return list((await request.call("DeleteObjects", message)).results)
    except ApiError as error:
        if error.code in _OF_EVERY_KEY or error.reason == "BUCKET_NOT_FOUND":
            raise
        return None


async def _one(request: S3Request, key: _Key) -> objects_pb2.DeleteObjectResponse | ApiError:
    refused = _refusal(key)
    if refused is not None:
        return refused
    message = objects_pb2.DeleteObjectRequest(
        name=_name(request, key),
        version_id=key.version_id,
        conditions=objects_pb2.Conditions(if_match=[key.etag]) if key.etag else None,
        bypass_governance=bypasses_governance(request.headers),
    )
    try:
        deleted: objects_pb2.DeleteObjectResponse = await request.call("DeleteObject", message)
    except ApiError as error:
        if error.code in _OF_EVERY_KEY or error.reason == "BUCKET_NOT_FOUND":
            raise
        return error
    return deleted


def _refusal(key: _Key) -> ApiError | None:
    """Of a key that no object can have, or a version id that none has."""
    if len(key.key.encode()) > MAX_KEY_BYTES:
        return invalid("KEY_TOO_LONG_ERROR", "your key is too long")
    if key.version_id and not is_version_id(key.version_id):
        return missing("VERSION_NOT_FOUND", "the specified version does not exist")
    return None


def _name(request: S3Request, key: _Key) -> str:
    return f"{request.bucket_name}/objects/{key.key}"


def _result(key: _Key, result: objects_pb2.DeleteObjectResponse | ApiError) -> str:
    named = element("Key", key.key) + optional("VersionId", key.version_id)
    if isinstance(result, ApiError):
        told = errors.told(result)
        return f"<Error>{named}{element('Code', told.code)}{element('Message', told.message)}</Error>"
    if result.delete_marker:
        named += boolean("DeleteMarker", True) + element("DeleteMarkerVersionId", result.version_id)
    return f"<Deleted>{named}</Deleted>"
