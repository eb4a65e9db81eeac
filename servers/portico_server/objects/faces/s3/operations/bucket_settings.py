"""Settings of buckets that are one field of the contract each: versioning, tags, object lock."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from google.protobuf.field_mask_pb2 import FieldMask
from grpc import StatusCode

from portico.objects.v1 import buckets_pb2, objects_pb2
from portico_server.objects.faces.s3 import bodies, object_headers
from portico_server.objects.faces.s3.answers import nothing, xml
from portico_server.objects.faces.s3.asked_bucket import bucket_of
from portico_server.objects.faces.s3.operations.marks import tag_set, tags_in
from portico_server.objects.faces.s3.reading_xml import Element
from portico_server.objects.faces.s3.refusals import (
    invalid,
    malformed_xml,
    missing,
    not_implemented,
    precondition,
)
from portico_server.objects.faces.s3.request import S3Request
from portico_server.objects.faces.s3.writing_xml import element
from portico_server.platform.errors import ApiError
from portico_server.platform.faces import FaceResponse

_MAX_TAGS = 50
_ATTEMPTS = 5
_OF_VERSIONING = ("Status", "MfaDelete", "MFADelete")
_VERSIONING = {"Enabled": buckets_pb2.VERSIONING_ENABLED, "Suspended": buckets_pb2.VERSIONING_SUSPENDED}
_MODES = {
    "GOVERNANCE": objects_pb2.RETENTION_MODE_GOVERNANCE,
    "COMPLIANCE": objects_pb2.RETENTION_MODE_COMPLIANCE,
}


async def update(request: S3Request, *fields: str, **values: Any) -> None:
    """Sets fields of the request's bucket; without a value they are emptied."""
    message = buckets_pb2.UpdateBucketRequest(
        bucket=buckets_pb2.Bucket(name=request.bucket_name, **values), update_mask=FieldMask(paths=fields)
    )
    await request.call("UpdateBucket", message)


async def update_as_read(request: S3Request, field: str, make: Callable[[buckets_pb2.Bucket], Sequence[Any]]) -> None:
    """Sets a field to what is made of the bucket as it is, while others may change it: what they say of the field is
    not lost."""
    for attempts_left in reversed(range(_ATTEMPTS)):
        before = await bucket_of(request)
        try:
            await update(request, field, etag=before.etag, **{field: make(before)})
            return
        except ApiError as error:
            if error.code is not StatusCode.ABORTED or not attempts_left:
                raise


async def get_versioning(request: S3Request) -> FaceResponse:
    versioning = (await bucket_of(request)).versioning
    status = next((name for name, value in _VERSIONING.items() if value == versioning), "")
    return xml(request, "VersioningConfiguration", element("Status", status) if status else "")


async def put_versioning(request: S3Request) -> FaceResponse:
    given = await bodies.document(request, "VersioningConfiguration")
    status = given.value("Status")
    others = [one.name for one in given.children if one.name not in _OF_VERSIONING]
    if others:
        raise not_implemented(f"{others[0][:64]} of VersioningConfiguration", "the versions of all keys are kept")
    if given.value("MfaDelete") == "Enabled" or given.value("MFADelete") == "Enabled":
        raise not_implemented("MFA delete", "keep versions by object lock")
    if not status:
        raise invalid("ILLEGAL_VERSIONING_CONFIGURATION_EXCEPTION", "The Versioning element must be specified")
    if status not in _VERSIONING:
        raise malformed_xml("the Status of VersioningConfiguration must be Enabled or Suspended")
    await update(request, "versioning", versioning=_VERSIONING[status])
    return nothing(request)


async def get_tagging(request: S3Request) -> FaceResponse:
    tags = (await bucket_of(request)).tags
    if not tags:
        raise missing("NO_SUCH_TAG_SET", "The TagSet does not exist")
    return xml(request, "Tagging", tag_set(tags))


async def put_tagging(request: S3Request) -> FaceResponse:
    tags = tags_in(await bodies.document(request, "Tagging"), _MAX_TAGS)
    await update(request, "tags", tags=tags)
    return nothing(request, 204)


async def delete_tagging(request: S3Request) -> FaceResponse:
    await update(request, "tags")
    return nothing(request, 204)


async def get_object_lock(request: S3Request) -> FaceResponse:
    lock = (await bucket_of(request)).object_lock
    if not lock.enabled:
        raise missing(
            "OBJECT_LOCK_CONFIGURATION_NOT_FOUND_ERROR", "Object Lock configuration does not exist for this bucket"
        )
    content = element("ObjectLockEnabled", "Enabled")
    if lock.default_mode:
        period = element("Years", lock.default_years) if lock.default_years else element("Days", lock.default_days)
        mode = element("Mode", object_headers.retention_mode(lock.default_mode))
        content += f"<Rule><DefaultRetention>{mode}{period}</DefaultRetention></Rule>"
    return xml(request, "ObjectLockConfiguration", content)


async def put_object_lock(request: S3Request) -> FaceResponse:
    given = await bodies.document(request, "ObjectLockConfiguration")
    if given.value("ObjectLockEnabled") != "Enabled":
        raise malformed_xml("ObjectLockEnabled must be Enabled")
    lock = buckets_pb2.ObjectLock(enabled=True)
    rule = given.first("Rule")
    if rule is not None:
        _default_retention(rule, lock)
    if (await bucket_of(request)).versioning != buckets_pb2.VERSIONING_ENABLED:
        raise precondition(
            "INVALID_BUCKET_STATE", "Versioning must be 'Enabled' on the bucket to apply a Object Lock configuration"
        )
    await update(request, "object_lock", object_lock=lock)
    return nothing(request)


def _default_retention(rule: Element, lock: buckets_pb2.ObjectLock) -> None:
    found = rule.first("DefaultRetention")
    if found is None:
        raise malformed_xml("Rule needs DefaultRetention")
    mode, days, years = found.value("Mode"), found.value("Days"), found.value("Years")
    if mode not in _MODES or bool(days) == bool(years):
        raise malformed_xml("DefaultRetention needs Mode, GOVERNANCE or COMPLIANCE, and either Days or Years")
    period = days or years
    if not period.isdecimal() or not 0 < int(period[:9]) <= (36_500 if days else 100):
        raise invalid(
            "INVALID_RETENTION_PERIOD",
            f"Default retention period must be a positive integer, at most 36500 days or 100 years: {period[:64]}",
        )
    lock.default_mode = _MODES[mode]
    if days:
        lock.default_days = int(days)
    else:
        lock.default_years = int(years)
