"""What the platform says of an error, in S3's names: fields of the contract are told as the headers, parameters and
elements that they came from, buckets and objects without their accounts.
"""

from __future__ import annotations

import re

from portico_server.platform.errors import ApiError

NAMES = {
    "bucket_id": "the bucket's name",
    "bucket.cors_rules": "CORSRule",
    "cors_rules.allowed_headers": "AllowedHeader",
    "cors_rules.allowed_methods": "AllowedMethod",
    "cors_rules.allowed_origins": "AllowedOrigin",
    "cors_rules.expose_headers": "ExposeHeader",
    "cors_rules.id": "ID",
    "cors_rules.max_age_seconds": "MaxAgeSeconds",
    "bucket.jurisdiction": "LocationConstraint",
    "bucket.location_hint": "LocationConstraint",
    "bucket.lifecycle_rules": "Rule",
    "lifecycle_rules.abort_uploads_after_days": "DaysAfterInitiation",
    "lifecycle_rules.expire_after_days": "Days",
    "lifecycle_rules.expire_after_seconds": "Days",
    "lifecycle_rules.expire_delete_markers": "ExpiredObjectDeleteMarker",
    "lifecycle_rules.expire_noncurrent_after_days": "NoncurrentDays",
    "lifecycle_rules.expire_time": "Date",
    "lifecycle_rules.filter.prefix": "Prefix",
    "lifecycle_rules.filter.size_greater_than_bytes": "ObjectSizeGreaterThan",
    "lifecycle_rules.filter.size_less_than_bytes": "ObjectSizeLessThan",
    "lifecycle_rules.filter.tags": "Tag",
    "lifecycle_rules.id": "ID",
    "lifecycle_rules.keep_noncurrent_versions": "NewerNoncurrentVersions",
    "bucket.notification_rules": "QueueConfiguration",
    "notification_rules.events": "Event",
    "notification_rules.id": "Id",
    "notification_rules.prefix": "FilterRule prefix",
    "notification_rules.queue": "Queue",
    "notification_rules.suffix": "FilterRule suffix",
    "notification_rules.tell_region": "the region of Queue",
    "notification_rules.webhook_url": "Queue",
    "bucket.object_lock": "ObjectLockConfiguration",
    "object_lock.default_days": "Days",
    "object_lock.default_mode": "Mode",
    "object_lock.default_years": "Years",
    "object_lock.enabled": "ObjectLockEnabled",
    "bucket.public_access": "Policy",
    "bucket.public_list": "Policy",
    "bucket.public_location": "Policy",
    "bucket.public_policy": "Policy",
    "bucket.tags": "TagSet",
    "bucket.versioning": "VersioningConfiguration",
    "bucket": "the bucket's configuration",
    "bypass_governance": "x-amz-bypass-governance-retention",
    "checksum_algorithm": "x-amz-checksum-algorithm",
    "checksum_algorithms": "x-amz-checksum-algorithm",
    "checksum_type": "x-amz-checksum-type",
    "checksums": "x-amz-checksum-*",
    **{f"checksums.{name}": f"x-amz-checksum-{name}" for name in ("crc32", "crc32c", "crc64nvme", "sha1", "sha256")},
    "checksums.md5": "Content-MD5",
    "checksums.type": "x-amz-checksum-type",
    "conditions.if_match": "If-Match",
    "conditions.if_modified_since": "If-Modified-Since",
    "conditions.if_none_match": "If-None-Match",
    "conditions.if_unmodified_since": "If-Unmodified-Since",
    "content_sha256": "x-amz-content-sha256",
    "data.data": "the body",
    "delimiter": "delimiter",
    "limit_bytes": "Range",
    "metadata.cache_control": "Cache-Control",
    "metadata.content_disposition": "Content-Disposition",
    "metadata.content_encoding": "Content-Encoding",
    "metadata.content_language": "Content-Language",
    "metadata.content_type": "Content-Type",
    "metadata.custom": "x-amz-meta-*",
    "metadata.expires": "Expires",
    "name": "the key",
    "objects": "Object",
    "objects.name": "Key",
    "objects.version_id": "VersionId",
    "offset_bytes": "Range",
    "page_size": "max-keys",
    "page_token": "continuation-token",
    "parent": "the bucket",
    "part_number": "partNumber",
    "parts": "Part",
    "parts.checksums": "Checksum* of Part",
    "parts.checksums.crc32": "ChecksumCRC32",
    "parts.checksums.crc32c": "ChecksumCRC32C",
    "parts.checksums.crc64nvme": "ChecksumCRC64NVME",
    "parts.checksums.md5": "ChecksumMD5",
    "parts.checksums.sha1": "ChecksumSHA1",
    "parts.checksums.sha256": "ChecksumSHA256",
    "parts.checksums.type": "ChecksumType",
    "parts.etag": "ETag",
    "parts.number": "PartNumber",
    "prefix": "prefix",
    "retention": "x-amz-object-lock-mode",
    "retention.mode": "Mode",
    "retention.retain_until_time": "RetainUntilDate",
    "size_bytes": "Content-Length",
    "source": "x-amz-copy-source",
    "source_conditions.if_match": "x-amz-copy-source-if-match",
    "source_conditions.if_modified_since": "x-amz-copy-source-if-modified-since",
    "source_conditions.if_none_match": "x-amz-copy-source-if-none-match",
    "source_conditions.if_unmodified_since": "x-amz-copy-source-if-unmodified-since",
    "source_limit_bytes": "x-amz-copy-source-range",
    "source_offset_bytes": "x-amz-copy-source-range",
    "source_version_id": "x-amz-copy-source",
    "start_after": "marker",
    "start_after_upload_id": "upload-id-marker",
    "start_after_version_id": "version-id-marker",
    "tags": "Tag",
    "upload_id": "uploadId",
    "version_id": "versionId",
}
"""By the field's path, or its end. A field that the door fills itself, or never, has none."""
_SUBSCRIPT = re.compile(r"\[[^\]]*\]")
_FIELD = re.compile(r"(?<![\w.:/-])[a-z][a-z0-9]*(?:_[a-z0-9]+|\.[a-z][a-z0-9_]*|\[[^\]]*\])+(?![\w/-])")
"""What can be nothing but a field in a sentence: words with `_`, `.` or a subscript."""
_ALONE = {name: told for path, told in NAMES.items() if "_" in (name := path.rpartition(".")[2])}
"""Fields that are told without their message."""
_RESOURCE = re.compile(r"accounts/[a-z0-9][a-z0-9-]{0,62}/buckets/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:/objects(/))?")
_QUEUE = re.compile(r"accounts/([A-Za-z0-9-]+)/queues/")


def name_of(field: str) -> str:
    """S3's name for a field of the contract; the field itself where there is none."""
    path = _SUBSCRIPT.sub("", field)
    rest = path
    while rest:
        if rest in NAMES:
            return NAMES[rest]
        rest = rest.partition(".")[2]
    return field


def worded(error: ApiError) -> str:
    """The error's message."""
    text = error.message
    for violation in error.violations[:1]:
        if violation.field and text.startswith(violation.field):
            text = name_of(violation.field) + text.removeprefix(violation.field).replace(": must", " must", 1)
    text = _RESOURCE.sub(lambda found: found[1] + (found[2] or ""), text)
    text = _QUEUE.sub(lambda found: f"arn:aws:sqs:auto:{found[1]}:", text)
    return _FIELD.sub(_named, text)


def _named(found: re.Match[str]) -> str:
    """A field that stands in a sentence: only what is one for certain, as buckets and keys look alike."""
    path = _SUBSCRIPT.sub("", found[0])
    return NAMES.get(path) or _ALONE.get(path, found[0])
