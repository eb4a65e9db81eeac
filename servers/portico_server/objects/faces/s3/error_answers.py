"""Errors as S3 answers them: an XML document, headers that belong to some, no body for HEAD and 304."""

from __future__ import annotations

from portico_server.objects.faces.s3 import errors
from portico_server.objects.faces.s3.addresses import Address
from portico_server.objects.faces.s3.conditional_headers import SOURCE
from portico_server.objects.faces.s3.object_headers import encoded, version_header
from portico_server.objects.faces.s3.wording import name_of
from portico_server.objects.faces.s3.writing_xml import CONTENT_TYPE, DECLARATION, element, legible
from portico_server.objects.services.http_dates import http_date
from portico_server.platform.blobs import loops
from portico_server.platform.errors import ApiError
from portico_server.platform.faces import FaceResponse

HOST_ID = "portico"
"""What `x-amz-id-2` says; `x-amz-request-id` is the ray."""

_CACHING = {"cache_control": "cache-control", "expires": "expires"}
_NOT_ELEMENTS = {
    *("resource", "delete_marker", "version_id", "missing", "allow", "etag", "modified_seconds", "condition", "ray_id"),
    *_CACHING,
}
_CORS = ("access-control-", "vary")
"""What begins so is a header as it is: what pages of other origins may know of the answer."""
"""Metadata that are told otherwise, or not at all."""
_CAPITALS = {"aws": "AWS", "id": "Id", "s3": "S3", "sha256": "SHA256"}


def answer(
    error: ApiError, verb: str, address: Address | None, path: str, ray_id: str, wanted_range: str = ""
) -> FaceResponse:
    """The answer to a request for `path` (decoded), which is about `address` if that could be read. `wanted_range`: its
    header."""
    if error.reason == "NOT_MODIFIED" and verb in ("GET", "HEAD"):
        return FaceResponse(304, [*_ids(ray_id), *_state(error), *_cached(error), *_cors(error)])
    found = errors.told(error)
    headers = [*_ids(ray_id), *_headers(error, found.code), *_cors(error)]
    if verb == "HEAD":
        return FaceResponse(found.status, [CONTENT_TYPE, *headers])
    told = [("Code", found.code), ("Message", found.message), *_details(error, found.code, verb, address, wanted_range)]
    told += [("Resource", path), ("RequestId", ray_id), ("HostId", HOST_ID)]
    content = "".join(element(name, legible(value)) for name, value in told)
    body = f"{DECLARATION}<Error>{content}</Error>".encode("utf-8", "replace")
    return FaceResponse(found.status, [CONTENT_TYPE, *headers], body)


def _ids(ray_id: str) -> list[tuple[str, str]]:
    return [("x-amz-request-id", ray_id), ("x-amz-id-2", HOST_ID)]


def _details(
    error: ApiError, code: str, verb: str, address: Address | None, wanted_range: str
) -> list[tuple[str, str]]:
    details = [(_camel(name), value) for name, value in error.metadata.items() if _is_element(name)]
    if address is not None and address.bucket and code.startswith(("NoSuch", "Bucket", "AccessDenied")):
        if address.key and code in ("NoSuchKey", "NoSuchVersion") and "key" not in error.metadata:
            details.append(("Key", address.key))
        if "bucket_name" not in error.metadata:
            details.append(("BucketName", address.bucket))
    if code == "NoSuchVersion" and "version_id" in error.metadata:
        details.append(("VersionId", error.metadata["version_id"]))
    if code == "InvalidRange" and "size_bytes" in error.metadata:
        details = [("RangeRequested", wanted_range), ("ActualObjectSize", error.metadata["size_bytes"])]
    details += _circumstances(error, code, verb)
    if error.violations and "argument_name" not in error.metadata and code == "InvalidArgument":
        details.append(("ArgumentName", name_of(error.violations[0].field)))
    return details


def _circumstances(error: ApiError, code: str, verb: str) -> list[tuple[str, str]]:
    if code == "PreconditionFailed" and "condition" in error.metadata:
        return [("Condition", _condition(error.metadata["condition"]))]
    if code == "MethodNotAllowed" and error.metadata.get("delete_marker") == "true":
        return [("Method", verb), ("ResourceType", "DeleteMarker")]
    return []


def _condition(name: str) -> str:
    """The header of a condition, as S3 writes it: `If-Match`, `x-amz-copy-source-If-Match`."""
    source = SOURCE if name.startswith(SOURCE) else ""
    return source + name.removeprefix(source).replace("_", "-").title()


def _headers(error: ApiError, code: str) -> list[tuple[str, str]]:
    metadata, headers = error.metadata, []
    if code == "MethodNotAllowed":
        headers.append(("allow", metadata.get("allow", "DELETE")))
    if code == "InvalidRange" and "size_bytes" in metadata:
        headers.append(("content-range", f"bytes */{metadata['size_bytes']}"))
    if metadata.get("delete_marker") == "true":
        headers.append(("x-amz-delete-marker", "true"))
        if "version_id" in metadata:
            headers.append(("x-amz-version-id", metadata["version_id"]))
    if code == "AuthorizationHeaderMalformed" and "region" in metadata:
        headers.append(("x-amz-bucket-region", metadata["region"]))
    if code == "LoopDetected" and "platform" in metadata:
        headers.append((loops.REFUSED_BY, metadata["platform"]))
    return headers + _state(error)


def _state(error: ApiError) -> list[tuple[str, str]]:
    """The headers of the object as it is, which a condition did not hold for (RFC 9110, 15.4.5)."""
    headers = []
    if "etag" in error.metadata:
        headers.append(("etag", f'"{error.metadata["etag"]}"'))
    if "modified_seconds" in error.metadata:
        headers.append(("last-modified", http_date(int(error.metadata["modified_seconds"]))))
    return headers


def _cors(error: ApiError) -> list[tuple[str, str]]:
    return [(name, value) for name, value in error.metadata.items() if name.startswith(_CORS)]


def _is_element(name: str) -> bool:
    return name not in _NOT_ELEMENTS and not name.startswith(_CORS)


def _cached(error: ApiError) -> list[tuple[str, str]]:
    """What a 304 says of the object that caches keep (RFC 9110, 15.4.5), and which version it is."""
    metadata = error.metadata
    headers = [(header, encoded(metadata[name])) for name, header in _CACHING.items() if metadata.get(name)]
    return headers + version_header(metadata.get("version_id", ""))


def _camel(name: str) -> str:
    return "".join(_CAPITALS.get(part, part.capitalize()) for part in name.split("_"))
