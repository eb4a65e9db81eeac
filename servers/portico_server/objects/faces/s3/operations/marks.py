"""What may change of a stored version: its tags, its retention, its legal hold."""

from __future__ import annotations

from google.protobuf.field_mask_pb2 import FieldMask

from portico.objects.v1 import buckets_pb2, objects_pb2
from portico_server.objects.faces.s3 import bodies, lock_headers, object_headers
from portico_server.objects.faces.s3.answers import nothing, xml
from portico_server.objects.faces.s3.reading_xml import Element
from portico_server.objects.faces.s3.refusals import invalid, malformed_xml, missing
from portico_server.objects.faces.s3.request import S3Request, check_signed
from portico_server.objects.faces.s3.writing_xml import element
from portico_server.platform.faces import FaceResponse


async def get_tagging(request: S3Request) -> FaceResponse:
    described = await _head(request)
    headers = object_headers.version_header(described.version_id)
    return xml(request, "Tagging", tag_set(described.tags), headers)


async def put_tagging(request: S3Request) -> FaceResponse:
    tags = tags_in(await bodies.document(request, "Tagging"), lock_headers.MAX_OBJECT_TAGS)
    return await _updated(request, "tags", 200, tags=tags)


async def delete_tagging(request: S3Request) -> FaceResponse:
    return await _updated(request, "tags", 204)


async def get_retention(request: S3Request) -> FaceResponse:
    described = await _head(request)
    if not described.retention.mode:
        await _check_locks(request)
        raise _no_lock_configuration()
    until = described.retention.retain_until_time
    content = element("Mode", object_headers.retention_mode(described.retention.mode))
    content += element("RetainUntilDate", object_headers.iso_time(until.seconds, until.nanos))
    return xml(request, "Retention", content)


async def put_retention(request: S3Request) -> FaceResponse:
    given = await bodies.document(request, "Retention")
    mode, until = given.value("Mode"), given.value("RetainUntilDate")
    if not mode and not until:  # S3 takes it as taking the retention away
        return await _updated(request, "retention", 200)
    if mode not in ("GOVERNANCE", "COMPLIANCE") or not until:
        raise malformed_xml("Retention needs Mode, GOVERNANCE or COMPLIANCE, and RetainUntilDate")
    return await _updated(request, "retention", 200, retention=lock_headers.retention(mode, until))


async def get_legal_hold(request: S3Request) -> FaceResponse:
    described = await _head(request)
    if not described.legal_hold:
        await _check_locks(request)
    return xml(request, "LegalHold", element("Status", "ON" if described.legal_hold else "OFF"))


async def put_legal_hold(request: S3Request) -> FaceResponse:
    status = (await bodies.document(request, "LegalHold")).value("Status")
    if status not in ("ON", "OFF"):
        raise malformed_xml("the Status of LegalHold must be ON or OFF")
    return await _updated(request, "legal_hold", 200, legal_hold=status == "ON")


def tag_set(tags: object) -> str:
    """`TagSet` as tags of buckets and objects are told."""
    pairs = sorted(dict(tags).items())  # type: ignore[call-overload]
    told = (f"<Tag>{element('Key', name)}{element('Value', value)}</Tag>" for name, value in pairs)
    return f"<TagSet>{''.join(told)}</TagSet>"


def tags_in(tagging: Element, most: int) -> dict[str, str]:
    """The tags of a `Tagging`. Raises ApiError."""
    found = tagging.first("TagSet")
    if found is None:
        raise malformed_xml("Tagging needs a TagSet")
    pairs = [(tag.exact("Key"), tag.exact("Value")) for tag in found.all("Tag")]
    return lock_headers.checked_tags(pairs, most)


async def _head(request: S3Request) -> objects_pb2.Object:
    check_signed(request)
    message = objects_pb2.HeadObjectRequest(name=request.object_name, version_id=request.version_id)
    described: objects_pb2.Object = (await request.call("HeadObject", message)).object
    return described


async def _updated(
    request: S3Request,
    field: str,
    status: int,
    *,
    tags: dict[str, str] | None = None,
    retention: objects_pb2.Retention | None = None,
    legal_hold: bool = False,
) -> FaceResponse:
    message = objects_pb2.UpdateObjectRequest(
        name=request.object_name,
        version_id=request.version_id,
        tags=tags,
        retention=retention,
        legal_hold=legal_hold,
        update_mask=FieldMask(paths=[field]),
        bypass_governance=lock_headers.bypasses_governance(request.headers),
    )
    updated = (await request.call("UpdateObject", message)).object
    return nothing(request, status, object_headers.version_header(updated.version_id))


async def _check_locks(request: S3Request) -> None:
    """Raises ApiError where the bucket has no object lock."""
    bucket = (await request.call("GetBucket", buckets_pb2.GetBucketRequest(name=request.bucket_name))).bucket
    if not bucket.object_lock.enabled:
        raise invalid("INVALID_REQUEST", "Bucket is missing Object Lock Configuration")


def _no_lock_configuration() -> Exception:
    return missing(
        "NO_SUCH_OBJECT_LOCK_CONFIGURATION", "the specified object does not have an ObjectLock configuration"
    )
